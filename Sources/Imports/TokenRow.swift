import GRDBSQLite

/// A row that has a token, as SQLite stands on it: its bytes live no longer than the call that gives it.
public struct TokenRow {
    let statement: OpaquePointer
    /// How many columns tell rows apart.
    public let keyCount: Int
    /// The number of the last row that is among the first of the document.
    let lastRow: Int

    /// The number of the row's record in its file, the header being 1.
    public var row: Int { Int(sqlite3_column_int64(statement, Int32(keyCount + 1))) }

    /// Whether it is among those that come first in the file, of which so many were asked for.
    public var isAmongFirst: Bool { row <= lastRow }

    /// The token's characters.
    public var token: UnsafeRawBufferPointer { text(keyCount) }

    /// What the row has in one of the columns that tell rows apart, numbers as their digits.
    public func key(_ index: Int) -> UnsafeRawBufferPointer {
        precondition(index >= 0 && index < keyCount, "no such column")
        return text(index)
    }

    private func text(_ column: Int) -> UnsafeRawBufferPointer {
        // The text first: asked for its length, SQLite tells that of what it has made of the value.
        let text = sqlite3_column_text(statement, Int32(column))
        return UnsafeRawBufferPointer(
            start: text, count: Int(sqlite3_column_bytes(statement, Int32(column))))
    }
}
