/// Finds the cells of a sheet among what expat tells, and pauses behind each row that has any text.
final class CellVisitor: XMLVisitor {
    /// Where the elements of a sheet stand.
    private enum Depth {
        static let data = 2
        static let row = 3
        static let cell = 4
        static let value = 5
    }

    private let cells: SheetCells
    private let text: TextCollector
    private var column = -1
    private var cell = SheetCells.Cell(column: 0)
    /// Whether a row that comes now is one of the sheet's and stands by itself.
    private(set) var isBetweenRows = false
    private var isInRow = false
    private var isInCell = false
    private var isInValue = false
    private var isInline = false
    private var runs = TextRuns()

    init(_ cells: SheetCells, text: TextCollector) {
        self.cells = cells
        self.text = text
    }

    override func begin(_ name: XMLName, _ attributes: XMLAttributes, depth: Int) {
        switch depth {
        case Depth.data:
            isBetweenRows = true
        case Depth.row:
            isBetweenRows = false
            if name.key == XMLName.row { beginRow(attributes) }
        case Depth.cell:
            if isInRow, name.key == XMLName.c { beginCell(attributes) }
        case Depth.value:
            guard isInCell else { return }
            isInValue = name.key == XMLName.v
            isInline = name.key == XMLName.inline
            if isInValue || isInline { text.begin() }
        default:
            if isInline { runs.begin(name, attributes, at: text.count) }
        }
    }

    override func text(_ bytes: UnsafeRawBufferPointer) {
        guard isInValue || (isInline && runs.isOpen) else { return }
        if !text.append(bytes) { failure = .tooLarge(.cell(row: cells.row.number)) }
    }

    override func end(_ name: XMLName, depth: Int) {
        switch depth {
        case Depth.data:
            isBetweenRows = false
        case Depth.row:
            isBetweenRows = true
            guard isInRow else { return }
            isInRow = false
            isToPause = !cells.row.isBlank
        case Depth.cell:
            guard isInCell else { return }
            isInCell = false
            if cell.kind == .formulaText || cell.kind == .inlineText { text.unescape() }
            do throws(WorkbookError) {
                try cells.add(text.text, of: cell)
            } catch {
                failure = error
            }
        case Depth.value:
            isInValue = false
            isInline = false
        default:
            if isInline { runs.end(name, text) }
        }
    }

    private func beginRow(_ attributes: XMLAttributes) {
        var place: Int?
        attributes.forEach { name, value in
            guard name.key == XMLName.r else { return }
            place = CellPlace.rowNumber(value) ?? -1
        }
        column = -1
        isInRow = true
        do throws(WorkbookError) {
            try cells.beginRow(at: place)
        } catch {
            failure = error
        }
    }

    private func beginCell(_ attributes: XMLAttributes) {
        var next: Int? = column + 1
        cell = SheetCells.Cell(column: 0)
        attributes.forEach { name, value in
            switch name.key {
            case XMLName.r: next = CellPlace.column(value)
            case XMLName.s: cell.style = CellPlace.rowNumber(value) ?? 0
            case XMLName.t: cell.kind = SheetCells.ValueKind(key: XMLName(value).key)
            default: break
            }
        }
        guard let next, next < WorkbookLimits.sheetColumns else {
            failure = .damaged(attempt: "read row \(cells.place): a cell without a place")
            return
        }
        column = next
        cell.column = next
        isInCell = true
        text.begin()
        runs = TextRuns()
    }
}
