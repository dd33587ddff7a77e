import Rules

/// One stage of one document.
public struct StageRecord: Sendable, Hashable {
    public var plan: PlannedStage
    public var state: StageState
    /// The attempts that are spent, the one under way included; our own interruptions spend none.
    public var attempt: Int
    /// How often ingestd died while the stage ran.
    public var interruptions: Int
    /// When the last attempt began.
    public var startedAt: Timestamp?
    public var completedAt: Timestamp?
    /// How long the last attempt took.
    public var seconds: Double?
    /// What the stage found out, in the form that Pipeline gave it; nil until it completes.
    public var result: String?
    public var warnings: [String]
    /// Whether somebody asked for it to run though its outcome is known.
    public var isAnew = false

    var asJobStage: JobStage {
        JobStage(name: plan.name, isRequired: plan.isRequired, state: state)
    }
}

/// What a stage came to, to be recorded together with others.
///
/// The caller has decided the state by ``StageState/following(_:retries:)``.
public struct StageChange: Sendable, Hashable {
    public var document: DocumentID
    public var stage: StageName
    public var state: StageState
    public var at: Timestamp
    /// How long the attempt took, for a state that ends one.
    public var seconds: Double?
    /// What a completed stage made; a shared result of the same kind is replaced.
    public var output: StageOutput?
    /// The document's result, where this change decides it; nil leaves it as it is.
    public var documentResult: String?

    public init(
        document: DocumentID, stage: StageName, state: StageState, at: Timestamp,
        seconds: Double? = nil, output: StageOutput? = nil, documentResult: String? = nil
    ) {
        self.document = document
        self.stage = stage
        self.state = state
        self.at = at
        self.seconds = seconds
        self.output = output
        self.documentResult = documentResult
    }
}

/// What a stage made and found out.
public struct StageOutput: Sendable, Hashable {
    /// Opaque to the catalogue; at most ``resultLimit`` bytes of UTF-8.
    public var result: String?
    /// One sentence each; line feeds become spaces, and past ``warningLimit`` they are left out.
    public var warnings: [String]
    public var artifacts: [ArtifactRecord]

    public static let resultLimit = 4 << 20
    public static let warningLimit = 100

    public init(
        result: String? = nil, warnings: [String] = [], artifacts: [ArtifactRecord] = []
    ) {
        self.result = result
        self.warnings = warnings
        self.artifacts = artifacts
    }
}

/// A file that a stage made; its bytes are a blob.
public struct ArtifactRecord: Sendable, Hashable {
    /// Below `NAME.results/`: `text.txt`, `pages/0001.jpg`.
    public var name: String
    public var digest: ContentDigest
    public var size: ByteCount
    public var mediaType: String

    public init(name: String, digest: ContentDigest, size: ByteCount, mediaType: String) {
        self.name = name
        self.digest = digest
        self.size = size
        self.mediaType = mediaType
    }
}

/// A stage that was running when ingestd died, and what became of it.
public struct InterruptedStage: Sendable, Hashable {
    public var document: DocumentID
    public var uid: UInt32
    public var stage: StageName
    /// Retrying, or failed after too many interruptions.
    public var state: StageState
    public var interruptions: Int
}

/// A document whose turn it is, and the stages that may begin.
public struct Assignment: Sendable, Hashable {
    public var document: DocumentRecord
    /// In order; never empty.
    public var dueStages: [StageName]
    /// Whether what some of its stages come to is known from other documents of the same content.
    public var hasKnownOutcomes: Bool
}
