/// The first record of a table, as names.
public struct TableHeader: Sendable, Hashable {
    /// What ingestd appends to the records of `rejects.csv`; a mended one that is dropped again
    /// still has them.
    public static let rejectColumns = ["_row", "_field", "_message"]

    /// The names as they came, trimmed, without the reject columns at the end.
    public let names: [String]
    /// Whether the reject columns were there.
    public let hasRejectColumns: Bool

    public init(_ fields: [String]) {
        let trimmed = fields.map { $0.trimmingWhitespace() }
        let count = Self.rejectColumns.count
        hasRejectColumns =
            trimmed.count > count
            && trimmed.suffix(count).map { $0.lowercased() } == Self.rejectColumns
        names = hasRejectColumns ? trimmed.dropLast(count) : trimmed
    }

    /// How many fields the header record has, reject columns included.
    public var width: Int {
        names.count + (hasRejectColumns ? Self.rejectColumns.count : 0)
    }
}
