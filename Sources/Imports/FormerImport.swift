import GRDB
import Rules

/// What an earlier run over the same document has left in the database; it gives way to what the
/// document brings now, within one transaction.
///
/// Rule: docs/formats.md, "The imports database".
struct FormerImport {
    /// The number that the document's import has and keeps.
    let number: Int64
    private let collection: String
    private let schema: String?
    private let table: String

    /// Nil where the document was never imported.
    init?(of document: DocumentID, in database: Database) throws {
        let row = try Row.fetchOne(
            database,
            sql: """
                SELECT "id", "collection", "schema", "table" FROM main."import"
                WHERE "document" = ?
                """,
            arguments: [document.description])
        guard let row else { return nil }
        number = row["id"]
        collection = row["collection"]
        schema = row["schema"]
        table = row["table"]
    }

    /// Takes the document's rows and its record out of the database.
    ///
    /// - Parameter kept: where the rows' tokens are put beforehand: whoever has one has it in print.
    func remove(keeping kept: KeptTokens?, in database: Database) throws {
        try database.execute(
            sql: #"DELETE FROM main."import" WHERE "id" = ?"#, arguments: [number])
        guard try database.tableExists(table, in: "main") else { return }
        guard schema != nil else {
            try database.execute(sql: "DROP TABLE main.\(SQLName.quoted(table))")
            return
        }
        if let kept, kept.table == table {
            try kept.fill(fromImport: number, collection: collection, in: database)
        }
        // The collection is the first part of the table's key: other collections are not looked at.
        try database.execute(
            sql: """
                DELETE FROM main.\(SQLName.quoted(table)) WHERE "collection" = ? AND "import" = ?
                """, arguments: [collection, number])
    }
}
