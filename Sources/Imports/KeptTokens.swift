import GRDB
import Rules

/// The tokens that a document's rows had before, by their keys: a row that comes again keeps its own.
///
/// A table of the connection's own, on disk and not in memory, that lives no longer than the
/// transaction.
struct KeptTokens {
    private static let name = #"temp."ingestd_kept""#

    /// The table that the rows were in and come back to.
    let table: String
    private let keyColumn: String

    /// Nil where the rows get no tokens.
    init?(of target: ImportTarget) {
        guard case .keyed(let schema, _) = target, target.hasTokens else { return nil }
        table = schema.name
        keyColumn = schema.keyColumn
    }

    /// Makes the table, empty.
    func create(in database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE \(Self.name) (
                    "of" TEXT PRIMARY KEY, "kept" TEXT NOT NULL
                ) WITHOUT ROWID
                """)
    }

    func fill(fromImport number: Int64, collection: String, in database: Database) throws {
        try database.execute(
            sql: """
                INSERT INTO \(Self.name) SELECT \(SQLName.quoted(keyColumn)), "token"
                FROM main.\(SQLName.quoted(table)) WHERE "collection" = ? AND "import" = ?
                """, arguments: [collection, number])
    }

    func drop(from database: Database) throws {
        try database.execute(sql: "DROP TABLE \(Self.name)")
    }

    /// The token of a row with the key `key`, both as SQL has them: the kept one, else the new one.
    static func token(for key: String, else new: String) -> String {
        #"coalesce((SELECT "kept" FROM \#(name) WHERE "of" = \#(key)), \#(new))"#
    }
}
