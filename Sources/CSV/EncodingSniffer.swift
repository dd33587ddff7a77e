/// Tells a text's encoding from all of its bytes, given in any number of pieces.
///
/// Asked in this order: a mark; zero bytes on one side of every pair; UTF-8 throughout; CP949
/// throughout, with Korean to show for it; UTF-8 with little damage; else nothing is known.
/// Rule: docs/formats.md, "Encodings".
public struct EncodingSniffer: Sendable {
    private var head: [UInt8] = []
    private var length = 0
    private var zeros = ZeroCount()
    private var utf8 = UTF8Walk()
    private var cp949 = CP949Walk()

    public init() {}

    /// Looks at the next bytes of the file.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) {
        if head.count < 4 { head.append(contentsOf: bytes.prefix(4 - head.count)) }
        guard let base = bytes.baseAddress else { return }
        var at = 0
        while at < bytes.count {
            // Plain ASCII without zeros means the same to everybody.
            if utf8.isBetweenCharacters, cp949.isBetweenCharacters, !zeros.followsOne {
                let length = WordScan.plainLength(base, at, end: bytes.count)
                if length > 0 {
                    let last = bytes[at + length - 1]
                    cp949.passASCII(last: last, first: bytes[at])
                    zeros.pass(last: last)
                    at += length
                    continue
                }
            }
            if !cp949.isValid {
                let length = utf8.takeThreeByteCharacters(bytes, from: at)
                if length > 0 {
                    at += length
                    zeros.pass(last: 0xff)
                    continue
                }
            }
            let byte = bytes[at]
            zeros.append(byte, at: length + at)
            utf8.append(byte)
            cp949.append(byte)
            at += 1
        }
        length += bytes.count
    }

    /// - Parameter fallback: what to take where the bytes do not tell.
    /// - Returns: nil for what is no text, or in UTF-32, which nobody but its mark announces.
    public func verdict(fallback: TextEncoding) -> EncodingVerdict? {
        if head == [0xff, 0xfe, 0, 0] || head == [0, 0, 0xfe, 0xff] { return nil }
        if head.starts(with: [0xef, 0xbb, 0xbf]) {
            return EncodingVerdict(
                encoding: .utf8Marked, certainty: utf8.isClean ? .proven : .damaged, markLength: 3)
        }
        if head.starts(with: [0xff, 0xfe]) {
            return EncodingVerdict(
                encoding: .utf16LittleEndian, certainty: .proven, markLength: 2)
        }
        if head.starts(with: [0xfe, 0xff]) {
            return EncodingVerdict(encoding: .utf16BigEndian, certainty: .proven, markLength: 2)
        }
        if let side = zeros.side(length: length) {
            return EncodingVerdict(encoding: side, certainty: .proven)
        }
        if utf8.isClean { return EncodingVerdict(encoding: .utf8, certainty: .proven) }
        if utf8.isCleanButForItsEnd { return EncodingVerdict(encoding: .utf8, certainty: .damaged) }
        if cp949.isKorean { return EncodingVerdict(encoding: .cp949, certainty: .proven) }
        if utf8.isHardlyDamaged { return EncodingVerdict(encoding: .utf8, certainty: .damaged) }
        // No encoding of single bytes has zeros; a few stray ones are forgiven.
        if zeros.count > length / 16 { return nil }
        return EncodingVerdict(encoding: fallback, certainty: .guessed)
    }
}

/// Zero bytes at even and odd places: UTF-16 has one in each of its ASCII characters, always on the
/// same side.
private struct ZeroCount: Sendable {
    private var even = 0
    private var odd = 0
    /// Line ends that are whole UTF-16 units; their zero behind (little-endian) or before
    /// (big-endian).
    private var endsLittle = 0
    private var endsBig = 0
    private var last: UInt8 = 1

    var count: Int { even + odd }
    /// Whether the last byte was one: the next may be the end of a line with it.
    var followsOne: Bool { last == 0 }

    mutating func pass(last byte: UInt8) { last = byte }

    mutating func append(_ byte: UInt8, at place: Int) {
        let isOdd = place & 1 == 1
        if byte == 0 {
            if isOdd { odd += 1 } else { even += 1 }
            if isOdd, CSVReader.endsLine(last) { endsLittle += 1 }
        } else if isOdd, last == 0, CSVReader.endsLine(byte) {
            endsBig += 1
        }
        last = byte
    }

    /// The byte order, if this is UTF-16: zeros on one side in a twentieth of the units or more,
    /// four times as many as on the other (where U+AC00 and its like have one), and a line end
    /// among them.
    func side(length: Int) -> TextEncoding? {
        let units = length / 2
        if endsLittle > 0, odd > 4 * even, odd * 20 >= units { return .utf16LittleEndian }
        if endsBig > 0, even > 4 * odd, even * 20 >= units { return .utf16BigEndian }
        return nil
    }
}
