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

    /// Calls `body` with each row, in order of the keys, all as they are at one moment.
    ///
    /// - Parameter limit: how many rows are said to be among the first; nil for all of them, which saves a look.
    func forEach(first limit: Int?, _ body: (TokenRow) throws -> Void) throws {
        // An error of the body's passes through untouched; only SQLite's are translated.
        var bodyError: (any Error)?
        try database.read("read tokens") { database in
            // Other imports may take rows over between one question and the next.
            try database.inTransaction(.deferred) {
                guard let schema = try schema(in: database) else { return .commit }
                let last =
                    try limit.map { try lastRow(among: $0, of: schema, in: database) } ?? .max
                try rows(of: schema, upTo: last, in: database) { row in
                    do {
                        try body(row)
                        return true
                    } catch {
                        bodyError = error
                        return false
                    }
                }
                return .commit
            }
        }
        if let bodyError { throw bodyError }
    }

    /// The number of the last of so many rows that come first in the file.
    private func lastRow(
        among limit: Int, of schema: TableSchema, in database: Database
    ) throws -> Int {
        guard limit > 0 else { return 0 }
        return try Int.fetchOne(
            database,
            sql: """
                SELECT row."row" \(rows(of: schema)) ORDER BY row."row" LIMIT 1 OFFSET ?
                """, arguments: [document.description, limit - 1]) ?? .max
    }

    /// The part of a question that says whose rows are meant.
    private func rows(of schema: TableSchema) -> String {
        // The collection is the first part of the table's key: other collections are not looked at.
        """
        FROM main."import" AS import
        JOIN main.\(SQLName.quoted(schema.table)) AS row
            ON row."collection" = import."collection" AND row."import" = import."id"
        WHERE import."document" = ?
        """
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
        of schema: TableSchema, upTo lastRow: Int, in database: Database,
        _ body: (TokenRow) -> Bool
    ) throws {
        let key = schema.key.map { "row.\(SQLName.quoted($0))" }.joined(separator: ", ")
        let statement = try database.makeStatement(
            sql: """
                SELECT \(key), row."token", row."row" \(rows(of: schema)) ORDER BY \(key)
                """)
        try statement.setArguments([document.description])
        defer { sqlite3_reset(statement.sqliteStatement) }
        let row = TokenRow(
            statement: statement.sqliteStatement, keyCount: schema.key.count, lastRow: lastRow)
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
