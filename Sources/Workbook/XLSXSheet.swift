import CSV

/// Reads the rows of a sheet of an XLSX.
final class XLSXSheet {
    private let reader: XMLReader
    private let cells: CellVisitor
    private var numbers = RowNumbers()

    init(
        _ stream: ZipStream, name: String, row: RowBuilder, number: CellNumber,
        formats: [CellFormat], texts: SharedTexts, limits: WorkbookLimits
    ) throws(WorkbookError) {
        cells = CellVisitor(
            row: row, number: number, formats: formats, texts: texts,
            text: TextCollector(limit: limits.record.field))
        reader = try XMLReader(stream, name: name, visitor: cells)
    }

    var progress: (done: Int, total: Int) { reader.progress }

    func next() throws(WorkbookError) -> CSVRecord? {
        guard try reader.advance() else { return nil }
        return cells.row.record(number: numbers.next(place: cells.row.number))
    }
}

/// Puts the cells of a sheet into rows, and pauses behind each row that has any text.
///
/// Rule: ECMA-376 part 1, sections 18.3.1.4, 18.3.1.73 and 18.18.11.
private final class CellVisitor: XMLVisitor {
    /// What a cell's value is, as its attribute `t` tells.
    private enum ValueKind {
        case number, shared, formulaText, inlineText, boolean, error, date
    }

    /// Where the elements of a sheet stand.
    private enum Depth {
        static let row = 3
        static let cell = 4
        static let value = 5
    }

    let row: RowBuilder
    private let number: CellNumber
    private let formats: [CellFormat]
    private let texts: SharedTexts
    private let text: TextCollector

    private var place = 0
    private var column = -1
    private var kind = ValueKind.number
    private var style = 0
    private var isInRow = false
    private var isInCell = false
    private var isInValue = false
    private var isInline = false
    private var runs = TextRuns()

    init(
        row: RowBuilder, number: CellNumber, formats: [CellFormat], texts: SharedTexts,
        text: TextCollector
    ) {
        self.row = row
        self.number = number
        self.formats = formats
        self.texts = texts
        self.text = text
    }

    override func begin(_ name: XMLName, _ attributes: XMLAttributes, depth: Int) {
        switch depth {
        case Depth.row:
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
        if !text.append(bytes) { failure = .tooLarge(.cell(row: row.number)) }
    }

    override func end(_ name: XMLName, depth: Int) {
        switch depth {
        case Depth.row:
            guard isInRow else { return }
            isInRow = false
            isToPause = !row.isBlank
        case Depth.cell:
            guard isInCell else { return }
            isInCell = false
            do throws(WorkbookError) {
                try endCell()
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

    // MARK: - Rows and cells

    private func beginRow(_ attributes: XMLAttributes) {
        var next = place + 1
        attributes.forEach { name, value in
            guard name.key == XMLName.r else { return }
            next = CellPlace.rowNumber(value) ?? -1
        }
        guard next > 0, next <= WorkbookLimits.sheetRows else {
            failure = .damaged(attempt: "read the row behind row \(place): no such place")
            return
        }
        place = next
        column = -1
        isInRow = true
        row.begin(number: place)
    }

    private func beginCell(_ attributes: XMLAttributes) {
        var next: Int? = column + 1
        kind = .number
        style = 0
        attributes.forEach { name, value in
            switch name.key {
            case XMLName.r: next = CellPlace.column(value)
            case XMLName.s: style = CellPlace.rowNumber(value) ?? 0
            case XMLName.t: kind = Self.kind(value)
            default: break
            }
        }
        guard let next, next < WorkbookLimits.sheetColumns else {
            failure = .damaged(attempt: "read row \(place): a cell without a place")
            return
        }
        column = next
        isInCell = true
        text.begin()
        runs = TextRuns()
    }

    private static func kind(_ value: UnsafePointer<CChar>) -> ValueKind {
        switch XMLName(value).key {
        case XMLName.s: .shared
        // `b`, `e`, `d`.
        case 0x62: .boolean
        case 0x65: .error
        case 0x64: .date
        // `str`; the longer `inlineStr` has no key.
        case 0x72_7473: .formulaText
        case 0: .inlineText
        default: .number
        }
    }

    private func endCell() throws(WorkbookError) {
        guard text.count > 0 else { return }
        switch kind {
        case .shared:
            text.trim(from: 0)
            guard text.count > 0 else { return }
            guard let index = DecimalText.index(text.text), let shared = texts[index] else {
                throw .damaged(attempt: "read row \(place): a shared text that there is not")
            }
            try row.append(shared)
        case .formulaText, .inlineText:
            text.unescape()
            try row.append(text.text)
        case .boolean:
            text.trim(from: 0)
            switch text.text.first {
            case UInt8(ascii: "1"): try row.append("TRUE")
            case UInt8(ascii: "0"): try row.append("FALSE")
            default: try row.append(text.text)
            }
        case .error:
            try row.append(text.text)
        case .date:
            try writeDate()
        case .number:
            try writeNumber()
        }
        try row.endField(column: column)
    }

    /// What the time of a date without one is written with: `T00:00:00.000Z`.
    private static let midnight = Array("T0:.Z".utf8)

    private var format: CellFormat { style < formats.count ? formats[style] : .general }

    private func writeNumber() throws(WorkbookError) {
        text.trim(from: 0)
        let format = format
        if format.kind == .number,
            DecimalText.isShortest(text.text) || DecimalText.isLongWhole(text.text)
        {
            return try row.append(text.text)
        }
        guard let value = DecimalText.value(text.text) else { return try row.append(text.text) }
        try number.write(value, as: format, to: row)
    }

    /// A date that is written as one already; some programs write midnight to each.
    private func writeDate() throws(WorkbookError) {
        text.trim(from: 0)
        var end = text.count
        if format.kind == .date, let time = text.text.firstIndex(of: UInt8(ascii: "T")),
            text.text[time...].allSatisfy({ Self.midnight.contains($0) })
        {
            end = time
        }
        try row.append(UnsafeRawBufferPointer(rebasing: text.text[..<end]))
    }
}

/// A place in a sheet as an XLSX writes it: `AB12`.
enum CellPlace {
    /// Counted from zero; nil for what is no place.
    static func column(_ place: UnsafePointer<CChar>) -> Int? {
        var letter = place
        var column = 0
        while letter.pointee != 0 {
            let byte = UInt8(bitPattern: letter.pointee).lowercasedASCII
            guard byte >= UInt8(ascii: "a"), byte <= UInt8(ascii: "z") else { break }
            column = column * 26 + Int(byte - UInt8(ascii: "a")) + 1
            guard column <= WorkbookLimits.sheetColumns else { return nil }
            letter += 1
        }
        return column > 0 ? column - 1 : nil
    }

    /// A number of a row or a style; nil for what is none, or a far larger one.
    static func rowNumber(_ text: UnsafePointer<CChar>) -> Int? {
        var digit = text
        var value = 0
        while digit.pointee != 0 {
            let byte = UInt8(bitPattern: digit.pointee)
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9"), value < 1 << 30 else {
                return nil
            }
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
            digit += 1
        }
        return digit == text ? nil : value
    }
}
