/// Reads a row where it is written as nearly every program writes it: elements `row` and `c` with plain
/// attributes, and of values those in ASCII and texts in UTF-8, all without entities.
///
/// It knows a part of XML and takes no chances with the rest: whatever else comes, it says so, and expat
/// reads that row as it reads any other. So what is no XML is refused by expat alone.
struct RowScan {
    enum Outcome: Equatable {
        /// A row of so many bytes, which stands in the builder now.
        case row(Int)
        /// More bytes are needed to tell.
        case incomplete
        /// Anything but a plain row; nothing has been taken.
        case other
    }

    private let cells: SheetCells

    init(_ cells: SheetCells) { self.cells = cells }

    /// Reads the row that the bytes begin with, white space before it included.
    ///
    /// - Parameter bytes: eight zeros stand behind them.
    func row(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        guard let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else {
            return .incomplete
        }
        let former = cells.place
        var cursor = ScanCursor(base)
        if readRow(&cursor) { return .row(cursor.place - base) }
        cells.takeBackRow(behind: former)
        // A word that the end cuts off is no word yet.
        return bytes.count - (cursor.place - base) < ScanWord.longest ? .incomplete : .other
    }

    private func readRow(_ cursor: inout ScanCursor) -> Bool {
        cursor.skipBlanks()
        guard cursor.skip(.row) else { return false }
        var place: Int?
        let isPlain = cursor.readAttributes { name, value in
            if name == UInt8(ascii: "r") {
                place = CellPlace.rowNumber(value, end: ScanCursor.quote) ?? -1
            }
        }
        guard isPlain else { return false }
        do throws(WorkbookError) {
            try cells.beginRow(at: place)
            if cursor.skip(.emptyEnd) { return true }
            guard cursor.skip(.tagEnd) else { return false }
            var column = -1
            while true {
                cursor.skipBlanks()
                if cursor.skip(.rowEnd) { return true }
                guard try readCell(&cursor, &column) else { return false }
            }
        } catch {
            // Expat comes upon it as well, and then it is told.
            return false
        }
    }

    /// - Parameter column: of the cell before.
    @inline(__always)
    private func readCell(
        _ cursor: inout ScanCursor, _ column: inout Int
    ) throws(WorkbookError) -> Bool {
        guard cursor.skip(.cell) else { return false }
        var next: Int? = column + 1
        var style = 0
        var kind: SheetCells.ValueKind? = .number
        let isPlain = cursor.readAttributes { name, value in
            switch name {
            case UInt8(ascii: "r"): next = CellPlace.column(value)
            case UInt8(ascii: "s"):
                style = CellPlace.rowNumber(value, end: ScanCursor.quote) ?? 0
            case UInt8(ascii: "t"): kind = Self.kind(value)
            default: break
            }
        }
        guard isPlain, let kind, let next, next < WorkbookLimits.sheetColumns else { return false }
        column = next
        if cursor.skip(.emptyEnd) { return true }
        guard cursor.skip(.tagEnd) else { return false }
        let cell = SheetCells.Cell(column: next, kind: kind, style: style)
        if cursor.skip(.valueBegin) {
            switch kind {
            case .inlineText: return false
            case .formulaText: try cells.add(cursor.readText(), of: cell)
            case .number, .shared, .boolean, .error, .date:
                try cells.add(cursor.readValue(), of: cell)
            }
            return cursor.skip(.valueAndCellEnd)
        }
        if kind == .inlineText, cursor.skip(.inlineBegin) {
            try cells.add(cursor.readText().trimmedOfXMLBlanks, of: cell)
            return cursor.skip(.inlineEnd) && cursor.skip(.inlineAndCellEnd)
        }
        return cursor.skip(.cellEnd)
    }

    /// Nil for what is no kind.
    private static func kind(_ value: UnsafePointer<CChar>) -> SheetCells.ValueKind? {
        let letter = UInt8(bitPattern: value[0])
        guard letter != UInt8(ascii: ":"), letter != ScanCursor.quote else { return nil }
        if UInt8(bitPattern: value[1]) == ScanCursor.quote {
            return SheetCells.ValueKind(key: UInt64(letter))
        }
        var cursor = ScanCursor(UnsafeRawPointer(value).assumingMemoryBound(to: UInt8.self))
        if cursor.skip(.formulaText) { return .formulaText }
        return cursor.skip(.inlineText) && cursor.skip(.inlineTextEnd) ? .inlineText : nil
    }
}
