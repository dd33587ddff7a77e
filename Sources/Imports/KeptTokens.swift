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
    private let key: [String]

    /// Nil where the rows get no tokens.
    init?(of target: ImportTarget) {
        guard case .keyed(let schemaTable) = target, target.hasTokens else { return nil }
        table = schemaTable.schema.table
        key = schemaTable.schema.key
    }

    /// Makes the table, empty.
    func create(in database: Database) throws {
        let parts = key.indices.map { "k\($0)" }.joined(separator: ", ")
        try database.execute(
            sql: """
                CREATE TABLE \(Self.name) (
                    \(parts), "kept" TEXT NOT NULL, PRIMARY KEY (\(parts))
                ) WITHOUT ROWID
                """)
    }

    func fill(fromImport number: Int64, collection: String, in database: Database) throws {
        try database.execute(
            sql: """
                INSERT INTO \(Self.name)
                SELECT \(key.map { "CAST(\(SQLName.quoted($0)) AS TEXT)" }.joined(separator: ", ")),
                    "token"
                FROM main.\(SQLName.quoted(table)) WHERE "collection" = ? AND "import" = ?
                """, arguments: [collection, number])
    }

    func drop(from database: Database) throws {
        try database.execute(sql: "DROP TABLE \(Self.name)")
    }

    /// The token of a staged row, as SQL has it: the kept one, else a new one.
    static func token(of schema: TableSchema, _ fields: [String]) -> String {
        let match = schema.key.enumerated().compactMap { index, name in
            fields.firstIndex(of: name).map { "k\(index) = c\($0)" }
        }.joined(separator: " AND ")
        return #"coalesce((SELECT "kept" FROM \#(name) WHERE \#(match)), token)"#
    }
}
