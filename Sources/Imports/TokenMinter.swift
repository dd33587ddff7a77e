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
    // Fixed memory, which nobody need look after once in each of a million rows: a token's bytes, its
    // characters, and chance.
    private let bytes = UnsafeMutableRawBufferPointer.allocate(
        byteCount: Token.byteLength, alignment: 8)
    private let digits = UnsafeMutableRawBufferPointer.allocate(
        byteCount: Token.characterCount, alignment: 8)
    private let chance = UnsafeMutableRawBufferPointer.allocate(
        byteCount: chanceLength, alignment: 8)
    private var chanceUsed = chanceLength

    init(key: TokenKey) {
        inner = Self.hash(of: key, padding: 0x36)
        outer = Self.hash(of: key, padding: 0x5c)
        bytes.initializeMemory(as: UInt8.self, repeating: 0)
        UnsafeMutableRawBufferPointer(rebasing: bytes[...TokenKey.idLength])
            .copyBytes(from: [Token.version] + key.id)
    }

    deinit {
        bytes.deallocate()
        digits.deallocate()
        chance.deallocate()
    }

    /// Calls `body` with the characters of a new token, which live until the next one is made.
    func withToken<Result>(
        _ body: (UnsafeRawBufferPointer) -> Result
    ) throws(ImportError) -> Result {
        if chanceUsed + Token.randomLength > Self.chanceLength {
            guard getentropy(chance.baseAddress, Self.chanceLength) == 0 else {
                throw .system(attempt: "fetch random bytes", errno: errno)
            }
            chanceUsed = 0
        }
        let used = chanceUsed
        chanceUsed = used + Token.randomLength
        let randomStart = Token.signedLength - Token.randomLength
        UnsafeMutableRawBufferPointer(rebasing: bytes[randomStart..<Token.signedLength]).copyMemory(
            from: UnsafeRawBufferPointer(rebasing: chance[used..<(used + Token.randomLength)]))
        var message = inner
        message.update(
            bufferPointer: UnsafeRawBufferPointer(rebasing: bytes[..<Token.signedLength]))
        var signing = outer
        message.finalize().withUnsafeBytes { signing.update(bufferPointer: $0) }
        signing.finalize().withUnsafeBytes { signature in
            UnsafeMutableRawBufferPointer(rebasing: bytes[Token.signedLength...]).copyMemory(
                from: UnsafeRawBufferPointer(rebasing: signature[..<Token.signatureLength]))
        }
        Base64URL.encode(UnsafeRawBufferPointer(bytes), into: digits)
        return body(UnsafeRawBufferPointer(digits))
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
