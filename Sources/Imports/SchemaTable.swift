import GRDB
import Rules
import WorkerProtocol

/// The table of a schema, and the rows of one document on their way into it.
///
/// Rule: docs/formats.md, "The imports database".
struct SchemaTable {
    let schema: TableSchema
    /// The columns that the document's rows have, in their order.
    private let fields: [String]
    /// Those of them that say nothing of a row that is there.
    private let lacking: Set<String>
    private let carriesRecord: Bool

    /// What stands in the table beside the schema's own columns.
    static let ownColumns = ["collection", "token", "import", "row"]

    /// - Throws: ``ImportError/rowsRefused(reason:)`` for a heading that does not fit the schema.
    init(_ schema: TableSchema, heading: TableHeading) throws(ImportError) {
        let known = Set(schema.columns.map(\.name))
        let given = Set(heading.columns)
        guard given.count == heading.columns.count, given.isSubset(of: known) else {
            throw .rowsRefused(reason: "a column that schema \(schema.name) does not have")
        }
        for column in schema.columns where Self.isFilled(column, in: schema) {
            guard given.contains(column.name) else {
                throw .rowsRefused(reason: "no column \(column.name), which the schema requires")
            }
        }
        self.schema = schema
        fields = heading.columns
        lacking = Set(heading.lacking)
        carriesRecord = heading.carriesRecords
    }

    private static func isFilled(_ column: TableSchema.Column, in schema: TableSchema) -> Bool {
        column.isAlwaysFilled || schema.key.contains(column.name)
    }

    /// What every row must be like.
    var shape: RowShape {
        let filled = schema.columns.filter { Self.isFilled($0, in: schema) }.map(\.name)
        return RowShape(
            fieldCount: fields.count,
            required: fields.indices.filter { filled.contains(fields[$0]) },
            carriesRecord: carriesRecord)
    }

    // MARK: - The table

    /// One column as SQLite knows it.
    private struct Column: Hashable {
        var name: String
        var kind: String
        var isNeeded: Bool
        /// Its place in the primary key, counted from one; zero for none.
        var place: Int
    }

    /// Without a key of the schema's own the number of the import and the row tell rows apart.
    private var keyColumns: [String] {
        ["collection"] + (schema.key.isEmpty ? ["import", "row"] : schema.key)
    }

    private var columns: [Column] {
        let key = keyColumns
        func column(_ name: String, _ kind: ColumnKind, isNeeded: Bool) -> Column {
            Column(
                name: name, kind: kind.rawValue, isNeeded: isNeeded,
                place: (key.firstIndex(of: name) ?? -1) + 1)
        }
        return [column("collection", .text, isNeeded: true)]
            + schema.columns.map {
                column($0.name, $0.rule.type.column, isNeeded: Self.isFilled($0, in: schema))
            }
            + (schema.hasTokens ? [column("token", .text, isNeeded: true)] : [])
            + [
                column("import", .integer, isNeeded: true), column("row", .integer, isNeeded: true),
            ]
    }

    /// Makes the table unless it is there; one that is gets the columns that it lacks.
    ///
    /// - Throws: ``ImportError/tableDiffers(table:reason:)`` where the rows cannot go into the table
    ///   that is there.
    func prepare(in database: Database) throws {
        let table = SQLName.quoted(schema.table)
        let found = try Row.fetchAll(
            database, sql: #"SELECT name, type, "notnull", pk FROM pragma_table_info(?)"#,
            arguments: [schema.table]
        ).map { row in
            Column(name: row[0], kind: row[1], isNeeded: row[2], place: row[3])
        }
        guard !found.isEmpty else {
            return try database.execute(sql: creation(of: table))
        }
        for column in try lacking(found) {
            try database.execute(
                sql: "ALTER TABLE main.\(table) ADD COLUMN \(SQLName.quoted(column.name)) "
                    + column.kind)
        }
    }

    private func creation(of table: String) -> String {
        let columns = columns.map { column in
            let reference = column.name == "import" ? #" REFERENCES "import" ("id")"# : ""
            return "\(SQLName.quoted(column.name)) \(column.kind)"
                + (column.isNeeded ? " NOT NULL" : "") + reference
        }
        // Without a rowid the key's tree is the table: rows that come in order of the key are
        // appended, and no index is kept beside them.
        return """
            CREATE TABLE main.\(table) (
                \(columns.joined(separator: ",\n    ")),
                PRIMARY KEY (\(keyColumns.map(SQLName.quoted).joined(separator: ", ")))
            ) WITHOUT ROWID
            """
    }

    /// The columns that a table made by an earlier definition of the schema has not got.
    private func lacking(_ found: [Column]) throws(ImportError) -> [Column] {
        let key = found.filter { $0.place > 0 }.sorted { $0.place < $1.place }.map(\.name)
        guard key == keyColumns else {
            throw differs("its rows are told apart by \(key.joined(separator: ", "))")
        }
        let wanted = columns
        for column in found {
            let match = wanted.first { SQLName.folded($0.name) == SQLName.folded(column.name) }
            guard let match else {
                guard !column.isNeeded else {
                    throw differs("its column \(column.name) must have a value")
                }
                continue
            }
            guard match.kind == column.kind else {
                throw differs("its column \(column.name) is \(column.kind)")
            }
            guard match.isNeeded || !column.isNeeded else {
                throw differs("its column \(column.name) must have a value")
            }
        }
        let there = Set(found.map { SQLName.folded($0.name) })
        let lacking = wanted.filter { !there.contains(SQLName.folded($0.name)) }
        guard !lacking.contains(where: { $0.name == "token" }) else {
            throw differs("its rows have no tokens")
        }
        return lacking
    }

    private func differs(_ reason: String) -> ImportError {
        .tableDiffers(table: schema.table, reason: reason)
    }

    // MARK: - The rows

    /// How SQLite reads the value of a column while it sorts; numbers come as text.
    private func sortKey(_ name: String) -> String? {
        guard let index = fields.firstIndex(of: name),
            let column = schema.columns.first(where: { $0.name == name })
        else { return nil }
        return column.rule.type.column == .text ? "c\(index)" : "CAST(c\(index) AS INTEGER)"
    }

    /// The order in which rows are staged, so that they are stored as they are read.
    ///
    /// Nil where that is left to SQLite: what a file has repeated is told in the order of the file. Where
    /// there is no key, rows are stored in the order in which they come.
    var order: KeyOrder? {
        guard !schema.key.isEmpty, !carriesRecord else { return nil }
        return KeyOrder(
            parts: schema.key.compactMap { name in
                fields.firstIndex(of: name).map { index in
                    let column = schema.columns.first { $0.name == name }
                    return KeyOrder.Part(
                        field: index, isInteger: column?.rule.type.column == .integer)
                }
            })
    }

    /// The statement that moves the staged rows into the table.
    ///
    /// They are stored sorted by key, so that each page of the tree is touched once, and equal keys in
    /// the order of the file, so that the first one stays, or the last one where rows are updated.
    ///
    /// - Parameter isSorted: whether the staged rows are read in the order of their keys.
    func insertion(isSorted: Bool, keepingTokens: Bool) -> String {
        var columns = ["collection", "import", "row"] + fields
        var values = ["?1", "?2", "row"] + fields.indices.map { "c\($0)" }
        if schema.hasTokens {
            columns.append("token")
            values.append(keepingTokens ? KeptTokens.token(of: schema, fields) : "token")
        }
        let isUpdate = schema.duplicates == .update && !schema.key.isEmpty
        let keys = schema.key.compactMap(sortKey) + ["row"]
        let sorting =
            schema.key.isEmpty || isSorted ? "" : "ORDER BY \(keys.joined(separator: ", "))"
        return """
            INSERT \(isUpdate ? "" : "OR IGNORE") INTO main.\(SQLName.quoted(schema.table))
                (\(columns.map(SQLName.quoted).joined(separator: ", ")))
            SELECT \(values.joined(separator: ", "))
            FROM \(RowModule.tableName) WHERE true \(sorting)
            \(isUpdate ? update : "")
            """
    }

    /// Gives a row that is there the values of the one that comes; what the file has no column for
    /// stays, and so does the token.
    private var update: String {
        let changed =
            fields.filter { !schema.key.contains($0) && !lacking.contains($0) } + ["import"]
        let assignments =
            changed.map { name in
                let name = SQLName.quoted(name)
                return "\(name) = excluded.\(name)"
            } + [#""row" = \#(RowCounter.functionName)(excluded."row")"#]
        return """
            ON CONFLICT (\(keyColumns.map(SQLName.quoted).joined(separator: ", ")))
            DO UPDATE SET \(assignments.joined(separator: ", "))
            """
    }

    /// The statement that finds the staged rows whose key was there already, in the order of the
    /// file: row, whether the one that stays is of the same document, and its row. Takes the
    /// collection and the import's number.
    ///
    /// The staged rows are read in its outer loop, so that each stands still while its answer is.
    var repeatedRows: String {
        let match = schema.key.compactMap { name in
            fields.firstIndex(of: name).map { "stays.\(SQLName.quoted(name)) = come.c\($0)" }
        }
        return """
            SELECT come."row", stays."import" = ?2, stays."row"
            FROM \(RowModule.tableName) AS come
            CROSS JOIN main.\(SQLName.quoted(schema.table)) AS stays
                ON stays."collection" = ?1 AND \(match.joined(separator: " AND "))
            WHERE NOT (stays."import" = ?2 AND stays."row" = come."row")
            """
    }
}
