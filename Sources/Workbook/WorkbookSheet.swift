import CSV

/// One sheet of a workbook, as its list of sheets names it.
public struct WorkbookSheet: Sendable, Hashable {
    public let name: String
    /// Whether a person who opens the workbook sees the sheet.
    public let isVisible: Bool
    /// Where it is: in an XLSX the part's number, in an XLS its place in the stream.
    let place: Int
}

/// Reads the rows of one sheet from its first to its last.
public struct SheetReader {
    enum Format {
        case xlsx(XLSXSheet)
        case xls(XLSSheet)
    }

    let format: Format

    /// The next row that has any text; nil behind the last one. It is valid until the reader is
    /// touched again.
    ///
    /// Rows are numbered as the sheet numbers them, the first one here being 1, and each by more
    /// than the one before it.
    public func next() throws(WorkbookError) -> CSVRecord? {
        switch format {
        case .xlsx(let sheet): try sheet.next()
        case .xls(let sheet): try sheet.next()
        }
    }

    /// How far the reading has come, in bytes as they lie in the file.
    public var progress: (done: Int, total: Int) {
        switch format {
        case .xlsx(let sheet): sheet.progress
        case .xls(let sheet): sheet.progress
        }
    }
}

/// Numbers rows by their places in the sheet, so that each has a greater number than the one before,
/// whatever the sheet says.
struct RowNumbers {
    private var first: Int?
    private var last = 0

    /// The number of the next row that has any text; places are counted from any base.
    mutating func next(place: Int) -> Int {
        let first = first ?? place
        self.first = first
        last = max(last + 1, place - first + 1)
        return last
    }
}
