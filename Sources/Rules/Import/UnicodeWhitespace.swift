/// White space as a pattern's `\s` sees it, in bytes of UTF-8.
///
/// Rule: ECMA-262, WhiteSpace and LineTerminator; and U+0085.
public enum UnicodeWhitespace {
    /// Whether the bytes are nothing but white space, or nothing at all.
    public static func isBlank(_ bytes: UnsafeRawBufferPointer) -> Bool {
        trimmed(bytes).isEmpty
    }

    @inline(__always)
    static func isASCII(_ byte: UInt8) -> Bool {
        byte == 0x20 || (byte >= 0x09 && byte <= 0x0d)
    }

    /// The length of the white space character that begins at `index`; zero where there is none.
    @inline(__always)
    static func length(in bytes: UnsafeRawBufferPointer, at index: Int, end: Int) -> Int {
        let byte = bytes[index]
        if byte < 0x80 { return isASCII(byte) ? 1 : 0 }
        return wideLength(in: bytes, at: index, end: end)
    }

    /// The part of the bytes that neither begins nor ends with white space.
    public static func trimmed(_ bytes: UnsafeRawBufferPointer) -> Range<Int> {
        var start = 0
        var end = bytes.count
        guard end > 0 else { return 0..<0 }
        // Mostly there is nothing to look for.
        if isPlain(bytes[0]), isPlain(bytes[end - 1]) { return 0..<end }
        while start < end {
            let length = length(in: bytes, at: start, end: end)
            guard length > 0 else { break }
            start += length
        }
        while start < end {
            let length = lengthBefore(end, in: bytes, start: start)
            guard length > 0 else { break }
            end -= length
        }
        return start..<end
    }

    /// Whether the byte is a character of ASCII that is seen.
    @inline(__always)
    private static func isPlain(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x80 }

    /// The length of the white space character that ends before `end`.
    private static func lengthBefore(
        _ end: Int, in bytes: UnsafeRawBufferPointer, start: Int
    ) -> Int {
        let byte = bytes[end - 1]
        if byte < 0x80 { return isASCII(byte) ? 1 : 0 }
        for length in 2...3 where end - length >= start {
            if wideLength(in: bytes, at: end - length, end: end) == length { return length }
        }
        return 0
    }

    private static func wideLength(
        in bytes: UnsafeRawBufferPointer, at index: Int, end: Int
    ) -> Int {
        guard index + 1 < end else { return 0 }
        let second = bytes[index + 1]
        if bytes[index] == 0xc2 { return second == 0xa0 || second == 0x85 ? 2 : 0 }
        guard index + 2 < end else { return 0 }
        let third = bytes[index + 2]
        let isSpace =
            switch (bytes[index], second) {
            case (0xe1, 0x9a), (0xe3, 0x80): third == 0x80
            case (0xe2, 0x80):
                (third >= 0x80 && third <= 0x8a) || third == 0xa8 || third == 0xa9 || third == 0xaf
            case (0xe2, 0x81): third == 0x9f
            case (0xef, 0xbb): third == 0xbf
            default: false
            }
        return isSpace ? 3 : 0
    }
}

extension String {
    /// The text without white space around it.
    func trimmingWhitespace() -> String {
        var text = self
        return text.withUTF8 { utf8 in
            let bytes = UnsafeRawBufferPointer(utf8)
            return String(
                decoding: UnsafeRawBufferPointer(
                    rebasing: bytes[UnicodeWhitespace.trimmed(bytes)]), as: UTF8.self)
        }
    }
}
