import CSV
import Rules
import WorkerProtocol

/// Which fields of a record become a row.
struct TableLayout {
    /// What one column of a schema wants of a record.
    struct Target {
        let judge: Judge
        let isRequired: Bool
        /// The field's place, counted from zero; nil where the header lacks the column.
        let place: Int?
    }

    /// Who judges the values of a column. Nothing here is counted or copied when it is looked at, a
    /// million times for each column.
    enum Judge {
        case quick(QuickRule)
        /// The one of ``checks`` at this place.
        case check(Int)
    }

    enum Plan {
        /// A schema's columns, in the heading's order.
        case schema([Target])
        /// The first so many fields as they came.
        case asItComes(width: Int)
    }

    let header: TableHeader
    let plan: Plan
    /// The schema, if the table goes by one.
    let schema: TableSchema?
    /// Those rules of the schema's that are not quick, ready to judge.
    let checks: [ValueCheck]
    let heading: TableHeading
    /// Which fields of a record are the table's, and how many of them have a column.
    let own: OwnFields
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
    ) throws {
        let selection = try SchemaSelection(
            request.choice, among: request.schemas, header: header)
        let columns: [String]
        let width: Int
        var lacking: [String] = []
        switch selection {
        case .schema(let match):
            schema = match.schema
            columns = match.schema.columns.map(\.name)
            lacking = zip(columns, match.places).filter { $1 == nil }.map(\.0)
            let (targets, checks) = try Self.targets(of: match)
            plan = .schema(targets)
            self.checks = checks
            width = header.names.count
            warnings = Self.ignoredWarning(match)
        case .infer(let nearly):
            // A header may be narrower than its table. With reject columns at its end it is not:
            // they stand at a place that only the header tells.
            width =
                header.hasRejectColumns
                ? header.names.count : max(header.names.count, reading.widest)
            schema = nil
            checks = []
            columns = ColumnNames.safe(header.names, width: width)
            plan = .asItComes(width: width)
            warnings =
                Self.nearlyWarning(nearly)
                + Self.widenedWarning(header, columns)
        }
        self.header = header
        own = OwnFields(width: width, hasRejectColumns: header.hasRejectColumns)
        heading = TableHeading(
            schema: schema?.name, columns: columns, lacking: lacking, encoding: reading.encoding,
            delimiter: reading.delimiter, sheet: reading.sheet,
            carriesRecords: schema?.duplicates == .reject)
    }

    /// Whether a record behind the header counts for nothing: a schema has no use for one with
    /// nothing in it, while any other table is taken as it comes.
    func passesOver(_ record: CSVRecord) -> Bool {
        schema != nil && own.areBlank(in: record)
    }

    private static func targets(
        of match: HeaderMatch
    ) throws(TableError) -> ([Target], [ValueCheck]) {
        var targets: [Target] = []
        var checks: [ValueCheck] = []
        for (column, place) in zip(match.schema.columns, match.places) {
            let isKey = match.schema.key.contains(column.name)
            let judge: Judge
            if let quick = QuickRule(column.rule, isKey: isKey) {
                judge = .quick(quick)
            } else {
                judge = .check(checks.count)
                do {
                    checks.append(try ValueCheck(column.rule, isKey: isKey))
                } catch {
                    throw .ruleRefused(
                        schema: match.schema.name, column: column.name, reason: error.message)
                }
            }
            targets.append(Target(judge: judge, isRequired: column.isRequired, place: place))
        }
        return (targets, checks)
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
