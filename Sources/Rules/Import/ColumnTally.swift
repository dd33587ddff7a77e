/// What all values of a column of an inferred table have in common.
///
/// Rule: docs/formats.md, "Inferred tables".
public struct ColumnTally: Sendable {
    private struct Traits: OptionSet {
        let rawValue: UInt8

        static let integer = Traits(rawValue: 1)
        /// A number that a database may keep as one.
        static let plainDecimal = Traits(rawValue: 2)
        static let decimal = Traits(rawValue: 4)
        static let date = Traits(rawValue: 8)
        static let datetime = Traits(rawValue: 16)
        static let boolean = Traits(rawValue: 32)
        static let all: Traits = [integer, plainDecimal, decimal, date, datetime, boolean]
    }

    private var traits = Traits.all
    private var isEmpty = true

    public init() {}

    /// Takes a value as it came; an empty one says nothing.
    public mutating func take(_ value: UnsafeRawBufferPointer) {
        guard traits.rawValue != 0, !value.isEmpty else { return }
        look(at: value)
    }

    private mutating func look(at value: UnsafeRawBufferPointer) {
        isEmpty = false
        switch NumberForm.plain(value) {
        case .integer: traits.formIntersection([.integer, .plainDecimal, .decimal])
        case .decimal: traits.formIntersection([.plainDecimal, .decimal])
        case .longDecimal: traits.formIntersection(.decimal)
        case .none:
            traits.subtract([.integer, .plainDecimal, .decimal])
            if traits.contains(.date), !DateForm.isPlainDate(value) { traits.remove(.date) }
            if traits.contains(.datetime), !DateForm.isPlainMoment(value) {
                traits.remove(.datetime)
            }
            if traits.contains(.boolean), !TextForm.isTruth(value) { traits.remove(.boolean) }
        }
    }

    /// The type that all values are of.
    public var type: InferredType {
        if isEmpty { return .text }
        if traits.contains(.integer) { return .integer }
        if traits.contains(.plainDecimal) { return .decimal(isKeptAsNumber: true) }
        if traits.contains(.decimal) { return .decimal(isKeptAsNumber: false) }
        if traits.contains(.date) { return .date }
        if traits.contains(.datetime) { return .datetime }
        return traits.contains(.boolean) ? .boolean : .text
    }
}

/// What a column of an inferred table turned out to be; its values are never changed.
public enum InferredType: Sendable, Hashable {
    case text
    /// Whole numbers of 64 bits, written without a zero in front.
    case integer
    /// Numbers; kept as such where a database gives each back as it was written.
    case decimal(isKeptAsNumber: Bool)
    /// Days as ISO 8601 writes them.
    case date
    /// Moments as ISO 8601 writes them.
    case datetime
    /// `true` and `false`, in any case.
    case boolean

    /// As results name it.
    public var name: String {
        switch self {
        case .text: "text"
        case .integer: "integer"
        case .decimal: "decimal"
        case .date: "date"
        case .datetime: "datetime"
        case .boolean: "boolean"
        }
    }

    /// How a database keeps the column.
    public var column: ColumnKind {
        switch self {
        case .integer: .integer
        case .decimal(isKeptAsNumber: true): .numeric
        case .decimal(isKeptAsNumber: false), .text, .date, .datetime, .boolean: .text
        }
    }
}
