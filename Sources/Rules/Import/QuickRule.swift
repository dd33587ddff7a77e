/// The few rules that nearly all columns have, as a plain value: judging by one of these touches
/// nothing but the field.
///
/// It says what ``ValueCheck`` would.
public enum QuickRule: Sendable, Hashable {
    /// Anything, trimmed.
    case text
    /// So many characters, trimmed.
    case boundedText(least: Int32, greatest: Int32)
    /// An address, trimmed, with small letters; in Unicode's composed form where rows are told
    /// apart by it.
    case address(isKey: Bool)

    /// Nil for rules that are not among the few.
    public init?(_ rule: ValueRule, isKey: Bool) {
        guard rule.pattern == nil, rule.range.isOpen, rule.allowed.isEmpty, rule.standard == nil
        else { return nil }
        switch (rule.type, rule.transforms) {
        case (.text, [.trim]) where !isKey && rule.length.isOpen:
            self = .text
        case (.text, [.trim]) where !isKey:
            self = .boundedText(
                least: Int32(clamping: rule.length.least ?? 0),
                greatest: Int32(clamping: rule.length.greatest ?? .max))
        case (.email, [.trim, .lower]) where rule.length.isOpen:
            self = .address(isKey: isKey)
        default:
            return nil
        }
    }

    /// Judges one field of a row, as ``ValueCheck/check(_:isRequired:scratch:)`` does.
    public func check(
        _ field: UnsafeRawBufferPointer, isRequired: Bool, scratch: inout [UInt8]
    ) -> ValueVerdict {
        let place = UnicodeWhitespace.trimmed(field)
        guard !place.isEmpty else { return isRequired ? .refused(.missing) : .empty }
        switch self {
        case .text:
            return .kept(place)
        case .boundedText(let least, let greatest):
            let length = TextForm.length(UnsafeRawBufferPointer(rebasing: field[place]))
            if length < least { return .refused(.tooShort) }
            if length > greatest { return .refused(.tooLong) }
            return .kept(place)
        case .address(let isKey):
            guard let address = TextForm.address(field, place) else { return .refused(.notOfType) }
            if address.isASCII && !address.hasCapitals { return .kept(place) }
            let start = scratch.count
            let value = UnsafeRawBufferPointer(rebasing: field[place])
            if isKey && !address.isASCII {
                let small = String(decoding: value, as: UTF8.self).lowercased()
                scratch.append(contentsOf: CanonicalForm.of(small).utf8)
            } else {
                TextForm.lower(value, into: &scratch)
            }
            return .rewritten(start..<scratch.count)
        }
    }
}
