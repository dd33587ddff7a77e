/// Which schema a table goes by.
///
/// Rule: docs/formats.md, "Schemas".
public enum SchemaSelection: Sendable, Hashable {
    case schema(HeaderMatch)
    /// Any table, as it comes; `nearly` is the schema that lacked least, if one was there in part.
    case infer(nearly: HeaderMatch?)

    /// Chooses.
    ///
    /// - Throws: ``SchemaError`` where a schema is asked for by name and does not fit.
    public init(
        _ choice: SchemaChoice, among schemas: [TableSchema], header: TableHeader
    ) throws(SchemaError) {
        switch choice {
        case .infer:
            self = .infer(nearly: nil)
        case .named(let name):
            guard let schema = schemas.first(where: { $0.name == name }) else {
                throw .unknown(name: name)
            }
            let match = HeaderMatch(schema, header)
            guard match.hasAny else {
                let required = schema.columns.filter(\.isRequired)
                let wanted = required.isEmpty ? schema.columns : required
                throw .noColumns(wanted.map(\.name), schema: name, header: header.names)
            }
            guard match.missing.isEmpty else {
                throw .missingColumns(match.missing, schema: name, header: header.names)
            }
            self = .schema(match)
        case .auto:
            let matches = schemas.map { HeaderMatch($0, header) }
            if let fitting = matches.first(where: { $0.hasAny && $0.missing.isEmpty }) {
                self = .schema(fitting)
                return
            }
            var nearly: HeaderMatch?
            for match in matches where match.requiredFound > 0 {
                if match.missing.count < nearly?.missing.count ?? .max { nearly = match }
            }
            self = .infer(nearly: nearly)
        }
    }
}

/// Why a table does not go by the schema that was asked for.
public enum SchemaError: DocumentError, Hashable {
    /// The header has some of the schema's columns, but not these, which are required.
    case missingColumns([String], schema: String, header: [String])
    /// The header has none of the schema's columns: neither these, which are all that are required,
    /// or simply all where none is, nor any other.
    case noColumns([String], schema: String, header: [String])
    case unknown(name: String)

    /// How many names of a schema a sentence lists.
    private static let listLimit = 10
    /// How many names of the first row it shows, and how many scalar values of each: there may be
    /// anything, and what to do about it stands behind them.
    private static let shownLimit = 3
    private static let shownLength = 50

    private static func list(_ names: [String], limit: Int = listLimit) -> String {
        let shown = names.prefix(limit).map { "`\($0)`" }.joined(separator: ", ")
        return names.count > limit ? "\(shown) and \(names.count - limit) more" : shown
    }

    /// What stands in the row that was taken for the header.
    private static func described(_ header: [String]) -> String {
        let names = header.filter { !$0.isEmpty }.map { name in
            let clipped = String(name.unicodeScalars.prefix(shownLength))
            return clipped.utf8.count < name.utf8.count ? clipped + "…" : clipped
        }
        return names.isEmpty
            ? "has only empty fields" : "is " + list(names, limit: shownLimit)
    }

    public var failure: Failure {
        switch self {
        case .missingColumns(let missing, let schema, let header):
            let what = missing.count == 1 ? "the required column" : "the required columns"
            return Failure(
                .csvMissingColumns,
                message: "Nothing was imported: the table lacks \(what) \(Self.list(missing)). "
                    + "Name the columns in its first line and drop it again.",
                detail: "match header with schema \(schema): no \(missing.joined(separator: ", ")) "
                    + "among \(header.count) columns")
        case .noColumns(let wanted, let schema, let header):
            let what = wanted.count == 1 ? "the column" : "any of the columns"
            return Failure(
                .csvMissingColumns,
                message: "Nothing was imported: the table's header does not have \(what) "
                    + "\(Self.list(wanted)). The header must be the first row with anything in it, "
                    + "and the first row here \(Self.described(header)). Remove what stands above "
                    + "the header, or name the columns there, and drop it again.",
                detail: "match header with schema \(schema): none of its columns among "
                    + "\(header.count)")
        case .unknown(let name):
            return Failure(
                .internalError,
                message:
                    "Nothing was imported: this folder is set to a schema that does not exist. "
                    + "Ask the operator to mend it.",
                detail: "choose schema: no schema is named \(name)")
        }
    }
}
