/// The inboxes whose documents are handed out, by account.
///
/// Documents of any other stay as they are: their inbox is not configured now, or has another owner.
public struct ServedInboxes: Sendable, Hashable {
    private let byAccount: [UInt32: [[UInt8]]]

    public init(_ inboxes: some Sequence<(uid: UInt32, inbox: [UInt8])>) {
        byAccount = Dictionary(grouping: inboxes, by: \.uid).mapValues { $0.map(\.inbox) }
    }

    private init(byAccount: [UInt32: [[UInt8]]]) { self.byAccount = byAccount }

    /// All but these.
    public func without(_ others: [(uid: UInt32, inbox: [UInt8])]) -> ServedInboxes {
        var rest = byAccount
        for other in others { rest[other.uid]?.removeAll { $0 == other.inbox } }
        return ServedInboxes(byAccount: rest)
    }

    /// The paths of an account's inboxes.
    func inboxes(of uid: Int) -> [[UInt8]] { UInt32(exactly: uid).flatMap { byAccount[$0] } ?? [] }
}
