import Rules
import WorkerProtocol

/// Where the rows of one document go, and in which shape: decided from the heading, without a look
/// at the database.
enum ImportTarget {
    /// The table of a schema, which bears the schema's name: rows of many documents, one for each
    /// key.
    case keyed(TableSchema, fields: [String])
    /// A table of the document's own: every row as it came.
    case ownTable(fields: [String])

    /// Whether rows are stored in the order of their keys.
    var isKeyed: Bool {
        switch self {
        case .keyed: true
        case .ownTable: false
        }
    }

    /// What stands in every other table beside the file's columns.
    static let rowColumn = "_row"
    /// SQLite's limit, less one for ``rowColumn``. Rule: https://sqlite.org/limits.html, "Maximum
    /// Number Of Columns"
    static let columnLimit = 1999

    /// - Throws: ``ImportError/rowsRefused(reason:)`` for a heading that does not fit a schema of
    ///   `schemas`.
    init(heading: TableHeading, schemas: [TableSchema]) throws(ImportError) {
        guard heading.columns.count <= Self.columnLimit else {
            throw .tooManyColumns(count: heading.columns.count, limit: Self.columnLimit)
        }
        guard !heading.columns.isEmpty else { throw .rowsRefused(reason: "a table has no column") }
        guard let name = heading.schema else {
            self = .ownTable(
                fields: SQLName.columns(heading.columns, taken: [SQLName.folded(Self.rowColumn)]))
            return
        }
        guard let schema = schemas.first(where: { $0.name == name }) else {
            throw .rowsRefused(reason: "no such schema")
        }
        let known = Set(schema.columns.map(\.name))
        let given = Set(heading.columns)
        guard given.count == heading.columns.count, given.isSubset(of: known) else {
            throw .rowsRefused(reason: "a column that schema \(name) does not have")
        }
        for column in schema.columns where column.isRequired || column.name == schema.keyColumn {
            guard given.contains(column.name) else {
                throw .rowsRefused(reason: "no column \(column.name), which the schema requires")
            }
        }
        self = .keyed(schema, fields: heading.columns)
    }

    /// What every row must be like.
    var shape: RowScan.Shape {
        switch self {
        case .keyed(let schema, let fields):
            let required = schema.columns.filter { $0.isRequired || $0.name == schema.keyColumn }
                .map(\.name)
            return RowScan.Shape(
                fieldCount: fields.count,
                required: fields.indices.filter { required.contains(fields[$0]) })
        case .ownTable(let fields):
            return RowScan.Shape(fieldCount: fields.count, required: [])
        }
    }

    /// Whether each row gets a token: participants do.
    var hasTokens: Bool {
        switch self {
        case .keyed(let schema, _): schema.hasTokens
        case .ownTable: false
        }
    }

    /// The statement that makes `table` unless it is there.
    func creation(of table: String) -> String {
        switch self {
        case .keyed(let schema, _):
            let columns = schema.columns.map { column in
                let isNeeded = column.isRequired || column.name == schema.keyColumn
                return SQLName.quoted(column.name) + " TEXT" + (isNeeded ? " NOT NULL" : "")
            }
            // Without a rowid the key's tree is the table: rows that come in order of the key are
            // appended, and no index is kept beside them.
            return """
                CREATE TABLE IF NOT EXISTS main.\(SQLName.quoted(table)) (
                    "collection" TEXT NOT NULL,
                    \(columns.joined(separator: ",\n    ")),
                    \(schema.hasTokens ? "\"token\" TEXT NOT NULL," : "")
                    "import" INTEGER NOT NULL REFERENCES "import" ("id"),
                    "row" INTEGER NOT NULL,
                    PRIMARY KEY ("collection", \(SQLName.quoted(schema.keyColumn)))
                ) WITHOUT ROWID
                """
        case .ownTable(let fields):
            let columns = fields.map { SQLName.quoted($0) + " TEXT" }
            return """
                CREATE TABLE main.\(SQLName.quoted(table)) (
                    "\(Self.rowColumn)" INTEGER PRIMARY KEY,
                    \(columns.joined(separator: ",\n    "))
                )
                """
        }
    }

    /// The statement that moves the staged rows to `table`; takes the collection and the import's
    /// number.
    ///
    /// Rows come sorted by key, so that each page of the tree is touched once, and equal keys in
    /// the order of the file, so that the first one stays.
    ///
    /// - Parameter keepingTokens: whether rows that were there before have theirs kept.
    func insertion(into table: String, keepingTokens: Bool) -> String {
        switch self {
        case .keyed(let schema, let fields):
            let key = fields.firstIndex(of: schema.keyColumn).map { "c\($0)" } ?? "c0"
            var columns = ["collection", "import", "row"] + fields
            var values = ["?1", "?2", "row"] + fields.indices.map { "c\($0)" }
            if schema.hasTokens {
                columns.append("token")
                values.append(
                    keepingTokens ? KeptTokens.token(for: key, else: "token") : "token")
            }
            return """
                INSERT OR IGNORE INTO main.\(SQLName.quoted(table))
                    (\(columns.map(SQLName.quoted).joined(separator: ", ")))
                SELECT \(values.joined(separator: ", "))
                FROM \(RowModule.tableName) ORDER BY \(key), row
                """
        case .ownTable:
            return """
                INSERT INTO main.\(SQLName.quoted(table)) SELECT * FROM \(RowModule.tableName)
                """
        }
    }
}

extension TableSchema {
    /// Whether each of its rows gets a token. Rule: docs/formats.md, "Tokens".
    var hasTokens: Bool { name == TableSchema.participants.name }
}
