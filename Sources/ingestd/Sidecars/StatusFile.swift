import FoundationEssentials

/// What a status file says, as far as the reading commands show it.
///
/// Rule: docs/formats.md, "Status files".
struct StatusFile: Decodable, Sendable, Hashable {
    /// With these bytes a status file begins; whatever begins otherwise is somebody else's.
    static let beginning = Array(#"{"schema":"ingestd/status/"#.utf8)

    /// Why a document or a stage failed.
    struct Problem: Decodable, Sendable, Hashable {
        let code: String
        let message: String
        let stage: String?
        let retryable: Bool?
        let detail: String?
    }

    /// One step over the document.
    struct Stage: Decodable, Sendable, Hashable {
        let name: String
        let status: String
        let progress: Int?
        let attempt: Int?
        let startedAt: String?
        let seconds: Double?
        /// When whoever works on it was last heard of.
        let heartbeatAt: String?
        let error: Problem?
    }

    /// What came out of it; which keys there are depends on the document's kind.
    struct Result: Decodable, Sendable, Hashable {
        struct Metadata: Decodable, Sendable, Hashable {
            let title: String?
            let author: String?
        }
        struct File: Decodable, Sendable, Hashable {
            let name: String
            let size: Int64?
        }
        let pages: Int?
        let metadata: Metadata?
        let textCharacters: Int?
        let totalRows: Int?
        let processedCount: Int?
        let errorCount: Int?
        let duplicatesSkipped: Int?
        let encoding: String?
        let sheet: String?
        let files: [File]?
    }

    /// What the account holds and may hold, where that matters.
    struct Quota: Decodable, Sendable, Hashable {
        let usedBytes: Int64?
        /// Nil where there is no limit.
        let limitBytes: Int64?
        let usedFiles: Int?
        let limitFiles: Int?
        let asOf: String?
    }

    let documentId: String?
    let fileName: String
    let collection: String?
    let owner: String?
    let uid: UInt32?
    let kind: String?
    let size: Int64?
    let status: String
    let state: String
    let progress: Int?
    let message: String?
    let receivedAt: String?
    let completedAt: String?
    let attempt: Int?
    let maxAttempts: Int?
    let nextAttemptAt: String?
    let error: Problem?
    let warnings: [String]?
    let stages: [Stage]?
    let etaSeconds: Int?
    let admittedBy: String?
    let result: Result?
    let quota: Quota?

    /// Reads the bytes of a file that begins as status files do.
    init(json: [UInt8]) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(StatusFile.self, from: Data(json))
    }

    /// `failed`, or with what it means more closely: `pending (held)`.
    var standing: String { status == state ? status : "\(status) (\(state))" }

    /// What the owner should know: the error with its code, else the message.
    var remark: String {
        if let error { return "\(error.code): \(error.message)" }
        return message ?? ""
    }
}
