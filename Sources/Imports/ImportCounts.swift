/// How an import went in the account's database.
public struct ImportCounts: Sendable, Hashable {
    /// Rows that went into the database.
    public var processedCount: Int
    /// How many of them took the place of a row with their key, from before or from further up in
    /// the file.
    public var updatedCount: Int
    /// Rows that were left out because their key was there already.
    public var duplicatesSkipped: Int
    /// Rows that were rejected for the same reason.
    public var duplicatesRejected: Int
    /// Tokens given out; zero where the schema has none.
    public var tokens: Int
    /// The table that holds the rows, as it is called in the database.
    public var table: String

    public init(
        processedCount: Int, updatedCount: Int = 0, duplicatesSkipped: Int = 0,
        duplicatesRejected: Int = 0, tokens: Int, table: String
    ) {
        self.processedCount = processedCount
        self.updatedCount = updatedCount
        self.duplicatesSkipped = duplicatesSkipped
        self.duplicatesRejected = duplicatesRejected
        self.tokens = tokens
        self.table = table
    }
}
