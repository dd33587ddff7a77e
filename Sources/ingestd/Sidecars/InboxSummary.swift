import FoundationEssentials

/// What `inbox.status.json` says, as far as commands show it.
///
/// Rule: docs/formats.md, "inbox.status.json".
struct InboxSummary: Decodable, Sendable, Hashable {
    /// A hundred reasons and a few counts stay far below.
    static let sizeLimit = 1 << 20

    /// A file that is not taken yet.
    struct Waiting: Decodable, Sendable, Hashable {
        let path: String
        let state: String
        let reason: String?
        let nextLook: String?
    }

    /// What the account holds and may hold, over all its inboxes.
    struct Quota: Decodable, Sendable, Hashable {
        struct Usage: Decodable, Sendable, Hashable {
            let bytes: Int64
            let files: Int
        }
        struct Derived: Decodable, Sendable, Hashable {
            let resultsBytes: Int64
            let importsBytes: Int64
            let trashBytes: Int64
        }
        /// Reservations included.
        let usedBytes: Int64
        let usedFiles: Int
        let reservedBytes: Int64?
        let reservedFiles: Int?
        /// Nil where there is no limit.
        let limitBytes: Int64?
        let limitFiles: Int?
        let kinds: [String: Usage]?
        let derived: Derived?
        let derivedLimitBytes: Int64?
        let asOf: String?
    }

    let schema: String
    /// The inbox that it speaks of, where it does not stand in that.
    let inbox: String?
    let owner: String?
    let uid: UInt32?
    let quota: Quota?
    /// The drops of the inbox for which there is no room.
    let heldBytes: Int64?
    let heldFiles: Int?
    let asOf: String?
    let counts: [String: Int]?
    let waiting: [Waiting]?

    init(json: [UInt8]) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(InboxSummary.self, from: Data(json))
    }

    /// How many files wait, are held or refused, with a status file of their own or without.
    var waitingCount: Int {
        ["waiting", "held", "refused"].reduce(0) { $0 + (counts?[$1] ?? 0) }
    }
}
