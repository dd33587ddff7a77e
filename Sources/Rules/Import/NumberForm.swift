/// Numbers as people write them in tables, and the one way in which each is kept.
enum NumberForm {
    private static let zero = UInt8(ascii: "0")
    private static let minus = UInt8(ascii: "-")
    private static let point = UInt8(ascii: ".")
    private static let comma = UInt8(ascii: ",")

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= zero && byte <= zero + 9 }

    /// Appends a whole number without `+`, needless zeros and the commas between thousands.
    ///
    /// - Returns: whether it is one, and fits into 64 bits.
    static func integer(_ value: UnsafeRawBufferPointer, into bytes: inout [UInt8]) -> Bool {
        let start = bytes.count
        guard decimal(value, into: &bytes), !bytes[start...].contains(point) else { return false }
        return fits(bytes[start...])
    }

    /// Appends a number without `+`, needless zeros before it and the commas between thousands; its
    /// fraction stays as it is.
    static func decimal(_ value: UnsafeRawBufferPointer, into bytes: inout [UInt8]) -> Bool {
        let start = bytes.count
        var rest = value[...]
        let isNegative = rest.first == minus
        if isNegative || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        let whole = rest.prefix { isDigit($0) || $0 == comma }
        rest = rest.dropFirst(whole.count)
        guard hasThousandsOnly(whole) else { return false }
        if isNegative { bytes.append(minus) }
        let digits = whole.filter { $0 != comma }
        let significant = digits.drop { $0 == zero }
        bytes.append(contentsOf: significant.isEmpty ? [zero] : Array(significant))
        if rest.first == point {
            let fraction = rest.dropFirst()
            guard !fraction.isEmpty, fraction.allSatisfy(isDigit) else { return false }
            bytes.append(contentsOf: rest)
        } else if !rest.isEmpty {
            return false
        }
        // There is one zero.
        if isNegative, bytes[start...].allSatisfy({ !isDigit($0) || $0 == zero }) {
            bytes.remove(at: start)
        }
        return true
    }

    /// Whether there are digits, and commas between groups of three or none at all.
    private static func hasThousandsOnly(_ whole: Slice<UnsafeRawBufferPointer>) -> Bool {
        let groups = whole.split(separator: comma, omittingEmptySubsequences: false)
        guard let first = groups.first, !first.isEmpty else { return false }
        guard groups.count > 1 else { return true }
        return first.count <= 3 && groups.dropFirst().allSatisfy { $0.count == 3 }
    }

    private static func fits(_ digits: ArraySlice<UInt8>) -> Bool {
        // So many digits always do.
        digits.count <= 18 || Int64(String(decoding: digits, as: UTF8.self)) != nil
    }

    /// Whether one kept number is less than another.
    static func isLess(_ left: [UInt8], than right: [UInt8]) -> Bool {
        let (left, right) = (Parts(left), Parts(right))
        guard left.isNegative == right.isNegative else { return left.isNegative }
        return left.isNegative ? right.isNearerZero(than: left) : left.isNearerZero(than: right)
    }

    /// A kept number taken apart.
    private struct Parts {
        let isNegative: Bool
        let whole: ArraySlice<UInt8>
        /// Without zeros at its end.
        let fraction: ArraySlice<UInt8>

        init(_ number: [UInt8]) {
            isNegative = number.first == NumberForm.minus
            let digits = number.dropFirst(isNegative ? 1 : 0)
            whole = digits.prefix { $0 != NumberForm.point }
            let rest = digits.dropFirst(whole.count + 1)
            fraction = rest.dropLast(rest.reversed().prefix { $0 == NumberForm.zero }.count)
        }

        func isNearerZero(than other: Parts) -> Bool {
            if whole.count != other.whole.count { return whole.count < other.whole.count }
            if !whole.elementsEqual(other.whole) {
                return whole.lexicographicallyPrecedes(other.whole)
            }
            return fraction.lexicographicallyPrecedes(other.fraction)
        }
    }

    // MARK: - Numbers that lose nothing as numbers

    /// What a text is, if a database may keep it as a number without losing a character of it.
    enum Plain {
        case none
        /// A whole number of 64 bits.
        case integer
        /// A number that a binary one of 64 bits gives back digit for digit.
        case decimal
        /// A number that it would write in another way.
        case longDecimal
    }

    /// Decimal digits that a binary number of 64 bits always keeps.
    private static let keptDigits = 15

    static func plain(_ value: UnsafeRawBufferPointer) -> Plain {
        var rest = value[...]
        let isNegative = rest.first == minus
        if isNegative { rest = rest.dropFirst() }
        let whole = rest.prefix(while: isDigit)
        rest = rest.dropFirst(whole.count)
        // A zero in front is part of a code, not of a number.
        guard let first = whole.first, first != zero || whole.count == 1 else { return .none }
        if rest.isEmpty {
            if isNegative, first == zero { return .none }
            let text = value.prefix(21)
            guard text.count == value.count, fits(Array(text)[...]) else { return .longDecimal }
            return .integer
        }
        let fraction = rest.dropFirst()
        guard rest.first == point, let last = fraction.last, fraction.allSatisfy(isDigit) else {
            return .none
        }
        let isZero = first == zero && fraction.allSatisfy { $0 == zero }
        // Below a ten-thousandth SQLite writes an exponent.
        let isTiny = first == zero && fraction.prefix(4).allSatisfy { $0 == zero }
        guard last != zero, !isZero, !isTiny, whole.count + fraction.count <= keptDigits else {
            return .longDecimal
        }
        return .decimal
    }
}
