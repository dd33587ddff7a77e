import GRDB
import GRDBSQLite
import Rules

/// The tokens that one document's rows were given.
///
/// Rows are told apart by millions: they are read from SQLite itself, since a text made of each value would
/// cost more than all else.
struct TokenList {
    private let document: DocumentID
    private let schemas: [TableSchema]
    private let database: ImportDatabase

    init(of document: DocumentID, schemas: [TableSchema], in database: ImportDatabase) {
        self.document = document
        self.schemas = schemas
        self.database = database
    }

    /// Calls `body` with each row, in order of the keys.
    func forEach(_ body: (TokenRow) throws -> Void) throws {
        // An error of the body's passes through untouched; only SQLite's are translated.
        var bodyError: (any Error)?
        try database.read("read tokens") { database in
            guard let schema = try schema(in: database) else { return }
            let order = schema.key.map { "row.\(SQLName.quoted($0))" }.joined(separator: ", ")
            try rows(of: schema, "ORDER BY \(order)", in: database) { row in
                do {
                    try body(row)
                    return true
                } catch {
                    bodyError = error
                    return false
                }
            }
        }
        if let bodyError { throw bodyError }
    }

    /// Those of the rows that come first in the file.
    func first(_ limit: Int) throws -> [NumberedToken] {
        var first: [NumberedToken] = []
        try database.read("read the first tokens") { database in
            guard let schema = try schema(in: database) else { return }
            try rows(of: schema, #"ORDER BY row."row" LIMIT \#(limit)"#, in: database) { row in
                first.append(
                    NumberedToken(row: row.row, token: String(decoding: row.token, as: UTF8.self)))
                return true
            }
        }
        return first
    }

    /// Nil where the document's rows have no tokens.
    private func schema(in database: Database) throws -> TableSchema? {
        let name = try String.fetchOne(
            database, sql: #"SELECT "schema" FROM main."import" WHERE "document" = ?"#,
            arguments: [document.description])
        return schemas.first { $0.name == name && $0.hasTokens }
    }

    /// Calls `body` with each row until it returns false.
    private func rows(
        of schema: TableSchema, _ order: String, in database: Database,
        _ body: (TokenRow) -> Bool
    ) throws {
        // The collection is the first part of the table's key: other collections are not looked at.
        let key = schema.key.map { "row.\(SQLName.quoted($0))" }.joined(separator: ", ")
        let statement = try database.makeStatement(
            sql: """
                SELECT \(key), row."token", row."row"
                FROM main."import" AS import
                JOIN main.\(SQLName.quoted(schema.table)) AS row
                    ON row."collection" = import."collection" AND row."import" = import."id"
                WHERE import."document" = ? \(order)
                """)
        try statement.setArguments([document.description])
        defer { sqlite3_reset(statement.sqliteStatement) }
        let row = TokenRow(statement: statement.sqliteStatement, keyCount: schema.key.count)
        while true {
            let code = sqlite3_step(statement.sqliteStatement)
            guard code == SQLITE_ROW else {
                guard code == SQLITE_DONE else {
                    throw DatabaseError(
                        resultCode: ResultCode(rawValue: code), message: database.lastErrorMessage)
                }
                return
            }
            guard body(row) else { return }
        }
    }
}
