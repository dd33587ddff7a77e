/// What the values of a column must be, and the form in which they are kept, as a config says it.
///
/// ``ValueCheck`` is what comes of it. Rule: docs/formats.md, "Schemas".
public struct ValueRule: Sendable, Hashable {
    public var type: ValueType
    /// What is done to a value before anything else, in the order of ``ValueTransform``.
    public var transforms: Set<ValueTransform>
    /// How many characters, as people count them.
    public var length: ValueBounds<Int>
    /// A regular expression that a value must have somewhere; see ``Pattern``.
    public var pattern: String?
    /// The least and the greatest value, written as values are.
    public var range: ValueBounds<String>
    /// All values that there may be; none for any.
    public var allowed: [String]
    /// What an empty field stands for, written as values are.
    public var standard: String?

    /// How many values may be listed as allowed.
    public static let allowedLimit = 1000

    public init(
        type: ValueType = .text, transforms: Set<ValueTransform> = [.trim],
        length: ValueBounds<Int> = ValueBounds(), pattern: String? = nil,
        range: ValueBounds<String> = ValueBounds(), allowed: [String] = [], standard: String? = nil
    ) {
        self.type = type
        self.transforms = transforms
        self.length = length
        self.pattern = pattern
        self.range = range
        self.allowed = allowed
        self.standard = standard
    }
}

/// What kind of thing a value is.
public enum ValueType: String, Sendable, Hashable, CaseIterable {
    case text, integer, decimal, date, datetime, boolean, email, phone

    /// Whether a value is kept as it is written.
    var isText: Bool {
        switch self {
        case .text, .email, .phone: true
        case .integer, .decimal, .date, .datetime, .boolean: false
        }
    }

    /// Whether one value may be said to be less than another.
    var isOrdered: Bool {
        switch self {
        case .integer, .decimal, .date: true
        case .text, .datetime, .boolean, .email, .phone: false
        }
    }

    /// How a database keeps such values.
    public var column: ColumnKind {
        switch self {
        case .integer, .boolean: .integer
        case .text, .decimal, .date, .datetime, .email, .phone: .text
        }
    }
}

/// How a column of a database keeps its values, as SQL names it.
public enum ColumnKind: String, Sendable, Hashable {
    case text = "TEXT"
    case integer = "INTEGER"
    /// Numbers, whole or not.
    case numeric = "NUMERIC"
}

/// What may be done to a value before it is judged, in this order.
public enum ValueTransform: String, Sendable, Hashable, CaseIterable {
    /// White space around it goes.
    case trim
    /// Letters become small.
    case lower
    /// All but the digits 0–9 goes.
    case digits
}

/// The least and the greatest of something; either may be left open.
public struct ValueBounds<Value: Sendable & Hashable>: Sendable, Hashable {
    public var least: Value?
    public var greatest: Value?

    public init(least: Value? = nil, greatest: Value? = nil) {
        self.least = least
        self.greatest = greatest
    }

    var isOpen: Bool { least == nil && greatest == nil }
}

extension ValueBounds where Value: Comparable {
    /// Whether neither bound is passed.
    func contains(_ value: Value) -> Bool {
        if let least, value < least { return false }
        if let greatest, value > greatest { return false }
        return true
    }
}
