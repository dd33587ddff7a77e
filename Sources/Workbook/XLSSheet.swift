import CSV

/// Reads the rows of a sheet of an XLS.
///
/// Excel writes cells row by row, and so they are read. Some programs write them as they come: then
/// they are read by their places, which ``SheetLooks`` has put in order.
final class XLSSheet {
    private let reader: BIFFReader
    private let cells: XLSCells
    private let extent: SheetExtent
    /// Which of the cells that are not in order is to be read next.
    private var upcoming = 0
    private var numbers = RowNumbers()

    init(_ reader: BIFFReader, extent: SheetExtent, cells: XLSCells) {
        self.reader = reader
        self.extent = extent
        self.cells = cells
        reader.seek(to: extent.bytes.lowerBound)
    }

    /// The stream's bytes between the sheet's first record and its end.
    var progress: (done: Int, total: Int) {
        guard let order = extent.order else {
            let done = min(reader.place, extent.bytes.upperBound) - extent.bytes.lowerBound
            return (done, extent.bytes.count)
        }
        return (upcoming, order.count)
    }

    func next() throws(WorkbookError) -> CSVRecord? {
        var place: Int?
        while let record = try nextCell() {
            let row = try record.u16(0)
            if let begun = place, begun != row {
                guard cells.row.isBlank else {
                    putBack(record)
                    return finish(begun)
                }
                place = nil
            }
            if place == nil {
                place = row
                cells.row.begin(number: row + 1)
            }
            try cells.take(record, in: reader)
        }
        guard let place, !cells.row.isBlank else { return nil }
        return finish(place)
    }

    private func finish(_ place: Int) -> CSVRecord {
        cells.row.record(number: numbers.next(place: place))
    }

    private func nextCell() throws(WorkbookError) -> BIFFRecord? {
        if let order = extent.order {
            guard upcoming < order.count else { return nil }
            reader.seek(to: Int(order[upcoming] & 0xffff_ffff))
            upcoming += 1
            return try reader.next()
        }
        while reader.place < extent.bytes.upperBound, let record = try reader.next() {
            if record.isCell { return record }
        }
        return nil
    }

    private func putBack(_ record: BIFFRecord) {
        if extent.order != nil { upcoming -= 1 } else { reader.seek(to: record.place) }
    }
}

/// Turns records into cells of a row.
struct XLSCells {
    let row: RowBuilder
    let text: TextCollector
    let texts: SharedTexts
    let number: CellNumber
    let formats: [CellFormat]
    let version: XLSWorkbook.Version

    /// Takes a record that puts something into cells.
    func take(_ record: BIFFRecord, in reader: BIFFReader) throws(WorkbookError) {
        let column = try record.u16(2)
        switch record.kind {
        case BIFFRecord.sharedText:
            guard let shared = texts[try record.u32(6)] else {
                throw .damaged(attempt: "read row \(row.number): a shared text that there is not")
            }
            try row.append(shared)
        case BIFFRecord.label, BIFFRecord.richLabel:
            try version.readText(
                record, at: 8, count: try record.u16(6), in: reader, into: text)
            try row.append(text.text)
        case BIFFRecord.number:
            try write(try record.double(6), format: try record.u16(4))
        case BIFFRecord.packedNumber:
            try write(try record.packedDouble(6), format: try record.u16(4))
        case BIFFRecord.packedNumbers:
            return try takeNumbers(record, from: column)
        case BIFFRecord.formula:
            try takeFormula(record, in: reader)
        case BIFFRecord.boolean:
            let isError = try record.u8(7) != 0
            try write(try record.u8(6), isError: isError)
        default: return
        }
        try row.endField(column: column)
    }

    private func write(_ value: Double, format: Int) throws(WorkbookError) {
        try number.write(
            value, as: format < formats.count ? formats[format] : .general, to: row)
    }

    private func write(_ value: Int, isError: Bool) throws(WorkbookError) {
        try row.append(isError ? Self.error(value) : value != 0 ? "TRUE" : "FALSE")
    }

    private func takeNumbers(_ record: BIFFRecord, from first: Int) throws(WorkbookError) {
        // Each is a format and a number; the last column is told behind them.
        for index in 0..<max(0, (record.body.count - 6) / 6) {
            let offset = 4 + 6 * index
            try write(try record.packedDouble(offset + 2), format: try record.u16(offset))
            try row.endField(column: first + index)
        }
    }

    /// The value that was calculated last; the formula itself is not looked at.
    private func takeFormula(
        _ record: BIFFRecord, in reader: BIFFReader
    ) throws(WorkbookError) {
        guard try record.u16(12) == 0xffff else {
            return try write(try record.double(6), format: try record.u16(4))
        }
        switch try record.u8(6) {
        case 0: try takeFormulaText(in: reader)
        case 1: try write(try record.u8(8), isError: false)
        case 2: try write(try record.u8(8), isError: true)
        default: break
        }
    }

    /// A formula that is shared or fills an array has a record of its own before its text.
    private func takeFormulaText(in reader: BIFFReader) throws(WorkbookError) {
        let place = reader.place
        for _ in 0..<2 {
            guard let record = try reader.next() else { break }
            if record.kind == BIFFRecord.formulaText {
                try version.readText(
                    record, at: 2, count: try record.u16(0), in: reader, into: text)
                return try row.append(text.text)
            }
            guard Self.formulaParts.contains(record.kind) else { break }
        }
        reader.seek(to: place)
    }

    /// `SHRFMLA`, `ARRAY`, `TABLE`.
    private static let formulaParts: Set<UInt16> = [0x04bc, 0x0221, 0x0236]

    /// Rule: [MS-XLS], section 2.5.10.
    private static func error(_ code: Int) -> String {
        switch code {
        case 0x00: "#NULL!"
        case 0x07: "#DIV/0!"
        case 0x0f: "#VALUE!"
        case 0x17: "#REF!"
        case 0x1d: "#NAME?"
        case 0x24: "#NUM!"
        case 0x2a: "#N/A"
        default: "#ERROR!"
        }
    }
}
