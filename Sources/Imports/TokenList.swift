import GRDB
import Rules

/// The tokens that one document's rows were given.
struct TokenList {
    private let document: DocumentID
    private let schemas: [TableSchema]
    private let database: ImportDatabase

    init(of document: DocumentID, schemas: [TableSchema], in database: ImportDatabase) {
        self.document = document
        self.schemas = schemas
        self.database = database
    }

    func forEach(_ body: (_ key: String, _ token: String) throws -> Void) throws {
        // An error of the body's passes through untouched; only SQLite's are translated.
        var bodyError: (any Error)?
        try database.read("read tokens") { database in
            guard let query = try query(in: database) else { return }
            let rows = try Row.fetchCursor(
                database, sql: query, arguments: [document.description])
            while bodyError == nil, let row = try rows.next() {
                do { try body(row[0], row[1]) } catch { bodyError = error }
            }
        }
        if let bodyError { throw bodyError }
    }

    /// Nil where the document's rows have no tokens.
    private func query(in database: Database) throws -> String? {
        let name = try String.fetchOne(
            database, sql: #"SELECT "schema" FROM main."import" WHERE "document" = ?"#,
            arguments: [document.description])
        guard let schema = schemas.first(where: { $0.name == name && $0.hasTokens }) else {
            return nil
        }
        // The collection is the first part of the table's key: other collections are not looked at.
        let table = SQLName.quoted(schema.name)
        let key = SQLName.quoted(schema.keyColumn)
        return """
            SELECT row.\(key), row."token"
            FROM main."import" AS import
            JOIN main.\(table) AS row
                ON row."collection" = import."collection" AND row."import" = import."id"
            WHERE import."document" = ? ORDER BY row.\(key)
            """
    }
}
