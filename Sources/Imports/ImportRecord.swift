import GRDB
import Rules

/// One row of the table `import`: a document whose rows are in the database.
struct ImportRecord {
    var document: DocumentID
    var fileName: String
    var collection: String
    /// Nil for a table taken as it was.
    var schema: String?
    var totalRows: Int
    var errorCount: Int
    var counts: ImportCounts
    var importedAt: Timestamp

    /// The number that the next import of this database gets.
    static func nextNumber(in database: Database) throws -> Int64 {
        try Int64.fetchOne(database, sql: #"SELECT coalesce(max("id"), 0) + 1 FROM main."import""#)
            ?? 1
    }

    func insert(as number: Int64, into database: Database) throws {
        try database.execute(
            sql: """
                INSERT INTO main."import" ("id", "document", "file_name", "collection", "schema",
                    "table", "total_rows", "processed_count", "error_count", "duplicates_skipped",
                    "tokens", "imported_at")
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                number, document.description, fileName, collection, schema, counts.table,
                totalRows, counts.processedCount, errorCount, counts.duplicatesSkipped,
                counts.tokens, importedAt.description,
            ])
    }
}
