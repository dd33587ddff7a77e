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

/// What is wrong with one value.
public enum ValueFault: Sendable, Hashable {
    case missing
    case tooShort
    case tooLong
    case notAnAddress

    /// For people; the field's name stands before it.
    public var message: String {
        switch self {
        case .missing: "is missing"
        case .tooShort: "has fewer than \(ValueRule.nameLengths.lowerBound) characters"
        case .tooLong: "has more than \(ValueRule.nameLengths.upperBound) characters"
        case .notAnAddress: "is not an e-mail address"
        }
    }
}
