/// Looks at eight bytes at once.
///
/// A result has the highest bit set in each byte that matched, and no other bit: exact for every
/// byte, so that all matches of a word can be taken one by one, the lowest address first.
enum WordScan {
    private static let low: UInt64 = 0x7f7f_7f7f_7f7f_7f7f

    /// The byte in each of the eight places.
    static func spread(_ byte: UInt8) -> UInt64 { UInt64(byte) &* 0x0101_0101_0101_0101 }

    /// Eight bytes, the lowest address in the lowest bits.
    @inline(__always)
    static func load(_ base: UnsafeRawPointer, _ offset: Int) -> UInt64 {
        UInt64(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// Marks the bytes of `word` that equal the spread byte.
    @inline(__always)
    static func matches(_ word: UInt64, _ spread: UInt64) -> UInt64 {
        let difference = word ^ spread
        return ~(((difference & low) &+ low) | difference | low)
    }

    /// Whether all eight bytes are ASCII.
    @inline(__always)
    static func isASCII(_ word: UInt64) -> Bool { word & ~low == 0 }

    /// How many bytes from a place on are ASCII and not zero; of the last seven before `end` none is
    /// looked at.
    static func plainLength(_ base: UnsafeRawPointer, _ start: Int, end: Int) -> Int {
        var at = start
        while at + 8 <= end {
            let word = load(base, at)
            let others = word & ~low | matches(word, 0)
            guard others == 0 else { return at - start + first(others) }
            at += 8
        }
        return at - start
    }

    /// The place, 0–7, of the first byte that a mask marks.
    @inline(__always)
    static func first(_ mask: UInt64) -> Int { mask.trailingZeroBitCount >> 3 }
}
