import Crypto
import Rules

/// The digest under which bytes would be kept, found without keeping them.
public struct DigestOfBytes {
    private var hasher = SHA256()

    public init() {}

    /// The digest of all that was taken so far.
    public var value: ContentDigest {
        guard let digest = ContentDigest(hasher.finalize()) else {
            preconditionFailure("SHA-256 gives 32 bytes")
        }
        return digest
    }

    /// Takes the next bytes in.
    public mutating func take(_ bytes: UnsafeRawBufferPointer) {
        hasher.update(bufferPointer: bytes)
    }
}
