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
        guard digits(value[...], into: &bytes), !bytes[start...].contains(point) else {
            return false
        }
        return fits(bytes[start...])
    }

    /// Appends a number without `+`, needless zeros before it and the commas between thousands; its
    /// fraction stays as it is, and a power of ten behind it is written out.
    static func decimal(_ value: UnsafeRawBufferPointer, into bytes: inout [UInt8]) -> Bool {
        let start = bytes.count
        if digits(value[...], into: &bytes) { return true }
        bytes.removeSubrange(start...)
        return scientific(value, into: &bytes)
    }

    /// Appends a number in digits alone, in the form that ``decimal(_:into:)`` gives.
    ///
    /// - Returns: whether it is one; where it is not, some of it may have been appended.
    private static func digits(
        _ value: Slice<UnsafeRawBufferPointer>, into bytes: inout [UInt8]
    ) -> Bool {
        let start = bytes.count
        var rest = value
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

    /// The powers of ten that a binary number of 64 bits may have: what writes more is no program.
    private static let powers = -324...308

    /// Appends a number with a power of ten behind it, such as spreadsheets write, in digits alone.
    private static func scientific(
        _ value: UnsafeRawBufferPointer, into bytes: inout [UInt8]
    ) -> Bool {
        guard let mark = value.firstIndex(where: isPowerMark),
            let power = power(value[(mark + 1)...])
        else { return false }
        var mantissa: [UInt8] = []
        guard digits(value[..<mark], into: &mantissa) else { return false }
        if mantissa.first == minus { bytes.append(mantissa.removeFirst()) }
        // How many of the digits stand before the point.
        var whole = mantissa.firstIndex(of: point) ?? mantissa.count
        mantissa.removeAll { $0 == point }
        whole += power
        if whole > mantissa.count {
            mantissa += Array(repeating: zero, count: whole - mantissa.count)
        } else if whole < 1 {
            mantissa.insert(contentsOf: Array(repeating: zero, count: 1 - whole), at: 0)
            whole = 1
        }
        let significant = mantissa[..<whole].drop { $0 == zero }
        bytes.append(contentsOf: significant.isEmpty ? [zero] : significant)
        let fraction = mantissa[whole...]
        if !fraction.isEmpty { bytes.append(point) }
        bytes.append(contentsOf: fraction)
        return true
    }

    private static func isPowerMark(_ byte: UInt8) -> Bool { byte | 0x20 == UInt8(ascii: "e") }

    /// The power of ten that stands behind an `e`; nil for one that is none, or out of bounds.
    private static func power(_ text: Slice<UnsafeRawBufferPointer>) -> Int? {
        let hasSign = text.first == minus || text.first == UInt8(ascii: "+")
        let digits = text.dropFirst(hasSign ? 1 : 0)
        guard (1...powerDigits).contains(digits.count), digits.allSatisfy(isDigit) else {
            return nil
        }
        let size = digits.reduce(0) { $0 * 10 + Int($1 - zero) }
        let power = text.first == minus ? -size : size
        return powers.contains(power) ? power : nil
    }

    /// As many as the bounds have.
    private static let powerDigits = 3

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
        /// A number that it would write in another way; one with a power of ten is among them.
        case longDecimal
    }

    /// Decimal digits that a binary number of 64 bits always keeps.
    private static let keptDigits = 15

    /// Whether what stands behind the whole part of a number is a fraction, if any, and a power of
    /// ten with its sign, as programs write it. Without one it may be a code, such as `1E5`.
    private static func hasSignedPower(_ rest: Slice<UnsafeRawBufferPointer>) -> Bool {
        var rest = rest
        if rest.first == point {
            let fraction = rest.dropFirst().prefix(while: isDigit)
            guard !fraction.isEmpty else { return false }
            rest = rest.dropFirst(1 + fraction.count)
        }
        guard let mark = rest.first, isPowerMark(mark), let sign = rest.dropFirst().first,
            !isDigit(sign)
        else { return false }
        return power(rest.dropFirst()) != nil
    }

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
            return hasSignedPower(rest) ? .longDecimal : .none
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
