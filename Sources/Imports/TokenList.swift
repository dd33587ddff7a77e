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

    func forEach(_ body: (_ key: [String], _ token: String) throws -> Void) throws {
        // An error of the body's passes through untouched; only SQLite's are translated.
        var bodyError: (any Error)?
        try database.read("read tokens") { database in
            guard let schema = try schema(in: database) else { return }
            let rows = try Row.fetchCursor(
                database, sql: query(for: schema), arguments: [document.description])
            let count = schema.key.count
            while bodyError == nil, let row = try rows.next() {
                let key = (0..<count).map { row[$0] as String }
                do { try body(key, row[count]) } catch { bodyError = error }
            }
        }
        if let bodyError { throw bodyError }
    }

    /// Nil where the document's rows have no tokens.
    private func schema(in database: Database) throws -> TableSchema? {
        let name = try String.fetchOne(
            database, sql: #"SELECT "schema" FROM main."import" WHERE "document" = ?"#,
            arguments: [document.description])
        return schemas.first { $0.name == name && $0.hasTokens }
    }

    private func query(for schema: TableSchema) -> String {
        // The collection is the first part of the table's key: other collections are not looked at.
        let key = schema.key.map { "row.\(SQLName.quoted($0))" }
        let texts = key.map { "CAST(\($0) AS TEXT)" }.joined(separator: ", ")
        return """
            SELECT \(texts), row."token"
            FROM main."import" AS import
            JOIN main.\(SQLName.quoted(schema.table)) AS row
                ON row."collection" = import."collection" AND row."import" = import."id"
            WHERE import."document" = ? ORDER BY \(key.joined(separator: ", "))
            """
    }
}
