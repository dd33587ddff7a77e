import Rules

/// What is done about a deletion beside the document itself.
public struct DeletionTerms: Sendable, Hashable {
    /// How long the document can be restored.
    public var keptFor: Duration
    /// How much the account's trash may hold; the oldest goes first.
    public var bound: QuotaLimit
    /// Whether rows that the document brought in go too.
    public var removesRows: Bool
    /// What stands under the drop's name: nothing, mostly.
    public var standing: DropIdentity?

    public init(
        keptFor: Duration, bound: QuotaLimit, removesRows: Bool, standing: DropIdentity?
    ) {
        self.keptFor = keptFor
        self.bound = bound
        self.removesRows = removesRows
        self.standing = standing
    }
}

/// What became of the rows that a deleted document had imported.
public enum ImportedRows: String, Sendable, Hashable {
    /// It had none.
    case none
    /// They stay in the account's database.
    case kept
    /// They are to be removed.
    case leaving
    case gone
}

/// A document that was deleted.
public struct TrashRecord: Sendable, Hashable {
    public var id: DocumentID
    public var uid: UInt32
    /// The inbox's absolute path, as bytes.
    public var inbox: [UInt8]
    public var path: BeneathPath
    public var kind: DropKind
    public var size: ByteCount
    public var digest: ContentDigest
    /// The number in its sidecars' names; nil where it was the newest of its name.
    public var version: Int?
    public var deletedAt: Timestamp
    public var expiresAt: Timestamp
    /// Whether its sidecars may still be there.
    public var isToTidy: Bool
    public var importedRows: ImportedRows
}

/// A file of a document's results folder.
public struct PublishedFile: Sendable, Hashable {
    /// Below the folder.
    public var name: String
    public var size: ByteCount

    public init(name: String, size: ByteCount) {
        self.name = name
        self.size = size
    }
}

/// What became of the wish to have a deleted document back.
public enum RestoreOutcome: Sendable, Hashable {
    /// Nothing of that name is in the trash.
    case notThere
    /// The same file had it restored before, and it was deleted since: nothing was done.
    case repeated(DocumentID)
    /// The document as it now stands, with its publication to run.
    case restored(DocumentRecord)
    /// There is no room for it; it stays in the trash.
    case noRoom(TrashRecord, QuotaDecision)
}
