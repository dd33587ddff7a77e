import CSV
import Rules
import WorkerProtocol
import Workbook

/// Reads a workbook and sends the rows of one of its sheets, as ``TableImport`` does a text's.
enum WorkbookImport {
    /// Rows that are looked at for how wide the table is, where the header does not tell.
    private static let sampleRows = 1000
    /// How often progress is reported; the file is so many parts.
    private static let progressParts = 100
    /// How `rejects.csv` separates fields.
    private static let delimiter = UInt8(ascii: ",")

    /// - Parameter fallback: the encoding of an old workbook that names none that is known.
    static func run(
        _ request: TableRequest, source: TableSource, fallback: TextEncoding,
        send: (StageReply) throws -> Void
    ) throws -> TableSummary {
        let limits = TableImport.limits(request)
        do {
            let workbook = try Workbook(
                source.asWorkbook, limits: WorkbookLimits(record: limits), codePage: fallback)
            let choice = try SheetChoice(request, of: workbook)
            if let number = workbook.unknownCodePage {
                try send(
                    .warning(
                        "The workbook's code page \(number) is not known; it was read as "
                            + "\(fallback.rawValue). If letters look wrong, save it as XLSX and "
                            + "drop it again."))
            }
            return try importRows(
                of: choice.sheet, in: workbook, request, length: source.length, send: send)
        } catch let error as WorkbookError {
            throw error.failure(columnLimit: limits.columns)
        } catch let error as SchemaError {
            throw error.failure
        }
    }

    private static func importRows(
        of sheet: WorkbookSheet, in workbook: Workbook, _ request: TableRequest, length: Int,
        send: (StageReply) throws -> Void
    ) throws -> TableSummary {
        let widest = try widest(sheet, in: workbook)
        let reader = try workbook.open(sheet)
        guard let first = try reader.next() else { throw TableError.noRecords.failure }
        let layout = try TableLayout(
            header: TableHeader(first), request: request,
            reading: TableLayout.Reading(widest: widest, sheet: sheet.shownName))
        var rows: TableRows?
        var reported = 0
        while let record = try reader.next() {
            if rows == nil {
                if layout.passesOver(record) { continue }
                for warning in layout.warnings { try send(.warning(warning)) }
                rows = TableRows(
                    layout: layout, delimiter: delimiter, allowance: request.allowance)
                try rows?.begin(send: send)
            }
            try rows?.take(record, send: send)
            let progress = reader.progress
            let part = progress.done * progressParts / max(1, progress.total)
            if part > reported {
                reported = part
                try send(.progress(done: length / progressParts * part, total: length))
            }
        }
        guard rows != nil else { throw TableError.noRows.failure }
        try rows?.finish(send: send)
        try send(.progress(done: length, total: length))
        return rows?.summary ?? TableSummary(totalRows: 0, errorCount: 0)
    }

    /// Fields of the widest record among the first.
    private static func widest(
        _ sheet: WorkbookSheet, in workbook: Workbook
    ) throws(WorkbookError) -> Int {
        let reader = try workbook.open(sheet)
        var widest = 0
        for _ in 0..<sampleRows {
            guard let record = try reader.next() else { break }
            widest = max(widest, record.count)
        }
        return widest
    }
}

/// Which sheet of a workbook is imported.
///
/// Rule: docs/formats.md, "Workbooks".
private struct SheetChoice {
    let sheet: WorkbookSheet

    init(_ request: TableRequest, of workbook: Workbook) throws {
        if let name = request.sheet {
            guard let named = workbook.sheets.first(where: { SheetName.isSame($0.name, name) })
            else {
                throw TableError.noSuchSheet(name: name).failure
            }
            sheet = named
            return
        }
        var firstWithRows: WorkbookSheet?
        var firstError: SchemaError?
        var firstUnreadable: WorkbookError?
        for sheet in workbook.sheets where sheet.isVisible {
            let record: CSVRecord
            do throws(WorkbookError) {
                guard let first = try workbook.open(sheet).next() else { continue }
                record = first
            } catch {
                // Under `infer` any sheet would do, and one further on is not what was asked for.
                guard error.isOfOneSheet, request.choice != .infer else { throw error }
                firstUnreadable = firstUnreadable ?? error
                continue
            }
            do throws(SchemaError) {
                let selection = try SchemaSelection(
                    request.choice, among: request.schemas, header: TableHeader(record))
                guard case .infer = selection, request.choice != .infer else {
                    self.sheet = sheet
                    return
                }
                firstWithRows = firstWithRows ?? sheet
            } catch {
                firstError = firstError ?? error
            }
        }
        if let firstUnreadable { throw firstUnreadable }
        if let firstError { throw firstError }
        guard let firstWithRows else { throw TableError.noRecords.failure }
        sheet = firstWithRows
    }
}

extension WorkbookSheet {
    /// Characters of a name that a result shows; Excel takes 31.
    private static let shownLength = 200

    fileprivate var shownName: String { String(name.unicodeScalars.prefix(Self.shownLength)) }
}

extension WorkbookError {
    /// Whether another sheet of the workbook may yet be read.
    fileprivate var isOfOneSheet: Bool {
        switch self {
        case .damaged, .tooManyColumns, .tooLarge(.cell), .tooLarge(.row), .tooLarge(.text),
            .tooLarge(.unordered):
            true
        case .encrypted, .unreadable, .tooLarge(.unpacked), .tooLarge(.sharedText): false
        }
    }
}

extension TableSource {
    fileprivate var asWorkbook: WorkbookBytes {
        WorkbookBytes(length: length) { offset, buffer in try read(at: offset, into: buffer) }
    }
}
