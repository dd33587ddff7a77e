import Rules

/// What `inbox.status.json` says of a whole inbox.
///
/// Rule: docs/formats.md, "inbox.status.json".
public struct InboxStatus: Sendable {
    /// How many drops are listed with their reasons; the rest is only counted.
    public static let listLimit = 100
    /// Past so many drops that are not taken the rest has no status file, and is only counted here.
    public static let toldLimit = 1000
    /// A drop that is not taken yet, and why.
    public struct Waiting: Sendable, Hashable {
        public var path: BeneathPath
        public var state: String
        public var reason: String
        public var nextLook: Timestamp?

        public init(path: BeneathPath, state: String, reason: String, nextLook: Timestamp?) {
            self.path = path
            self.state = state
            self.reason = reason
            self.nextLook = nextLook
        }
    }

    public var account: Account
    public var asOf: Timestamp
    /// In the order in which they are written.
    public var counts: [(state: String, count: Int)]
    public var quota: StatusDocument.Quota
    /// At most ``listLimit``.
    public var waiting: [Waiting]

    public init(
        account: Account, asOf: Timestamp, counts: [(state: String, count: Int)],
        quota: StatusDocument.Quota, waiting: [Waiting]
    ) {
        self.account = account
        self.asOf = asOf
        self.counts = counts
        self.quota = quota
        self.waiting = waiting
    }

    /// The file's text; it begins like a status file, so that it is known as ours.
    public var json: String {
        JSONValue.object([
            .init("schema", .string("ingestd/status/inbox/1")),
            .init("owner", .string(account.description)),
            .init("uid", .integer(Int64(account.uid))),
            .init("as_of", .moment(asOf)),
            .init(
                "counts", .object(counts.map { .init($0.state, .integer(Int64($0.count))) })),
            .init("quota", quota.json),
            .init("waiting", .array(waiting.prefix(Self.listLimit).map(\.json))),
        ]).keyPerLine
    }
}

extension InboxStatus.Waiting {
    var json: JSONValue {
        .object([
            .init("path", .string(path.description)),
            .init("state", .string(state)),
            .init("reason", .string(reason)),
            .init("next_look", .moment(nextLook)),
        ])
    }
}
