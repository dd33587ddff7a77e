import Catalog
import Inbox
import Rules

/// The desks of the inboxes that are served.
///
/// A desk is found by account and path: a folder that has another owner now is another inbox, and
/// what belonged to the former one is nothing to show to the new.
struct Desks: Sendable {
    private struct Key: Hashable {
        var uid: UInt32
        var inbox: [UInt8]
    }

    private let desks: [Key: InboxDesk]
    /// What the catalogue is asked for.
    let served: ServedInboxes

    init(_ desks: [InboxDesk]) {
        self.desks = Dictionary(
            desks.map { (Key(uid: $0.account.uid, inbox: Array($0.root.path.utf8)), $0) },
            uniquingKeysWith: { first, _ in first })
        served = ServedInboxes(self.desks.keys.map { ($0.uid, $0.inbox) })
    }

    /// The desk of an account's inbox; nil where that is not served.
    func desk(of uid: UInt32, inbox: [UInt8]) -> InboxDesk? { desks[Key(uid: uid, inbox: inbox)] }
}
