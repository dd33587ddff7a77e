/// What became of one value under its column's rule.
public enum ValueVerdict: Sendable, Hashable {
    /// Nothing but white space, in a column that may lack a value.
    case empty
    /// The value is this part of the field.
    case kept(Range<Int>)
    /// The value is this part of the scratch bytes.
    case rewritten(Range<Int>)
    case refused(ValueFault)
}

/// What is wrong with one value. The rule that it breaks tells the rest.
public enum ValueFault: Sendable, Hashable, CaseIterable {
    case missing
    case tooShort, tooLong
    case notOfType
    case otherThanPattern
    case tooSmall, tooLarge
    case notAllowed

    /// How many allowed values a sentence lists.
    private static let listLimit = 10
    /// How many characters of each, and of a pattern.
    private static let clipLimit = 60

    /// For people; the field's name stands before it.
    public func message(of rule: ValueRule) -> String {
        switch self {
        case .missing: "is missing"
        case .tooShort: "has fewer than \(rule.length.least ?? 0) characters"
        case .tooLong: "has more than \(rule.length.greatest ?? 0) characters"
        case .notOfType: "is not \(rule.type.described)"
        case .otherThanPattern: "is not of the form \(Self.clipped(rule.pattern ?? ""))"
        case .tooSmall: "is less than \(rule.range.least ?? "")"
        case .tooLarge: "is more than \(rule.range.greatest ?? "")"
        case .notAllowed: "is none of " + Self.list(rule.allowed)
        }
    }

    private static func list(_ values: [String]) -> String {
        let shown = values.prefix(listLimit).map(clipped).joined(separator: ", ")
        let rest = values.count - listLimit
        return rest > 0 ? "\(shown) and \(rest) more" : shown
    }

    private static func clipped(_ text: String) -> String {
        text.count > clipLimit ? text.prefix(clipLimit) + "…" : text
    }
}

extension ValueType {
    /// As a sentence about a value names it.
    fileprivate var described: String {
        switch self {
        case .text: "text"
        case .integer: "a whole number"
        case .decimal: "a number"
        case .date: "a date such as 2024-01-31"
        case .datetime: "a date and time such as 2024-01-31 15:30"
        case .boolean: "yes or no"
        case .email: "an e-mail address"
        case .phone: "a telephone number"
        }
    }
}
