import Rules
import WorkerProtocol

/// Which fields of a record become a row.
struct TableLayout {
    /// What one column of a schema wants of a record.
    struct Target {
        let rule: ValueRule
        let isRequired: Bool
        /// The field's place, counted from zero; nil where the header lacks the column.
        let place: Int?
    }

    enum Plan {
        /// A schema's columns, in the heading's order.
        case schema([Target])
        /// The first so many fields as they came.
        case asItComes(width: Int)
    }

    let header: TableHeader
    let plan: Plan
    let heading: TableHeading
    /// Fields that a record may have; what stands beyond belongs to no column.
    let widthLimit: Int
    /// What the owner should know about the choice.
    let warnings: [String]

    /// How the file was read, as the heading tells it.
    struct Reading {
        /// Fields of the widest record among the first.
        var widest: Int
        var encoding: String?
        var delimiter: String?
        var sheet: String?
    }

    init(
        header: TableHeader, request: TableRequest, reading: Reading
    ) throws(SchemaError) {
        let selection = try SchemaSelection(
            request.choice, among: request.schemas, header: header)
        let schema: String?
        let columns: [String]
        switch selection {
        case .schema(let match):
            schema = match.schema.name
            columns = match.schema.columns.map(\.name)
            plan = .schema(
                zip(match.schema.columns, match.places).map {
                    Target(rule: $0.rule, isRequired: $0.isRequired, place: $1)
                })
            widthLimit = header.width
            warnings = Self.ignoredWarning(match)
        case .infer(let nearly):
            // A header may be narrower than its table. With reject columns at its end it is not:
            // they stand at a place that only the header tells.
            let width =
                header.hasRejectColumns
                ? header.names.count : max(header.names.count, reading.widest)
            schema = nil
            columns = ColumnNames.safe(header.names, width: width)
            plan = .asItComes(width: width)
            widthLimit = max(width, header.width)
            warnings =
                Self.nearlyWarning(nearly)
                + Self.widenedWarning(header, columns)
        }
        self.header = header
        heading = TableHeading(
            schema: schema, columns: columns, encoding: reading.encoding,
            delimiter: reading.delimiter, sheet: reading.sheet)
    }

    /// How many names a warning lists before it only counts.
    private static let listLimit = 10
    /// How many characters it shows of each.
    private static let nameLimit = 50

    private static func ignoredWarning(_ match: HeaderMatch) -> [String] {
        guard !match.ignored.isEmpty else { return [] }
        return ["Columns that were not imported: \(list(match.ignored))."]
    }

    private static func nearlyWarning(_ nearly: HeaderMatch?) -> [String] {
        guard let nearly else { return [] }
        let what = nearly.missing.count == 1 ? "the column" : "the columns"
        return [
            "Imported as a table of its own: for `\(nearly.schema.name)` it lacks \(what) "
                + "\(list(nearly.missing))."
        ]
    }

    private static func widenedWarning(_ header: TableHeader, _ columns: [String]) -> [String] {
        let added = columns.dropFirst(header.names.count)
        guard !added.isEmpty else { return [] }
        return ["Some rows are longer than the header; columns were added: \(list(Array(added)))."]
    }

    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(listLimit).map { "`\($0.prefix(nameLimit))`" }
            .joined(separator: ", ")
        let rest = names.count - listLimit
        return rest > 0 ? "\(shown) and \(rest) more" : shown
    }
}
