import Rules
import Workbook

extension WorkbookError {
    /// - Parameter columnLimit: how many columns were allowed.
    func failure(columnLimit: Int) -> Failure {
        switch self {
        case .unreadable(let error as Failure):
            error
        case .unreadable(let error):
            Failure(
                .storeIO,
                message: "The workbook could not be read from the store. It is tried again by "
                    + "itself.",
                detail: "read workbook: \(error)")
        case .encrypted:
            Failure(
                .excelEncrypted,
                message: "Nothing was imported: the workbook is locked with a password. Save it "
                    + "without one and drop it again.",
                detail: "open workbook: it is encrypted")
        case .damaged(let attempt):
            Failure(
                .excelCorrupt,
                message: "Nothing was imported: the workbook is damaged and cannot be read. Open "
                    + "it once yourself, save it anew and drop it again.",
                detail: "\(attempt): the bytes are not a readable workbook")
        case .tooManyColumns(let row):
            Failure(
                .csvTooWide,
                message: "Nothing was imported: row \(row) of the sheet has more than "
                    + "\(columnLimit) columns, which is the most that a table may have.",
                detail: "read row \(row): more than \(columnLimit) columns")
        case .tooLarge(let kind):
            kind.failure
        }
    }
}

extension WorkbookLimits.Kind {
    fileprivate var failure: Failure {
        let advice = "Save the sheet as CSV and drop that."
        switch self {
        case .sharedText:
            return Failure(
                .excelCorrupt,
                message: "Nothing was imported: the workbook's cells hold more text than can be "
                    + "kept in memory. \(advice)",
                detail: "read shared texts: they take more than the limit")
        case .unordered:
            return Failure(
                .excelCorrupt,
                message: "Nothing was imported: the rows of the sheet are out of order, and they "
                    + "are too many to be put in order. \(advice)",
                detail: "order cells: there are more than the limit")
        case .unpacked:
            return Failure(
                .excelCorrupt,
                message: "Nothing was imported: the workbook unpacks to more than a workbook can "
                    + "be. \(advice)",
                detail: "unpack workbook: it takes more than the limit")
        case .text:
            return Failure(
                .excelCorrupt,
                message: "Nothing was imported: a cell holds more than 1 MiB, which no workbook of "
                    + "Excel's can.",
                detail: "read a text: it is too long")
        case .cell(let row):
            return Failure(
                .excelCorrupt,
                message: "Nothing was imported: a cell in row \(row) of the sheet holds more than "
                    + "1 MiB, which no workbook of Excel's can.",
                detail: "read row \(row): a cell is too long")
        case .row(let row):
            return Failure(
                .excelCorrupt,
                message: "Nothing was imported: row \(row) of the sheet holds more than 4 MiB.",
                detail: "read row \(row): it is too long")
        }
    }
}
