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
