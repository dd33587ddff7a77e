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

    /// All that an account holds and may hold.
    public struct Quota: Sendable, Hashable {
        /// Charged for documents.
        public var used: QuotaUsage
        /// Held by claims in flight.
        public var reserved: QuotaUsage
        public var limit: QuotaLimit
        /// What is charged for each kind of document.
        public var kinds: [DropKind: QuotaUsage]
        /// What was made of the account's files.
        public var derived: DerivedUsage
        public var asOf: Timestamp

        public init(
            used: QuotaUsage, reserved: QuotaUsage, limit: QuotaLimit,
            kinds: [DropKind: QuotaUsage], derived: DerivedUsage, asOf: Timestamp
        ) {
            self.used = used
            self.reserved = reserved
            self.limit = limit
            self.kinds = kinds
            self.derived = derived
            self.asOf = asOf
        }
    }

    public var account: Account
    /// The inbox's path, where this does not stand in it; nil where it does.
    public var inbox: String?
    public var asOf: Timestamp
    /// In the order in which they are written.
    public var counts: [(state: String, count: Int)]
    public var quota: Quota
    /// The drops of this inbox for which there is no room.
    public var held: QuotaUsage
    /// At most ``listLimit``.
    public var waiting: [Waiting]

    public init(
        account: Account, inbox: String? = nil, asOf: Timestamp,
        counts: [(state: String, count: Int)],
        quota: Quota, held: QuotaUsage, waiting: [Waiting]
    ) {
        self.account = account
        self.inbox = inbox
        self.asOf = asOf
        self.counts = counts
        self.quota = quota
        self.held = held
        self.waiting = waiting
    }

    /// The file's text; it begins like a status file, so that it is known as ours.
    public var json: String {
        JSONValue.object(
            [.init("schema", .string("ingestd/status/inbox/1"))]
                + (inbox.map { [.init("inbox", .string($0))] } ?? []) + [
                    .init("owner", .string(account.description)),
                    .init("uid", .integer(Int64(account.uid))),
                    .init("as_of", .moment(asOf)),
                    .init(
                        "counts", .object(counts.map { .init($0.state, .integer(Int64($0.count))) })
                    ),
                    .init("quota", quota.json),
                    .init("held_bytes", .integer(held.bytes.bytes)),
                    .init("held_files", .count(held.files)),
                    .init("waiting", .array(waiting.prefix(Self.listLimit).map(\.json))),
                ]
        ).keyPerLine
    }
}

extension InboxStatus.Quota {
    var json: JSONValue {
        let plain = StatusDocument.Quota(usage: used + reserved, limit: limit, asOf: asOf)
        return .object(
            plain.members + [
                .init("reserved_bytes", .integer(reserved.bytes.bytes)),
                .init("reserved_files", .count(reserved.files)),
                .init(
                    "kinds",
                    .object(
                        DropKind.allCases.compactMap { kind in
                            kinds[kind].map { .init(kind.rawValue, $0.json) }
                        })),
                .init("derived", derived.json),
                .init(
                    "derived_limit_bytes",
                    limit.derivedBytes.map { .integer($0.bytes) } ?? .null),
            ])
    }
}

extension QuotaUsage {
    /// As status files and `ingestd quota --json` say it.
    public var json: JSONValue {
        .object([.init("bytes", .integer(bytes.bytes)), .init("files", .count(files))])
    }
}

extension DerivedUsage {
    /// As status files and `ingestd quota --json` say it: each class, and all together.
    public var json: JSONValue {
        .object(
            [.init("total_bytes", .integer(total.bytes))]
                + DerivedClass.allCases.map { kind in
                    .init("\(kind.rawValue)_bytes", .integer(self[kind].bytes))
                })
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
