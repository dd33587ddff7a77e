/// A number with a unit behind it, as people write sizes and durations: `10MB`, `1.5 GiB`, `2s`.
///
/// At most three decimals; between number and unit there may be spaces. The unit may be missing.
struct Quantity: Hashable {
    /// The number in thousandths, so that `1.5` stays exact.
    let thousandths: Int64
    /// The letters behind the number, as they were written.
    let unit: String

    /// Nil for anything but digits, an optional fraction and letters, and for numbers past 2^53 thousandths.
    init?(_ text: String) {
        var rest = Substring(text)
        let whole = Self.digits(&rest)
        guard !whole.isEmpty else { return nil }
        var fraction = ""
        if rest.first == "." {
            rest.removeFirst()
            fraction = Self.digits(&rest)
            guard (1...3).contains(fraction.count) else { return nil }
        }
        let padded = fraction + String(repeating: "0", count: 3 - fraction.count)
        guard let number = Int64(whole + padded), number <= 1 << 53 else { return nil }
        let unit = rest.drop { $0 == " " }
        guard unit.utf8.allSatisfy(Self.isLetter) else { return nil }
        self.thousandths = number
        self.unit = String(unit)
    }

    /// The quantity in the smallest unit, one of which is `size` of the written unit's; nil where that is no whole
    /// number or too large.
    func times(_ size: Int64) -> Int64? {
        let (product, overflow) = thousandths.multipliedReportingOverflow(by: size)
        guard !overflow, product.isMultiple(of: 1000) else { return nil }
        return product / 1000
    }

    private static func digits(_ rest: inout Substring) -> String {
        let digits = rest.prefix { $0.isASCII && $0.isWholeNumber }
        rest.removeFirst(digits.count)
        return String(digits)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}
