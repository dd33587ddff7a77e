/// Bytes as text that needs no escaping in a URL, without padding.
///
/// Rule: RFC 4648, section 5.
enum Base64URL {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// Writes the digits of `bytes`, whose count is a multiple of three, to `text`.
    static func encode(_ bytes: UnsafeRawBufferPointer, into text: UnsafeMutableRawBufferPointer) {
        precondition(bytes.count.isMultiple(of: 3) && text.count == bytes.count / 3 * 4)
        alphabet.withUnsafeBufferPointer { alphabet in
            var at = 0
            for index in stride(from: 0, to: bytes.count, by: 3) {
                let three =
                    UInt32(bytes[index]) << 16 | UInt32(bytes[index + 1]) << 8
                    | UInt32(bytes[index + 2])
                text[at] = alphabet[Int(three >> 18)]
                text[at + 1] = alphabet[Int(three >> 12 & 63)]
                text[at + 2] = alphabet[Int(three >> 6 & 63)]
                text[at + 3] = alphabet[Int(three & 63)]
                at += 4
            }
        }
    }

    /// Nil unless all of `text` is made of groups of four digits.
    static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        guard text.count.isMultiple(of: 4) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3)
        var group: UInt32 = 0
        for (index, digit) in text.enumerated() {
            guard let value = value(digit) else { return nil }
            group = group << 6 | value
            guard index % 4 == 3 else { continue }
            bytes += [16, 8, 0].map { UInt8(truncatingIfNeeded: group >> UInt32($0)) }
            group = 0
        }
        return bytes
    }

    private static func value(_ digit: UInt8) -> UInt32? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(digit - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(digit - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "-"): 62
        case UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
