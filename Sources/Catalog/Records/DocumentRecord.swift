import Rules

/// A document as the claim hands it to the catalogue.
public struct NewDocument: Sendable, Hashable {
    /// Also the id of the reservation that was granted to it.
    public var id: DocumentID
    public var account: Account
    /// The inbox's absolute path, as bytes.
    public var inbox: [UInt8]
    /// Where the drop was found; never the inbox itself.
    public var path: BeneathPath
    public var kind: DropKind
    public var size: ByteCount
    public var digest: ContentDigest
    public var proof: AdmissionProof
    /// What was read: the drop's name is removed only while it still stands for this.
    public var identity: DropIdentity
    public var warnings: [String]

    public init(
        id: DocumentID, account: Account, inbox: [UInt8], path: BeneathPath, kind: DropKind,
        size: ByteCount, digest: ContentDigest, proof: AdmissionProof, identity: DropIdentity,
        warnings: [String] = []
    ) {
        precondition(!path.isRoot, "a drop has a name")
        self.id = id
        self.account = account
        self.inbox = inbox
        self.path = path
        self.kind = kind
        self.size = size
        self.digest = digest
        self.proof = proof
        self.identity = identity
        self.warnings = warnings
    }
}

/// A document with all its stages, as one transaction saw it.
public struct DocumentRecord: Sendable, Hashable {
    public var id: DocumentID
    public var uid: UInt32
    /// The inbox's absolute path, as bytes.
    public var inbox: [UInt8]
    /// Where the drop was found, below the inbox.
    public var path: BeneathPath
    public var kind: DropKind
    public var size: ByteCount
    public var digest: ContentDigest
    public var proof: AdmissionProof
    public var receivedAt: Timestamp
    /// When the first stage began that the claim had not done itself.
    public var startedAt: Timestamp?
    /// When the last stage was over.
    public var completedAt: Timestamp?
    /// Nil while it is the newest of its name, else the number in its sidecars' names.
    public var version: Int?
    /// Whether its sidecars are yet to be renamed to its ``version``.
    public var isToMoveAside: Bool
    /// Warnings of the claim and of each stage; failed optional stages are in ``standing``.
    public var warnings: [String]
    /// Why the last request about it was not carried out; no part of ``standing``.
    public var requestWarning: String?
    /// What the status file's `result` says, in the form that Pipeline gave it.
    public var result: String?
    /// Where it stands in its account's line: the lower goes first.
    public var place: Timestamp
    /// When the dropped file was last written, in nanoseconds since 1970; nil where that was not kept.
    public var modifiedNanoseconds: Int64?
    /// In the order of their positions.
    public var stages: [StageRecord]

    /// Whether it is the newest document of its name.
    public var isCurrent: Bool { version == nil }
    public var fileName: FileName {
        guard let name = path.name else { preconditionFailure("a document has a name") }
        return name
    }
    /// The folder below the inbox, for people; the inbox itself is the empty text.
    public var collection: String { path.parent.description }
    public var job: Job { Job(stages: stages.map(\.asJobStage)) }
    public var standing: DocumentStanding {
        var standing = job.standing(hasWarnings: !warnings.isEmpty)
        // A stage that is over no longer says in its state how many attempts it took.
        standing.attempt = max(standing.attempt, stages.map(\.attempt).max() ?? 1)
        return standing
    }

    public func stage(_ name: StageName) -> StageRecord? { stages.first { $0.plan.name == name } }
}

/// What a commit made of a claim.
public enum CommittedDocument: Sendable, Hashable {
    /// A new document; `displaced` is the one that had the name before and now bears a version.
    case new(DocumentRecord, displaced: DocumentRecord?)
    /// The bytes were there already under this name: the document that has them, to be published
    /// again and, where it had failed, tried again. Nothing more is charged.
    case sameAgain(DocumentRecord)

    /// The document that now stands for the drop's name.
    public var document: DocumentRecord {
        switch self {
        case .new(let document, _), .sameAgain(let document): document
        }
    }
}
