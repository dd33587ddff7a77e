import Rules

/// An immutable object in the store, named by the SHA-256 of its bytes.
public struct Blob: Sendable, Hashable {
    public var digest: ContentDigest
    public var size: ByteCount

    public init(digest: ContentDigest, size: ByteCount) {
        self.digest = digest
        self.size = size
    }
}

/// What reading a blob again has shown.
public enum BlobVerdict: Sendable, Hashable {
    /// Its bytes have the digest it is named by.
    case sound
    /// They have another, or it is no regular file.
    case damaged
    case missing
}

/// Something that stands below `blobs/`.
public enum StoreEntry: Sendable, Hashable {
    /// A regular file at the place that its digest names; its bytes have not been looked at.
    case blob(Blob)
    /// Anything else, by its path below `blobs/`; what is in a folder of that kind is not told.
    case stranger(String)
}
