/// What each account may hold: a default, and exceptions by user and by group.
///
/// Rule: etc/ingestd.yaml, `limits`.
public struct AccountLimits: Sendable, Hashable {
    /// The limit of those who are in a group.
    public struct GroupLimit: Sendable, Hashable {
        /// Nil for a group that the system does not know: it is nobody's limit then.
        public var gid: UInt32?
        public var limit: QuotaLimit

        public init(gid: UInt32?, limit: QuotaLimit) {
            self.gid = gid
            self.limit = limit
        }
    }

    /// For every account without an exception.
    public var standard: QuotaLimit
    /// Exceptions, whole as they are to apply, by user name or by uid in decimal digits.
    public var users: [String: QuotaLimit]
    /// Exceptions by group, as the config names it.
    public var groups: [String: GroupLimit]

    /// So many groups are told apart: each is compared with those of an account at every claim.
    public static let groupLimit = 1000

    public init(
        standard: QuotaLimit = QuotaLimit(bytes: nil, files: nil),
        users: [String: QuotaLimit] = [:],
        groups: [String: GroupLimit] = [:]
    ) {
        self.standard = standard
        self.users = users
        self.groups = groups
    }

    /// The limit of an account: its own, by name before number; else the largest of its groups'; else
    /// the default.
    ///
    /// - Parameter gids: the groups that the account is in, its primary one among them.
    public func limit(for account: Account, in gids: [UInt32]) -> QuotaLimit {
        if let name = account.name, let limit = users[name] { return limit }
        if let limit = users[String(account.uid)] { return limit }
        let ofGroups = groups.values.filter { group in group.gid.map(gids.contains) ?? false }
            .map(\.limit)
        guard let first = ofGroups.first else { return standard }
        return ofGroups.dropFirst().reduce(first) { $0.widened(by: $1) }
    }
}
