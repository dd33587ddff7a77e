import Crypto

/// A participant's token: 128 random bits, signed by the installation, as 48 characters fit for a
/// URL.
///
/// Its 36 bytes are: one of version, three of the key's id, 16 random ones, and the first 16 of an
/// HMAC-SHA-256 over all before. Rule: docs/formats.md, "Tokens".
enum Token {
    static let version: UInt8 = 1
    static let randomLength = 16
    static let signatureLength = 16
    /// Version, key id and random bytes: what is signed.
    static let signedLength = 1 + TokenKey.idLength + randomLength
    static let byteLength = signedLength + signatureLength
    static let characterCount = byteLength / 3 * 4
}

/// What can be said of a text that is shown as a token.
public enum TokenVerdict: Sendable, Hashable {
    /// This installation gave it out.
    case genuine
    /// A token of another installation, or of a key that is no longer here.
    case unknownKey(id: String)
    /// Names this installation's key and was not signed with it.
    case forged
    /// Not a token, or one of a later version.
    case malformed
}

extension TokenKey {
    /// Tells whether `text` is a token that was signed with this key.
    public func verify(_ text: String) -> TokenVerdict {
        let digits = Array(text.utf8)
        guard digits.count == Token.characterCount, let bytes = Base64URL.decode(digits),
            bytes[0] == Token.version
        else { return .malformed }
        let id = Array(bytes[1...TokenKey.idLength])
        guard id == self.id else { return .unknownKey(id: TokenKey.text(ofID: id)) }
        let expected = signature(of: bytes[..<Token.signedLength])
        // All bytes are looked at, so that the time taken tells nothing about where they differ.
        let difference = zip(expected, bytes[Token.signedLength...]).reduce(0) {
            $0 | ($1.0 ^ $1.1)
        }
        return difference == 0 ? .genuine : .forged
    }

    private func signature(of bytes: ArraySlice<UInt8>) -> [UInt8] {
        Array(
            HMAC<SHA256>.authenticationCode(for: bytes, using: secret)
                .prefix(Token.signatureLength))
    }
}
