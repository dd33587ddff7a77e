/// What each account may hold: a default, and exceptions by user.
///
/// Rule: etc/ingestd.yaml, `limits`.
public struct AccountLimits: Sendable, Hashable {
    /// For every account without an exception.
    public var standard: QuotaLimit
    /// Exceptions, whole as they are to apply, by user name or by uid in decimal digits.
    public var users: [String: QuotaLimit]

    public init(
        standard: QuotaLimit = QuotaLimit(bytes: nil, files: nil), users: [String: QuotaLimit] = [:]
    ) {
        self.standard = standard
        self.users = users
    }

    /// The limit of an account; its name is looked for before its number.
    public func limit(for account: Account) -> QuotaLimit {
        if let name = account.name, let limit = users[name] { return limit }
        return users[String(account.uid)] ?? standard
    }
}
