/// What can be said of a value that stays text.
enum TextForm {
    /// How many characters a text has, as people count them.
    static func length(_ value: UnsafeRawBufferPointer) -> Int {
        plainLength(value) ?? String(decoding: value, as: UTF8.self).count
    }

    /// The number of characters where each is known to be one scalar value: ASCII, Latin letters,
    /// CJK ideographs and Hangul syllables. Nil where Unicode's rules for combining must be asked.
    private static func plainLength(_ value: UnsafeRawBufferPointer) -> Int? {
        var length = 0
        var index = 0
        while index < value.count {
            let lead = value[index]
            switch lead {
            case 0x20..<0x7f:
                index += 1
            case 0xc3...0xcb:
                index += 2
            case 0xe4...0xe9, 0xeb, 0xec:
                index += 3
            case 0xea, 0xed:
                guard index + 1 < value.count else { return nil }
                let second = value[index + 1]
                // U+AC00 and above; below U+D780.
                guard lead == 0xea ? second >= 0xb0 : second <= 0x9d else { return nil }
                index += 3
            default:
                return nil
            }
            length += 1
        }
        return length
    }

    /// What an address is made of, besides that it is one.
    struct Address {
        var hasCapitals = false
        var isASCII = true
    }

    /// Nil for what is not of the form `^[^\s@]+@[^\s@]+\.[^\s@]+$`.
    static func address(_ field: UnsafeRawBufferPointer, _ place: Range<Int>) -> Address? {
        var found = Address()
        var at: Int?
        var hasInnerDot = false
        for index in place {
            let byte = field[index]
            // Of these an address nearly all is.
            if byte &- UInt8(ascii: "a") < 26 || byte &- UInt8(ascii: "0") < 10 { continue }
            switch byte {
            case UInt8(ascii: "@"):
                guard at == nil else { return nil }
                at = index
            case UInt8(ascii: "."):
                // A label must stand on either side.
                if let at, index > at + 1, index + 1 < place.upperBound { hasInnerDot = true }
            case UInt8(ascii: "A")...UInt8(ascii: "Z"):
                found.hasCapitals = true
            default:
                if byte >= 0x80 { found.isASCII = false }
                guard UnicodeWhitespace.length(in: field, at: index, end: place.upperBound) == 0
                else { return nil }
            }
        }
        guard let at, at > place.lowerBound, hasInnerDot else { return nil }
        return found
    }

    /// How many digits a telephone number has: the shortest are for emergencies, the longest are
    /// those of ITU-T E.164.
    private static let phoneDigits = 3...15

    /// Whether these are the digits of a number, and no more than what people write between them.
    static func isPhone(_ value: UnsafeRawBufferPointer) -> Bool {
        var digits = 0
        for (index, byte) in value.enumerated() {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digits += 1
            case UInt8(ascii: "+"):
                guard index == 0 || value[0] == UInt8(ascii: "(") else { return false }
            case UInt8(ascii: " "), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "/"),
                UInt8(ascii: "("), UInt8(ascii: ")"):
                break
            default: return false
            }
        }
        return phoneDigits.contains(digits)
    }

    /// Appends the text with small letters.
    static func lower(_ value: UnsafeRawBufferPointer, into bytes: inout [UInt8]) {
        guard value.allSatisfy({ $0 < 0x80 }) else {
            bytes.append(contentsOf: String(decoding: value, as: UTF8.self).lowercased().utf8)
            return
        }
        for byte in value {
            let isCapital = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
            bytes.append(isCapital ? byte | 0x20 : byte)
        }
    }

    /// The words that mean yes and no, in small letters.
    private static let booleans: [String: UInt8] = [
        "true": 1, "false": 0, "yes": 1, "no": 0, "y": 1, "n": 0, "t": 1, "f": 0, "1": 1, "0": 0,
        "on": 1, "off": 0, "o": 1, "x": 0, "예": 1, "아니오": 0, "아니요": 0, "네": 1, "참": 1, "거짓": 0,
    ]
    private static let longestBoolean = 32

    /// Whether this is `true` or `false`, in any case.
    static func isTruth(_ value: UnsafeRawBufferPointer) -> Bool {
        guard value.count == 4 || value.count == 5 else { return false }
        return value.lazy.map { $0 | 0x20 }.elementsEqual("true".utf8)
            || value.lazy.map { $0 | 0x20 }.elementsEqual("false".utf8)
    }

    /// One or zero; nil for a word that means neither.
    static func boolean(_ value: UnsafeRawBufferPointer) -> UInt8? {
        guard value.count <= longestBoolean else { return nil }
        return booleans[String(decoding: value, as: UTF8.self).lowercased()]
    }
}
