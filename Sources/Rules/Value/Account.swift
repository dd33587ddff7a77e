/// Who is charged, and in whose name an inbox is touched: the owner of the inbox directory.
public struct Account: Hashable, Sendable, CustomStringConvertible {
    public let uid: UInt32
    /// The name that the system's user database gives; nil for a uid without one.
    public let name: String?

    public init(uid: UInt32, name: String?) {
        self.uid = uid
        self.name = name
    }

    /// The name, else the number.
    public var description: String { name ?? String(uid) }

    public static func == (left: Account, right: Account) -> Bool { left.uid == right.uid }
    public func hash(into hasher: inout Hasher) { hasher.combine(uid) }
}
