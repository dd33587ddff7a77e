/// How an import went in the account's database.
public struct ImportCounts: Sendable, Hashable {
    /// Rows that are now in the database because of this document.
    public var processedCount: Int
    /// Valid rows whose key was there already, from before or from further up in the file.
    public var duplicatesSkipped: Int
    /// Tokens given out; zero where the schema has none.
    public var tokens: Int
    /// The table that holds the rows, as it is called in the database.
    public var table: String

    public init(processedCount: Int, duplicatesSkipped: Int, tokens: Int, table: String) {
        self.processedCount = processedCount
        self.duplicatesSkipped = duplicatesSkipped
        self.tokens = tokens
        self.table = table
    }
}
