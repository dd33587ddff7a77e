/// The text of a number in an XLSX cell.
enum DecimalText {
    /// Doubles keep so many digits whatever they are.
    private static let exactDigits = 15
    /// Longer ones are no numbers that anybody counts or copies by its digits.
    private static let wholeDigits = 40

    /// Whether the text is already the shortest that reads back as its number, without an exponent:
    /// most are, and can be taken as they stand.
    static func isShortest(_ text: UnsafeRawBufferPointer) -> Bool {
        var place = text.first == UInt8(ascii: "-") ? 1 : 0
        let first = place
        var digits = 0
        var point: Int?
        while place < text.count {
            let byte = text[place]
            if byte == UInt8(ascii: ".") {
                guard point == nil else { return false }
                point = place
            } else {
                guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return false }
                digits += 1
            }
            place += 1
        }
        guard digits > 0, digits <= exactDigits else { return false }
        let whole = (point ?? text.count) - first
        guard whole > 0, whole == 1 || text[first] != UInt8(ascii: "0") else { return false }
        guard let point else { return first == 0 || text[first] != UInt8(ascii: "0") }
        return point + 1 < text.count && text[text.count - 1] != UInt8(ascii: "0")
            && !(whole == 1 && text[first] == UInt8(ascii: "0") && isTiny(text[(point + 1)...]))
    }

    /// Whether it is a whole number of more digits than a double keeps, such as a number of a card:
    /// what programs write so, they mean so, and it is taken as it stands.
    static func isLongWhole(_ text: UnsafeRawBufferPointer) -> Bool {
        let digits = text.dropFirst(text.first == UInt8(ascii: "-") ? 1 : 0)
        guard digits.count > exactDigits, digits.count <= wholeDigits,
            digits.first != UInt8(ascii: "0")
        else { return false }
        return digits.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
    }

    /// Whether so many zeros follow the point that ``CellNumber`` would write an exponent.
    private static func isTiny(_ fraction: Slice<UnsafeRawBufferPointer>) -> Bool {
        fraction.prefix(7).allSatisfy { $0 == UInt8(ascii: "0") }
    }

    /// The number; nil for what is none.
    static func value(_ text: UnsafeRawBufferPointer) -> Double? {
        let isDecimal = text.allSatisfy {
            ($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9")) || $0 == UInt8(ascii: ".")
                || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+")
                || $0 | 0x20 == UInt8(ascii: "e")
        }
        guard isDecimal else { return nil }
        return Double(String(decoding: text, as: UTF8.self))
    }

    /// A small whole number such as a place in a table; nil for anything else.
    static func index(_ text: UnsafeRawBufferPointer) -> Int? {
        guard !text.isEmpty, text.count <= 9 else { return nil }
        var value = 0
        for byte in text {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return value
    }
}
