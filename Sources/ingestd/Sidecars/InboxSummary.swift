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

    let schema: String
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
