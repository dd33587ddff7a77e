import CSV

/// Reads the rows of a sheet of an XLSX.
///
/// Expat reads the sheet. Between the rows it stands aside for ``RowScan``, which knows rows as nearly
/// every program writes them, and takes its place again where a row is any other.
final class XLSXSheet {
    private let window: PartWindow
    private let reader: XMLReader
    private let cells: SheetCells
    private let visitor: CellVisitor
    private let scan: RowScan
    private var numbers = RowNumbers()
    /// Whether rows may be scanned at all: it is known where they begin.
    private var knowsBeginning = false
    private var hasBegun = false
    private var isScanning = false
    private var isDone = false

    init(
        _ stream: ZipStream, name: String, row: RowBuilder, number: CellNumber,
        formats: [CellFormat], texts: SharedTexts, limits: WorkbookLimits
    ) throws(WorkbookError) {
        window = PartWindow(stream)
        cells = SheetCells(row: row, number: number, formats: formats, texts: texts)
        visitor = CellVisitor(cells, text: TextCollector(limit: limits.record.field))
        reader = try XMLReader(name: name, visitor: visitor)
        scan = RowScan(cells)
    }

    var progress: (done: Int, total: Int) { window.progress }

    func next() throws(WorkbookError) -> CSVRecord? {
        while true {
            if isScanning {
                guard try scanRow() else { continue }
            } else if reader.isPaused {
                try reader.resume()
                guard reader.isPaused else {
                    standAside()
                    continue
                }
            } else {
                guard try readPiece() else { return nil }
                guard reader.isPaused else { continue }
            }
            return cells.row.record(number: numbers.next(place: cells.row.number))
        }
    }

    /// Scans a row; false where it has no text, or there is none to scan.
    private func scanRow() throws(WorkbookError) -> Bool {
        switch scan.row(window.bytes) {
        case .row(let length):
            window.drop(length)
            return !cells.row.isBlank
        case .incomplete:
            isScanning = try window.fill()
        case .other:
            isScanning = false
        }
        return false
    }

    /// Has expat read on; false at the end.
    private func readPiece() throws(WorkbookError) -> Bool {
        guard !isDone else { return false }
        if window.bytes.isEmpty || !hasBegun { _ = try window.fill() }
        let count = pieceLength()
        isDone = window.isLast && count == window.bytes.count
        try reader.read(
            UnsafeRawBufferPointer(rebasing: window.bytes[..<count]), isLast: isDone)
        window.drop(count)
        if !reader.isPaused { standAside() }
        return true
    }

    /// How much expat is to read: to where the rows begin, then to where the last one at hand ends.
    private func pieceLength() -> Int {
        let bytes = window.bytes
        guard hasBegun else {
            hasBegun = true
            guard let beginning = bytes.firstRange(of: Self.beginning) else { return bytes.count }
            knowsBeginning = true
            return beginning.upperBound
        }
        guard knowsBeginning, let end = bytes.lastEnd(of: Self.rowEnd) else { return bytes.count }
        return end
    }

    private func standAside() {
        isScanning =
            knowsBeginning && reader.isUTF8 && visitor.isBetweenRows && reader.isBetweenTags
    }

    private static let beginning = Array("<sheetData>".utf8)
    private static let rowEnd = Array("</row>".utf8)
}

extension UnsafeRawBufferPointer {
    /// Where these bytes stand first.
    fileprivate func firstRange(of bytes: [UInt8]) -> Range<Int>? {
        guard count >= bytes.count else { return nil }
        return (0...(count - bytes.count)).first { self[$0...].starts(with: bytes) }
            .map { $0..<($0 + bytes.count) }
    }

    /// Where these bytes end that stand last.
    fileprivate func lastEnd(of bytes: [UInt8]) -> Int? {
        guard count >= bytes.count else { return nil }
        return (0...(count - bytes.count)).last { self[$0...].starts(with: bytes) }
            .map { $0 + bytes.count }
    }
}
