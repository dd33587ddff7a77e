import Crypto
import Glibc

/// Makes tokens, many at a time: the key's schedule is computed once, and chance is fetched in batches.
///
/// Used by one thread at a time.
final class TokenMinter {
    /// The most that one call of getentropy(3) gives.
    private static let chanceLength = 256

    private let keyed: HMAC<SHA256>
    private var bytes: [UInt8]
    private var digits = [UInt8](repeating: 0, count: Token.characterCount)
    private var chance = [UInt8](repeating: 0, count: chanceLength)
    private var chanceUsed = chanceLength

    init(key: TokenKey) {
        keyed = HMAC<SHA256>(key: key.secret)
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

        var signing = keyed
        bytes.withUnsafeBytes {
            signing.update(data: UnsafeRawBufferPointer(rebasing: $0[..<Token.signedLength]))
        }
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
}
