import Rules

/// An account's charge and what is in flight beside it.
public struct AccountUsage: Sendable, Hashable {
    public var uid: UInt32
    /// Charged for documents.
    public var used: QuotaUsage
    /// Held by claims in flight.
    public var reserved: QuotaUsage

    public init(uid: UInt32, used: QuotaUsage, reserved: QuotaUsage) {
        self.uid = uid
        self.used = used
        self.reserved = reserved
    }
}

/// A blob that the catalogue knows.
public struct BlobRecord: Sendable, Hashable {
    public var digest: ContentDigest
    public var size: ByteCount

    public init(digest: ContentDigest, size: ByteCount) {
        self.digest = digest
        self.size = size
    }
}

/// Something in the catalogue that contradicts something else in it.
public enum CatalogFinding: Sendable, Hashable {
    /// SQLite found its own file damaged; the text is SQLite's.
    case damaged(String)
    /// Rows name a row of another table that is not there; `reference` is a column, `stage.resultId`.
    case dangling(reference: String, parent: String, count: Int)
    case chargeDiffers(uid: UInt32, recorded: QuotaUsage, counted: QuotaUsage)
    /// The same for what is kept of it by inbox and kind.
    case shareDiffers(
        uid: UInt32, inbox: [UInt8], kind: String, recorded: QuotaUsage, counted: QuotaUsage)
    /// What is kept of an account's derived bytes is not what there is.
    case derivedDiffers(
        uid: UInt32, DerivedClass, recorded: ByteCount, counted: ByteCount)
    /// What is said to be in an account's trash is not what is there.
    case trashDiffers(uid: UInt32, recorded: QuotaUsage, counted: QuotaUsage)
    /// A document or artifact has another size than its blob.
    case sizeDiffers(ContentDigest)
    /// The state, due time or end kept with the document does not follow from its stages.
    case stateDiffers(DocumentID)
    /// The number kept of an inbox's documents in a state is not how many there are.
    case countDiffers(inbox: [UInt8], state: String, recorded: Int, counted: Int)
    /// Neither a document nor an artifact refers to it.
    case blobUnreferenced(BlobRecord)
}
