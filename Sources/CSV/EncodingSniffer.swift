/// Tells a text's encoding from all of its bytes, given in any number of pieces.
///
/// Asked in this order: a mark; zero bytes on one side of every pair; UTF-8 throughout; CP949
/// throughout, with Korean to show for it; UTF-8, then CP949 with little damage; UTF-16 in which
/// few characters are of ASCII; else nothing is known.
/// Rule: docs/formats.md, "Encodings".
public struct EncodingSniffer: Sendable {
    private var head: [UInt8] = []
    private var length = 0
    private var zeros = ZeroCount()
    private var utf8 = UTF8Walk()
    private var cp949 = CP949Walk()
    /// What both had seen before the last run of zeros, which may only fill up the file.
    private var beforeZeros = (utf8: UTF8Walk(), cp949: CP949Walk())

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
            if cp949.isHopeless {
                let length = utf8.takeThreeByteCharacters(bytes, from: at)
                if length > 0 {
                    at += length
                    zeros.pass(last: 0xff)
                    continue
                }
            }
            let byte = bytes[at]
            if byte == 0, !zeros.followsOne { beforeZeros = (utf8, cp949) }
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
        guard var verdict = marked ?? unmarked(fallback: fallback) else { return nil }
        switch verdict.encoding {
        case .utf16LittleEndian, .utf16BigEndian:
            verdict.paddingLength = zeros.padding(length: length, isWide: true)
        case .utf8, .utf8Marked, .cp949, .windows1252, .latin1:
            verdict.paddingLength = zeros.padding(length: length, isWide: false)
        }
        return verdict
    }

    /// What a mark says.
    private var marked: EncodingVerdict? {
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
        return nil
    }

    /// What the bytes say by themselves.
    private func unmarked(fallback: TextEncoding) -> EncodingVerdict? {
        let (utf8, cp949) = zeros.followsOne ? beforeZeros : (utf8, cp949)
        if let side = zeros.side(length: length) {
            return EncodingVerdict(encoding: side, certainty: .proven)
        }
        if utf8.isClean { return EncodingVerdict(encoding: .utf8, certainty: .proven) }
        if utf8.isCleanButForItsEnd { return EncodingVerdict(encoding: .utf8, certainty: .damaged) }
        if cp949.isKorean {
            return EncodingVerdict(
                encoding: .cp949, certainty: cp949.isBetweenCharacters ? .proven : .damaged)
        }
        if utf8.isHardlyDamaged { return EncodingVerdict(encoding: .utf8, certainty: .damaged) }
        if cp949.isHardlyDamagedKorean {
            return EncodingVerdict(encoding: .cp949, certainty: .damaged)
        }
        if let side = zeros.sparseSide(length: length) {
            return EncodingVerdict(encoding: side, certainty: .proven)
        }
        // No encoding of single bytes has zeros; a few stray ones are forgiven.
        guard zeros.count(length: length) <= Self.strayZeros + length / 256 else { return nil }
        return EncodingVerdict(encoding: fallback, certainty: .guessed)
    }

    /// Zeros that a text of any length may have.
    private static let strayZeros = 4
}
