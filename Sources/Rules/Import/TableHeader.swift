/// The first record of a table, as names.
public struct TableHeader: Sendable, Hashable {
    /// What ingestd appends to the records of `rejects.csv`; a mended one that is dropped again
    /// still has them.
    public static let rejectColumns = ["_row", "_field", "_message"]

    /// The names as they came, trimmed, without the reject columns at the end.
    public let names: [String]
    /// Whether the reject columns were there.
    public let hasRejectColumns: Bool

    /// Reject columns are known by their names, also where empty names stand behind them: a
    /// spreadsheet program saves each row as wide as the widest.
    public init(_ fields: [String]) {
        let trimmed = fields.map { $0.trimmingWhitespace() }
        let count = Self.rejectColumns.count
        let end = (trimmed.lastIndex { !$0.isEmpty } ?? -1) + 1
        let named = trimmed[..<end]
        hasRejectColumns =
            named.count > count
            && named.suffix(count).map { $0.lowercased() } == Self.rejectColumns
        names = hasRejectColumns ? Array(named.dropLast(count)) : trimmed
    }
}
