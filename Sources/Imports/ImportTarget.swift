import Rules
import WorkerProtocol

/// Where the rows of one document go, and in which shape: decided from the heading, without a look
/// at the database.
enum ImportTarget {
    /// The table of a schema: rows of many documents, one for each key where there is one.
    case keyed(SchemaTable)
    /// A table of the document's own: every row as it came.
    case ownTable(fields: [String])

    /// The order in which rows are staged, so that they are stored as they are read; nil for that in which
    /// they come.
    var order: KeyOrder? {
        switch self {
        case .keyed(let table): table.order
        case .ownTable: nil
        }
    }

    /// Whether rows are stored by a key.
    var isByKey: Bool {
        switch self {
        case .keyed(let table): !table.schema.key.isEmpty
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
            guard ColumnNames.areSafe(heading.columns) else {
                throw .rowsRefused(reason: "a column has a name that is not safe")
            }
            self = .ownTable(fields: heading.columns)
            return
        }
        guard let schema = schemas.first(where: { $0.name == name }) else {
            throw .rowsRefused(reason: "no such schema")
        }
        self = .keyed(try SchemaTable(schema, heading: heading))
    }

    /// What every row must be like.
    var shape: RowShape {
        switch self {
        case .keyed(let table): table.shape
        case .ownTable(let fields):
            RowShape(fieldCount: fields.count, required: [], carriesRecord: false)
        }
    }

    /// Whether each row gets a token.
    var hasTokens: Bool {
        switch self {
        case .keyed(let table): table.schema.hasTokens
        case .ownTable: false
        }
    }

    /// What becomes of a row whose key is there already; in a table without a key none is.
    var duplicates: TableSchema.Duplicates {
        switch self {
        case .keyed(let table): table.schema.key.isEmpty ? .skip : table.schema.duplicates
        case .ownTable: .skip
        }
    }

    /// The statement that makes a table of the document's own.
    ///
    /// - Parameter types: what the columns turned out to be; where nothing is said they are text.
    static func creation(of table: String, fields: [String], types: [InferredType]) -> String {
        let columns = fields.enumerated().map { index, name in
            let kind = index < types.count ? types[index].column : .text
            return "\(SQLName.quoted(name)) \(kind.rawValue)"
        }
        return """
            CREATE TABLE main.\(SQLName.quoted(table)) (
                "\(rowColumn)" INTEGER PRIMARY KEY,
                \(columns.joined(separator: ",\n    "))
            )
            """
    }

    /// The statement that moves the staged rows to `table`; takes the collection and the import's
    /// number where the table is one of a schema.
    ///
    /// - Parameter keepingTokens: whether rows that were there before have theirs kept.
    func insertion(into table: String, isSorted: Bool, keepingTokens: Bool) -> String {
        switch self {
        case .keyed(let schemaTable):
            schemaTable.insertion(isSorted: isSorted, keepingTokens: keepingTokens)
        case .ownTable:
            "INSERT INTO main.\(SQLName.quoted(table)) SELECT * FROM \(RowModule.tableName)"
        }
    }
}
