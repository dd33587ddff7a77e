import Rules

/// All that a status file says of one drop or document.
///
/// Rule: docs/formats.md, "Status files".
public struct StatusDocument: Sendable, Hashable {
    /// The first bytes of every status file; what begins otherwise is not ours.
    public static let schema = "ingestd/status/1"

    /// One stage, as its owner sees it.
    public struct Stage: Sendable, Hashable {
        public var name: StageName
        public var state: StageState
        /// 0–100.
        public var progress: Int
        public var attempt: Int
        public var startedAt: Timestamp?
        public var completedAt: Timestamp?
        public var seconds: Double?
        /// The last sign of life of whoever works on it; nil unless it runs.
        public var heartbeatAt: Timestamp?

        public init(
            name: StageName, state: StageState, progress: Int, attempt: Int, startedAt: Timestamp?,
            completedAt: Timestamp?, seconds: Double?, heartbeatAt: Timestamp? = nil
        ) {
            self.name = name
            self.state = state
            self.progress = progress
            self.attempt = attempt
            self.startedAt = startedAt
            self.completedAt = completedAt
            self.seconds = seconds
            self.heartbeatAt = heartbeatAt
        }
    }

    /// What the account holds and may hold; shown when it matters.
    public struct Quota: Sendable, Hashable {
        public var usage: QuotaUsage
        public var limit: QuotaLimit
        public var asOf: Timestamp

        public init(usage: QuotaUsage, limit: QuotaLimit, asOf: Timestamp) {
            self.usage = usage
            self.limit = limit
            self.asOf = asOf
        }
    }

    /// Nil before the claim.
    public var documentID: DocumentID?
    public var fileName: FileName
    public var collection: BeneathPath
    public var account: Account
    public var kind: DropKind?
    public var size: ByteCount
    public var digest: ContentDigest?
    public var state: DocumentState
    /// 0–100.
    public var progress: Int = 0
    /// For a person: what happens now, or what to do next.
    public var message: String
    public var receivedAt: Timestamp?
    public var startedAt: Timestamp?
    public var completedAt: Timestamp?
    public var attempt: Int = 0
    public var maxAttempts: Int
    public var nextAttemptAt: Timestamp?
    public var error: Failure?
    public var errorStage: StageName?
    public var warnings: [String] = []
    public var stages: [Stage] = []
    public var etaSeconds: Int?
    public var admittedBy: AdmissionProof?
    public var result: JSONValue = .null
    public var quota: Quota?

    public init(
        fileName: FileName, collection: BeneathPath, account: Account, size: ByteCount,
        state: DocumentState, message: String, maxAttempts: Int
    ) {
        self.fileName = fileName
        self.collection = collection
        self.account = account
        self.size = size
        self.state = state
        self.message = message
        self.maxAttempts = maxAttempts
    }

    /// The file's text: the schema on the first line, then one key a line.
    public var json: String {
        var members: [JSONValue.Member] = [.init("schema", .string(Self.schema))]
        members.append(.init("document_id", .text(documentID?.description)))
        members.append(.init("file_name", .string(fileName.description)))
        if fileName.utf8Text == nil {
            members.append(.init("file_name_base64", .string(Base64.encode(fileName.bytes))))
        }
        members += [
            .init("collection", .string(collection.description)),
            .init("owner", .string(account.description)),
            .init("uid", .integer(Int64(account.uid))),
            .init("kind", .text(kind?.rawValue)),
            .init("size", .integer(size.bytes)),
            .init("sha256", .text(digest?.hex)),
            .init("status", .string(state.status.rawValue)),
            .init("state", .string(state.rawValue)),
            .init("progress", .count(progress)),
            .init("message", .string(message)),
            .init("received_at", .moment(receivedAt)),
            .init("started_at", .moment(startedAt)),
            .init("completed_at", .moment(completedAt)),
            .init("attempt", .count(attempt)),
            .init("max_attempts", .count(maxAttempts)),
            .init("next_attempt_at", .moment(nextAttemptAt)),
            .init("error", error.map { $0.json(stage: errorStage) } ?? .null),
            .init("warnings", .array(warnings.map(JSONValue.string))),
            .init("stages", .array(stages.map(\.json))),
            .init("eta_seconds", .count(etaSeconds)),
            .init("admitted_by", .text(admittedBy?.rawValue)),
            .init("result", result),
        ]
        if let quota { members.append(.init("quota", quota.json)) }
        return JSONValue.object(members).keyPerLine
    }
}

extension StatusDocument.Stage {
    /// The word that status files use for the state.
    var word: String {
        switch state {
        case .pending: "pending"
        case .processing, .retrying: "processing"
        case .completed: "completed"
        case .failed: "failed"
        case .skipped: "skipped"
        }
    }

    var failure: Failure? {
        switch state {
        case .failed(let failure): failure
        case .retrying(_, _, let failure): failure
        case .pending, .processing, .completed, .skipped: nil
        }
    }

    var json: JSONValue {
        .object([
            .init("name", .string(name.rawValue)),
            .init("status", .string(word)),
            .init("progress", .count(progress)),
            .init("attempt", .count(attempt)),
            .init("started_at", .moment(startedAt)),
            .init("completed_at", .moment(completedAt)),
            .init("seconds", seconds.map(JSONValue.decimal) ?? .null),
            .init("heartbeat_at", .moment(heartbeatAt)),
            .init("error", failure.map { $0.json(stage: name) } ?? .null),
        ])
    }
}

extension StatusDocument.Quota {
    var json: JSONValue { .object(members) }

    var members: [JSONValue.Member] {
        [
            .init("used_bytes", .integer(usage.bytes.bytes)),
            .init("limit_bytes", limit.bytes.map { .integer($0.bytes) } ?? .null),
            .init("used_files", .count(usage.files)),
            .init("limit_files", .count(limit.files)),
            .init("as_of", .moment(asOf)),
        ]
    }
}

extension Failure {
    func json(stage: StageName?) -> JSONValue {
        .object([
            .init("code", .string(code.rawValue)),
            .init("message", .string(message)),
            .init("stage", .text(stage?.rawValue)),
            .init("retryable", .bool(retryable)),
            .init("detail", .string(detail)),
        ])
    }
}
