import Crypto
import Glibc

/// Makes tokens, many at a time: the key's schedule is computed once, and chance is fetched in
/// batches.
///
/// Used by one thread at a time.
final class TokenMinter {
    /// The most that one call of getentropy(3) gives.
    private static let chanceLength = 256

    // The two halves of HMAC, each with its padded key hashed already. The library's own HMAC looks
    // its types up anew for each message, which was a tenth of an import's cost.
    private let inner: SHA256
    private let outer: SHA256
    private var bytes: [UInt8]
    private var digits = [UInt8](repeating: 0, count: Token.characterCount)
    private var chance = [UInt8](repeating: 0, count: chanceLength)
    private var chanceUsed = chanceLength

    init(key: TokenKey) {
        inner = Self.hash(of: key, padding: 0x36)
        outer = Self.hash(of: key, padding: 0x5c)
        bytes = [Token.version] + key.id
        bytes += [UInt8](repeating: 0, count: Token.byteLength - bytes.count)
    }

    /// Calls `body` with the characters of a new token, which live no longer than the call.
    func withToken<Result>(
        _ body: (UnsafeRawBufferPointer) -> Result
    ) throws(ImportError) -> Result {
        if chanceUsed + Token.randomLength > Self.chanceLength {
            guard getentropy(&chance, Self.chanceLength) == 0 else {
                throw .system(attempt: "fetch random bytes", errno: errno)
            }
            chanceUsed = 0
        }
        let randomStart = Token.signedLength - Token.randomLength
        for offset in 0..<Token.randomLength {
            bytes[randomStart + offset] = chance[chanceUsed + offset]
        }
        chanceUsed += Token.randomLength

        var message = inner
        bytes.withUnsafeBytes {
            message.update(
                bufferPointer: UnsafeRawBufferPointer(rebasing: $0[..<Token.signedLength]))
        }
        var signing = outer
        message.finalize().withUnsafeBytes { signing.update(bufferPointer: $0) }
        signing.finalize().withUnsafeBytes { signature in
            for offset in 0..<Token.signatureLength {
                bytes[Token.signedLength + offset] = signature[offset]
            }
        }
        return digits.withUnsafeMutableBytes { text in
            bytes.withUnsafeBytes { Base64URL.encode($0, into: text) }
            return body(UnsafeRawBufferPointer(text))
        }
    }

    /// A hash that has seen the key, filled up to a block and masked. Rule: RFC 2104, section 2
    private static func hash(of key: TokenKey, padding: UInt8) -> SHA256 {
        var block = key.secret.withUnsafeBytes { $0.map { $0 ^ padding } }
        block += [UInt8](repeating: padding, count: SHA256.blockByteCount - block.count)
        var hash = SHA256()
        hash.update(data: block)
        return hash
    }
}
