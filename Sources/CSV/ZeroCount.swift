/// Zero bytes at even and odd places: UTF-16 has one in each of its ASCII characters, always on the
/// same side.
struct ZeroCount: Sendable {
    private var even = 0
    private var odd = 0
    /// Line ends that are whole UTF-16 units; their zero behind (little-endian) or before
    /// (big-endian).
    private var endsLittle = 0
    private var endsBig = 0
    /// Units that are ordinary characters of ASCII, line ends among them.
    private var plainLittle = 0
    private var plainBig = 0
    /// Units that are the first of 256 characters of East Asia, such as U+AC00 and U+4E00: their
    /// zero stands on the other side.
    private var wideLittle = 0
    private var wideBig = 0
    private var last: UInt8 = 1
    /// Zeros since the last other byte.
    private var run = 0

    /// Whether the last byte was one: the next may be the end of a line with it.
    var followsOne: Bool { last == 0 }

    mutating func pass(last byte: UInt8) {
        last = byte
        run = 0
    }

    mutating func append(_ byte: UInt8, at place: Int) {
        let isOdd = place & 1 == 1
        if byte == 0 {
            run += 1
            if isOdd { odd += 1 } else { even += 1 }
        } else {
            run = 0
        }
        if isOdd { takeUnit(last, byte) }
        last = byte
    }

    private mutating func takeUnit(_ first: UInt8, _ second: UInt8) {
        if second == 0 {
            if CSVReader.endsLine(first) { endsLittle += 1 }
            if Self.isPlain(first) { plainLittle += 1 }
            if Self.isWide(first) { wideBig += 1 }
        } else if first == 0 {
            if CSVReader.endsLine(second) { endsBig += 1 }
            if Self.isPlain(second) { plainBig += 1 }
            if Self.isWide(second) { wideLittle += 1 }
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        (byte >= 0x20 && byte < 0x7f) || byte == UInt8(ascii: "\t") || CSVReader.endsLine(byte)
    }

    /// Kana and signs, Han, Hangul.
    private static func isWide(_ high: UInt8) -> Bool {
        high == 0x30 || (high >= 0x4e && high <= 0x9f) || (high >= 0xac && high <= 0xd7)
    }

    // MARK: - Verdicts

    /// Zeros that fill up the file behind its text.
    ///
    /// - Parameter isWide: whether the text is UTF-16, to whose last character one may belong.
    func padding(length: Int, isWide: Bool) -> Int {
        isWide && (length - run) & 1 == 1 ? max(0, run - 1) : run
    }

    /// Zeros in the text itself.
    func count(length: Int) -> Int { even + odd - padding(length: length, isWide: false) }

    /// The byte order, if this is UTF-16: zeros on one side in a twentieth of the units or more,
    /// four times as many as on the other, and a line end among them.
    func side(length: Int) -> TextEncoding? {
        let (even, odd, units) = withoutPadding(length)
        if endsLittle > 0, odd > 4 * even, odd * 20 >= units { return .utf16LittleEndian }
        if endsBig > 0, even > 4 * odd, even * 20 >= units { return .utf16BigEndian }
        return nil
    }

    /// The byte order of UTF-16 in which hardly any character is of ASCII, for bytes that are no
    /// text in any other encoding: each zero belongs to an ordinary character, and some of these
    /// end lines and some do not.
    func sparseSide(length: Int) -> TextEncoding? {
        let (even, odd, _) = withoutPadding(length)
        if endsLittle > 0, plainLittle > endsLittle, plainLittle >= Self.fewest,
            odd == plainLittle, even == wideLittle
        {
            return .utf16LittleEndian
        }
        if endsBig > 0, plainBig > endsBig, plainBig >= Self.fewest,
            even == plainBig, odd == wideBig
        {
            return .utf16BigEndian
        }
        return nil
    }

    /// The smallest table has so many: two delimiters and a line's end.
    private static let fewest = 3

    private func withoutPadding(_ length: Int) -> (even: Int, odd: Int, units: Int) {
        let padding = padding(length: length, isWide: true)
        // It begins at an even place.
        return (even - (padding + 1) / 2, odd - padding / 2, (length - padding) / 2)
    }
}
