import CSV

/// A workbook of Excel: XLSX, Strict or Transitional, or XLS of Excel 5.0 and later.
///
/// Rule: docs/formats.md, "Workbooks".
public final class Workbook {
    private enum Format {
        case xlsx(XLSXWorkbook)
        case xls(XLSWorkbook)
    }

    private let format: Format

    /// Opens a workbook; no sheet is read yet.
    ///
    /// - Parameter codePage: the encoding of texts in an old XLS that names none that is known.
    public init(
        _ bytes: WorkbookBytes, limits: WorkbookLimits = WorkbookLimits(),
        codePage: TextEncoding = .windows1252
    ) throws(WorkbookError) {
        let head = try bytes.bytes(
            at: 0, count: min(bytes.length, CompoundFile.signature.count), attempt: "read signature"
        )
        if head == CompoundFile.signature {
            let file = try CompoundFile(bytes)
            format = .xls(try XLSWorkbook(file, limits: limits, codePage: codePage))
        } else if head.starts(with: Self.zipSignature) {
            format = .xlsx(try XLSXWorkbook(bytes, limits: limits))
        } else {
            throw .damaged(attempt: "tell the format")
        }
    }

    /// `PK`: a file follows, or the mark of a divided archive, or where there is none the archive's end.
    private static let zipSignature: [UInt8] = [0x50, 0x4b]

    /// In the order in which a person sees them; at most 1,024.
    public var sheets: [WorkbookSheet] {
        switch format {
        case .xlsx(let workbook): workbook.sheets
        case .xls(let workbook): workbook.sheets
        }
    }

    /// The code page that is not known, where texts were read as if in another encoding.
    public var unknownCodePage: Int? {
        switch format {
        case .xlsx: nil
        case .xls(let workbook): workbook.unknownCodePage
        }
    }

    /// Begins to read a sheet. One is read at a time: the reader of another is of no more use.
    public func open(_ sheet: WorkbookSheet) throws(WorkbookError) -> SheetReader {
        switch format {
        case .xlsx(let workbook): SheetReader(format: .xlsx(try workbook.open(sheet)))
        case .xls(let workbook): SheetReader(format: .xls(try workbook.open(sheet)))
        }
    }
}
