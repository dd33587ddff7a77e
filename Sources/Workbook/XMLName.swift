/// The name of an element or attribute, without its prefix.
///
/// Which namespace a prefix stands for is not asked: Strict and Transitional workbooks differ in
/// nothing else, and no two names of ours differ by it alone.
struct XMLName {
    /// The bytes of a name of up to eight, the first in the lowest place; 0 for a longer one.
    let key: UInt64
    private let bytes: UnsafePointer<CChar>

    @inline(__always)
    init(_ name: UnsafePointer<CChar>) {
        var key: UInt64 = 0
        var shift: UInt64 = 0
        var start = name
        var place = name
        while place.pointee != 0 {
            let byte = UInt8(bitPattern: place.pointee)
            place += 1
            if byte == UInt8(ascii: ":") {
                key = 0
                shift = 0
                start = place
            } else {
                if shift < 64 { key |= UInt64(byte) << shift }
                shift += 8
            }
        }
        self.key = shift <= 64 ? key : 0
        bytes = start
    }

    /// For names that are met seldom.
    var text: String { String(cString: bytes) }

    static let c: UInt64 = 0x63
    static let r: UInt64 = 0x72
    static let s: UInt64 = 0x73
    static let t: UInt64 = 0x74
    static let v: UInt64 = 0x76
    static let inline: UInt64 = 0x7369
    static let si: UInt64 = 0x6973
    static let xf: UInt64 = 0x6678
    static let id: UInt64 = 0x6469
    static let row: UInt64 = 0x77_6f72
    static let phonetic: UInt64 = 0x68_5072
    static let name: UInt64 = 0x656d_616e
    static let space: UInt64 = 0x65_6361_7073
}

/// The attributes of an element: names and values in turn, as expat hands them over.
struct XMLAttributes {
    let list: UnsafeMutablePointer<UnsafePointer<CChar>?>

    /// Calls `body` with each name and its value.
    @inline(__always)
    func forEach(_ body: (XMLName, UnsafePointer<CChar>) -> Void) {
        var place = list
        while let name = place[0], let value = place[1] {
            body(XMLName(name), value)
            place += 2
        }
    }

    /// The value of the attribute of this name; for elements that are met seldom.
    subscript(name: String) -> String? {
        var found: String?
        forEach { attribute, value in
            if attribute.text == name { found = String(cString: value) }
        }
        return found
    }
}
