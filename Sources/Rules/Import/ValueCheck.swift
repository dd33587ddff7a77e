/// A ``ValueRule`` made ready to judge values, one after the other.
///
/// Used by one thread at a time.
public final class ValueCheck {
    /// Why a rule makes no sense.
    public struct Mistake: Error, Hashable {
        /// The part of the rule that is at fault.
        public enum Part: Sendable, Hashable {
            case length, pattern, range, allowed, standard
        }

        public let part: Part
        /// The text within the part that is at fault, as the rule has it; nil where it is the whole.
        public var value: String?
        /// What is wrong, without a full stop.
        public let message: String
    }

    public let rule: ValueRule
    private let isKey: Bool
    private let machine: PatternMachine?
    private let trims: Bool
    private let lowers: Bool
    private let keepsDigitsOnly: Bool
    private var least: [UInt8]?
    private var greatest: [UInt8]?
    private var allowed: Set<[UInt8]> = []
    private var standard: [UInt8]?
    /// What transforms make of a value.
    private var changed: [UInt8] = []

    /// - Parameter isKey: whether rows are told apart by the column: values that mean the same
    ///   characters are then kept as the same bytes.
    public init(_ rule: ValueRule, isKey: Bool = false) throws(Mistake) {
        self.rule = rule
        self.isKey = isKey
        // What is not kept as it is written has no use for white space around it.
        trims = rule.type != .text || rule.transforms.contains(.trim)
        lowers = rule.transforms.contains(.lower)
        keepsDigitsOnly = rule.transforms.contains(.digits)
        if let text = rule.pattern {
            do {
                machine = PatternMachine(try Pattern(text))
            } catch {
                throw Mistake(part: .pattern, message: error.description)
            }
        } else {
            machine = nil
        }
        try readLength()
        try readRange()
        for value in rule.allowed {
            guard let kept = compared(value) else {
                throw Mistake(part: .allowed, value: value, message: mistaken(value))
            }
            allowed.insert(kept)
        }
        try readStandard()
    }

    /// Judges one field of a row.
    ///
    /// - Parameters:
    ///   - field: valid UTF-8.
    ///   - isRequired: whether a value must be there.
    ///   - scratch: where a value goes that is kept in another form than it came in.
    public func check(
        _ field: UnsafeRawBufferPointer, isRequired: Bool, scratch: inout [UInt8]
    ) -> ValueVerdict {
        let trimmed = UnicodeWhitespace.trimmed(field)
        guard !trimmed.isEmpty else {
            if let standard { return Self.rewritten(standard, &scratch) }
            return isRequired ? .refused(.missing) : .empty
        }
        let place = trims ? trimmed : 0..<field.count
        let value = UnsafeRawBufferPointer(rebasing: field[place])
        guard lowers || keepsDigitsOnly else { return judge(value, at: place, &scratch) }
        transform(value)
        // Nothing was left of it.
        if changed.isEmpty { return .refused(isRequired ? .missing : .notOfType) }
        return changed.withUnsafeBytes { judge($0, at: nil, &scratch) }
    }

    private func transform(_ value: UnsafeRawBufferPointer) {
        changed.removeAll(keepingCapacity: true)
        if lowers {
            TextForm.lower(value, into: &changed)
        } else {
            changed.append(contentsOf: value)
        }
        guard keepsDigitsOnly else { return }
        changed.removeAll { $0 < UInt8(ascii: "0") || $0 > UInt8(ascii: "9") }
    }

    // MARK: - Judging

    /// - Parameter place: where in the field the value stands; nil if it does not stand there.
    private func judge(
        _ value: UnsafeRawBufferPointer, at place: Range<Int>?, _ scratch: inout [UInt8]
    ) -> ValueVerdict {
        guard rule.type.isText else {
            let start = scratch.count
            guard Self.read(value, as: rule.type, into: &scratch) else {
                scratch.removeSubrange(start...)
                return .refused(.notOfType)
            }
            let wrong = scratch.withUnsafeBytes {
                fault(of: UnsafeRawBufferPointer(rebasing: $0[start...]))
            }
            return wrong.map { .refused($0) } ?? .rewritten(start..<scratch.count)
        }
        if rule.type == .email, TextForm.address(value, 0..<value.count) == nil {
            return .refused(.notOfType)
        }
        if rule.type == .phone, !TextForm.isPhone(value) { return .refused(.notOfType) }
        // What means the same characters is judged as the same, however it is spelt.
        guard isKey || machine != nil || !allowed.isEmpty, !CanonicalForm.isPlain(value) else {
            if let wrong = fault(of: value) { return .refused(wrong) }
            return place.map { .kept($0) } ?? Self.rewritten(Array(value), &scratch)
        }
        var composed = CanonicalForm.of(String(decoding: value, as: UTF8.self))
        let wrong = composed.withUTF8 { fault(of: UnsafeRawBufferPointer($0)) }
        if let wrong { return .refused(wrong) }
        if isKey { return Self.rewritten(Array(composed.utf8), &scratch) }
        return place.map { .kept($0) } ?? Self.rewritten(Array(value), &scratch)
    }

    /// What is wrong with a value of the right type, in the form in which it is compared.
    private func fault(of value: UnsafeRawBufferPointer) -> ValueFault? {
        if !rule.length.isOpen {
            let length = TextForm.length(value)
            if let least = rule.length.least, length < least { return .tooShort }
            if let greatest = rule.length.greatest, length > greatest { return .tooLong }
        }
        if let least, isLess(Array(value), least) { return .tooSmall }
        if let greatest, isLess(greatest, Array(value)) { return .tooLarge }
        if !allowed.isEmpty, !allowed.contains(Array(value)) { return .notAllowed }
        if let machine, !machine.matches(value) { return .otherThanPattern }
        return nil
    }

    private func isLess(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        switch rule.type {
        case .integer, .decimal: NumberForm.isLess(left, than: right)
        case .date, .text, .datetime, .boolean, .email, .phone:
            left.lexicographicallyPrecedes(right)
        }
    }

    private static func rewritten(_ value: [UInt8], _ scratch: inout [UInt8]) -> ValueVerdict {
        let start = scratch.count
        scratch += value
        return .rewritten(start..<scratch.count)
    }

    /// Appends a value in the form in which it is kept; false where it is not of the type.
    private static func read(
        _ value: UnsafeRawBufferPointer, as type: ValueType, into bytes: inout [UInt8]
    ) -> Bool {
        switch type {
        case .integer: return NumberForm.integer(value, into: &bytes)
        case .decimal: return NumberForm.decimal(value, into: &bytes)
        case .date: return DateForm.date(value, into: &bytes)
        case .datetime: return DateForm.moment(value, into: &bytes)
        case .boolean:
            guard let one = TextForm.boolean(value) else { return false }
            bytes.append(UInt8(ascii: "0") + one)
            return true
        case .text, .email, .phone: preconditionFailure("\(type.rawValue) is kept as it is written")
        }
    }
}

// MARK: - Reading the rule

extension ValueCheck {
    private func readLength() throws(Mistake) {
        guard !rule.length.isOpen else { return }
        guard rule.type.isText else {
            throw Mistake(
                part: .length, message: "only text has a length, \(rule.type.rawValue) has not")
        }
        guard (rule.length.least ?? 0) <= (rule.length.greatest ?? .max) else {
            throw Mistake(part: .length, message: "min must not be more than max")
        }
    }

    private func readRange() throws(Mistake) {
        guard !rule.range.isOpen else { return }
        guard rule.type.isOrdered else {
            throw Mistake(
                part: .range,
                message:
                    "only integer, decimal and date have a range, \(rule.type.rawValue) has not")
        }
        for value in [rule.range.least, rule.range.greatest].compactMap({ $0 })
        where compared(value) == nil {
            throw Mistake(part: .range, value: value, message: mistaken(value))
        }
        let low = rule.range.least.flatMap(compared)
        let high = rule.range.greatest.flatMap(compared)
        if let low, let high, isLess(high, low) {
            throw Mistake(part: .range, message: "min must not be more than max")
        }
        (least, greatest) = (low, high)
    }

    private func mistaken(_ value: String) -> String {
        "“\(value)” \(ValueFault.notOfType.message(of: rule))"
    }

    private func readStandard() throws(Mistake) {
        guard let value = rule.standard else { return }
        var scratch: [UInt8] = []
        let field = Array(value.utf8)
        switch field.withUnsafeBytes({ check($0, isRequired: true, scratch: &scratch) }) {
        case .kept(let place): standard = Array(field[place])
        case .rewritten(let place): standard = Array(scratch[place])
        case .empty: break
        case .refused(let fault):
            throw Mistake(part: .standard, message: "“\(value)” \(fault.message(of: rule))")
        }
    }

    /// A value of the rule itself in the form in which values are compared; nil if it is not of the
    /// type.
    private func compared(_ value: String) -> [UInt8]? {
        Array(CanonicalForm.of(value).utf8).withUnsafeBytes { bytes in
            let trimmed = UnsafeRawBufferPointer(
                rebasing: bytes[UnicodeWhitespace.trimmed(bytes)])
            guard !rule.type.isText else {
                transform(trimmed)
                return changed
            }
            var kept: [UInt8] = []
            return Self.read(trimmed, as: rule.type, into: &kept) ? kept : nil
        }
    }
}
