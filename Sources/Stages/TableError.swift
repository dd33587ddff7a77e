import CSV
import Rules

/// Why a table could not be read.
enum TableError: DocumentError {
    case notText
    case unknownEncoding(name: String)
    /// The daemon checks its config; a rule that comes here and makes no sense is our own mistake.
    case ruleRefused(schema: String, column: String, reason: String)
    case noRecords
    case noRows
    case noSuchSheet(name: String)
    /// Before the `place` stand so many bytes of the file.
    case unreadable(CSVError, place: Int, columnLimit: Int)

    var failure: Failure {
        switch self {
        case .notText:
            Failure(
                .csvEncoding,
                message: "Nothing was imported: the file is not text in an encoding that can be "
                    + "read. Save it as CSV in UTF-8 and drop it again.",
                detail: "tell the encoding: UTF-32, or too many zero bytes for text")
        case .unknownEncoding(let name):
            Failure(
                .internalError,
                message: "Nothing was imported: this folder is set to an encoding that does not "
                    + "exist. Ask the operator to mend it.",
                detail: "read the settings: no encoding is named \(name)")
        case .ruleRefused(let schema, let column, let reason):
            Failure(
                .internalError,
                message: "Nothing was imported: the rules that this folder is set to make no "
                    + "sense. Ask the operator to mend them.",
                detail: "read schema \(schema): column \(column): \(reason)")
        case .noRecords:
            Failure(
                .csvNoRows,
                message: "Nothing was imported: the table is blank. Fill it in and drop it again.",
                detail: "read the header: no record")
        case .noRows:
            Failure(
                .csvNoRows,
                message: "Nothing was imported: the table has a header but no rows. Add rows and "
                    + "drop it again.",
                detail: "read the rows: no record after the header")
        case .noSuchSheet(let name):
            Failure(
                .csvNoRows,
                message: "Nothing was imported: this folder takes the sheet `\(name)`, and the "
                    + "workbook has none of that name. Name the sheet so and drop it again.",
                detail: "choose sheet: none is named \(name)")
        case .unreadable(let error, let place, let columnLimit):
            Self.failure(error, place: place, columnLimit: columnLimit)
        }
    }

    private static func failure(_ error: CSVError, place: Int, columnLimit: Int) -> Failure {
        switch error {
        case .unterminatedQuote(let record, _):
            Failure(
                .csvMalformed,
                message: "Nothing was imported: a quotation mark in row \(record) is never closed. "
                    + "Close it and drop the file again.",
                detail: "read record \(record): the quote at byte \(place) is never closed")
        case .fieldTooLong(let record, _):
            Failure(
                .csvMalformed,
                message: "Nothing was imported: a field in row \(record) is longer than 1 MiB. "
                    + "Is a quotation mark missing there?",
                detail: "read record \(record): the field at byte \(place) is too long")
        case .recordTooLong(let record, _):
            Failure(
                .csvMalformed,
                message: "Nothing was imported: row \(record) is longer than 4 MiB. "
                    + "Is a quotation mark missing there?",
                detail: "read record \(record): the record at byte \(place) is too long")
        case .tooManyColumns(let record, _):
            Failure(
                .csvTooWide,
                message: "Nothing was imported: row \(record) has more than \(columnLimit) "
                    + "columns, which is the most that a table may have.",
                detail:
                    "read record \(record): more than \(columnLimit) fields, one at byte \(place)"
            )
        }
    }
}
