/// A place among bytes that end with zeros.
struct ScanCursor {
    static let quote = UInt8(ascii: "\"")

    private(set) var place: UnsafePointer<UInt8>

    init(_ place: UnsafePointer<UInt8>) { self.place = place }

    /// Goes behind a word; false where another stands here.
    @inline(__always)
    mutating func skip(_ word: ScanWord) -> Bool {
        let found = UnsafeRawPointer(place).loadUnaligned(as: UInt64.self).littleEndian
        guard found & word.mask == word.bytes else { return false }
        place += word.count
        return true
    }

    @inline(__always)
    mutating func skipBlanks() {
        while place.pointee.isXMLBlank { place += 1 }
    }

    /// Reads the attributes of a tag to where it ends, and tells those whose names have one letter.
    ///
    /// - Returns: false where one is not plain: its name or value has other than ASCII, its value an entity
    ///   or quotes of the other kind, or its name may have come before.
    @inline(__always)
    mutating func readAttributes(
        _ body: (_ name: UInt8, _ value: UnsafePointer<CChar>) -> Void
    ) -> Bool {
        var seen: UInt64 = 0
        while true {
            guard place.pointee == UInt8(ascii: " ") else { return isAtTagEnd }
            repeat { place += 1 } while place.pointee == UInt8(ascii: " ")
            if isAtTagEnd { return true }
            let name = place
            guard ScanBytes.letters.contains(name.pointee) else { return false }
            var local = name
            repeat {
                place += 1
                if place.pointee == UInt8(ascii: ":") { local = place + 1 }
            } while ScanBytes.names.contains(place.pointee)
            let length = place - name
            let mark = Self.mark(name[0], place[-1], length)
            // A prefix says nothing here, so what stands behind it must not be taken for one of ours.
            guard seen & mark == 0, local == name || place - local > 1,
                place[0] == UInt8(ascii: "="), place[1] == Self.quote
            else { return false }
            seen |= mark
            place += 2
            let value = place
            while ScanBytes.plain.contains(place.pointee) { place += 1 }
            guard place.pointee == Self.quote else { return false }
            place += 1
            if length == 1 {
                body(name[0], UnsafeRawPointer(value).assumingMemoryBound(to: CChar.self))
            }
        }
    }

    /// The plain text that begins here.
    @inline(__always)
    mutating func readValue() -> UnsafeRawBufferPointer {
        let start = place
        while ScanBytes.plain.contains(place.pointee) { place += 1 }
        return UnsafeRawBufferPointer(start: start, count: place - start)
    }

    /// The text that begins here, up to what is not plain or would have to be unescaped.
    @inline(__always)
    mutating func readText() -> UnsafeRawBufferPointer {
        let start = place
        while true {
            if ScanBytes.texts.contains(place.pointee) {
                // `_x0041_` stands for `A`.
                if place[0] == UInt8(ascii: "_"), place[1] == UInt8(ascii: "x") { break }
                place += 1
            } else {
                let length = longCharacter
                guard length > 0 else { break }
                place += length
            }
        }
        return UnsafeRawBufferPointer(start: start, count: place - start)
    }

    /// Bytes of the character of two or three that begins here; 0 where there is none, or a rare one.
    private var longCharacter: Int {
        let lead = place[0]
        guard lead >= 0xc2, lead < 0xf0, place[1] & 0xc0 == 0x80 else { return 0 }
        if lead < 0xe0 { return 2 }
        // Neither overlong forms nor surrogates, and not the last, which are no characters.
        guard place[2] & 0xc0 == 0x80, lead != 0xe0, lead != 0xed || place[1] < 0xa0,
            lead != 0xef || place[1] < 0xbf
        else { return 0 }
        return 3
    }

    private var isAtTagEnd: Bool {
        place.pointee == UInt8(ascii: ">") || place.pointee == UInt8(ascii: "/")
    }

    /// One of 64 bits for a name: equal names have equal ones.
    @inline(__always)
    private static func mark(_ first: UInt8, _ last: UInt8, _ length: Int) -> UInt64 {
        1 << ((UInt64(first) &* 7 &+ UInt64(last) &* 3 &+ UInt64(length)) & 63)
    }
}

/// Up to eight bytes that stand together.
struct ScanWord {
    static let longest = 8

    let bytes: UInt64
    let count: Int

    /// - Parameter bytes: the first in the lowest place.
    @inline(__always)
    private init(_ bytes: UInt64, _ count: Int) {
        self.bytes = bytes
        self.count = count
    }

    @inline(__always)
    var mask: UInt64 { .max >> (64 - 8 * UInt64(count)) }

    /// `<row`, `</row>`.
    static var row: ScanWord { ScanWord(0x776f_723c, 4) }
    static var rowEnd: ScanWord { ScanWord(0x3e77_6f72_2f3c, 6) }
    /// `<c`, `</c>`.
    static var cell: ScanWord { ScanWord(0x633c, 2) }
    static var cellEnd: ScanWord { ScanWord(0x3e63_2f3c, 4) }
    /// `<v>`, `</v></c>`.
    static var valueBegin: ScanWord { ScanWord(0x3e_763c, 3) }
    static var valueAndCellEnd: ScanWord { ScanWord(0x3e63_2f3c_3e76_2f3c, 8) }
    /// `str"`, and `inlineStr"` in two words.
    static var formulaText: ScanWord { ScanWord(0x2272_7473, 4) }
    static var inlineText: ScanWord { ScanWord(0x7453_656e_696c_6e69, 8) }
    static var inlineTextEnd: ScanWord { ScanWord(0x2272, 2) }
    /// `<is><t>`, and `</t></is></c>` in two words.
    static var inlineBegin: ScanWord { ScanWord(0x3e_743c_3e73_693c, 7) }
    static var inlineEnd: ScanWord { ScanWord(0x7369_2f3c_3e74_2f3c, 8) }
    static var inlineAndCellEnd: ScanWord { ScanWord(0x3e_632f_3c3e, 5) }
    /// `>`, `/>`.
    static var tagEnd: ScanWord { ScanWord(0x3e, 1) }
    static var emptyEnd: ScanWord { ScanWord(0x3e2f, 2) }
}

/// A set of ASCII bytes.
private struct ScanBytes {
    private let low: UInt64
    private let high: UInt64

    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
        guard byte < 128 else { return false }
        return (byte < 64 ? low : high) >> UInt64(byte & 63) & 1 == 1
    }

    /// Of attributes and values, what stands for itself: from space to `~`, but not `"`, `&`, `<` and `>`.
    static var plain: ScanBytes {
        ScanBytes(low: 0xafff_ffbb_0000_0000, high: 0x7fff_ffff_ffff_ffff)
    }
    /// Of texts also `"`.
    static var texts: ScanBytes {
        ScanBytes(low: 0xafff_ffbf_0000_0000, high: 0x7fff_ffff_ffff_ffff)
    }
    /// Letters begin a name.
    static var letters: ScanBytes { ScanBytes(low: 0, high: 0x07ff_fffe_07ff_fffe) }
    /// Letters, digits, `-`, `.`, `:` and `_` go on with it.
    static var names: ScanBytes {
        ScanBytes(low: 0x07ff_6000_0000_0000, high: 0x07ff_fffe_87ff_fffe)
    }
}
