import CSV

/// Puts the cells of a sheet into rows, whoever finds them in the XML.
///
/// Rule: ECMA-376 part 1, sections 18.3.1.4, 18.3.1.73 and 18.18.11.
final class SheetCells {
    /// What a cell's value is, as its attribute `t` tells.
    enum ValueKind {
        case number, shared, formulaText, inlineText, boolean, error, date

        /// - Parameter key: as of an ``XMLName``.
        init(key: UInt64) {
            switch key {
            case XMLName.s: self = .shared
            // `b`, `e`, `d`.
            case 0x62: self = .boolean
            case 0x65: self = .error
            case 0x64: self = .date
            // `str`; the longer `inlineStr` has no key.
            case 0x72_7473: self = .formulaText
            case 0: self = .inlineText
            default: self = .number
            }
        }
    }

    /// What the attributes of a cell say.
    struct Cell {
        var column: Int
        var kind = ValueKind.number
        var style = 0
    }

    let row: RowBuilder
    private let number: CellNumber
    private let formats: [CellFormat]
    private let texts: SharedTexts
    /// Where the row at hand stands, counted from one.
    private(set) var place = 0

    init(row: RowBuilder, number: CellNumber, formats: [CellFormat], texts: SharedTexts) {
        self.row = row
        self.number = number
        self.formats = formats
        self.texts = texts
    }

    /// Begins a row.
    ///
    /// - Parameter place: where it says it stands; nil where it says nothing.
    func beginRow(at place: Int?) throws(WorkbookError) {
        let next = place ?? self.place + 1
        guard next > 0, next <= WorkbookLimits.sheetRows else {
            throw .damaged(attempt: "read the row behind row \(self.place): no such place")
        }
        self.place = next
        row.begin(number: next)
    }

    /// Forgets the row at hand: it is read once more.
    func takeBackRow(behind place: Int) { self.place = place }

    /// Adds a cell with its value, in UTF-8.
    func add(_ text: UnsafeRawBufferPointer, of cell: Cell) throws(WorkbookError) {
        guard !text.isEmpty else { return }
        switch cell.kind {
        case .shared:
            let text = text.trimmedOfXMLBlanks
            guard !text.isEmpty else { return }
            guard let index = DecimalText.index(text), let shared = texts[index] else {
                throw .damaged(attempt: "read row \(place): a shared text that there is not")
            }
            try row.append(shared)
        case .formulaText, .inlineText, .error:
            try row.append(text)
        case .boolean:
            let text = text.trimmedOfXMLBlanks
            switch text.first {
            case UInt8(ascii: "1"): try row.append("TRUE")
            case UInt8(ascii: "0"): try row.append("FALSE")
            default: try row.append(text)
            }
        case .date:
            try writeDate(text.trimmedOfXMLBlanks, format(cell.style))
        case .number:
            try writeNumber(text.trimmedOfXMLBlanks, format(cell.style))
        }
        try row.endField(column: cell.column)
    }

    /// What the time of a date without one is written with: `T00:00:00.000Z`.
    private static let midnight = Array("T0:.Z".utf8)

    private func format(_ style: Int) -> CellFormat {
        style < formats.count ? formats[style] : .general
    }

    private func writeNumber(
        _ text: UnsafeRawBufferPointer, _ format: CellFormat
    ) throws(WorkbookError) {
        if format.kind == .number,
            DecimalText.isShortest(text) || DecimalText.isLongWhole(text)
        {
            return try row.append(text)
        }
        guard let value = DecimalText.value(text) else { return try row.append(text) }
        try number.write(value, as: format, to: row)
    }

    /// A date that is written as one already; some programs write midnight to each.
    private func writeDate(
        _ text: UnsafeRawBufferPointer, _ format: CellFormat
    ) throws(WorkbookError) {
        var end = text.count
        if format.kind == .date, let time = text.firstIndex(of: UInt8(ascii: "T")),
            text[time...].allSatisfy({ Self.midnight.contains($0) })
        {
            end = time
        }
        try row.append(UnsafeRawBufferPointer(rebasing: text[..<end]))
    }
}

extension UInt8 {
    /// Whether it is white space to XML.
    var isXMLBlank: Bool { self == 0x20 || self == 0x09 || self == 0x0a || self == 0x0d }
}

extension UnsafeRawBufferPointer {
    /// Without the white space at both ends.
    var trimmedOfXMLBlanks: UnsafeRawBufferPointer {
        var first = 0
        var end = count
        while first < end, self[first].isXMLBlank { first += 1 }
        while end > first, self[end - 1].isXMLBlank { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: self[first..<end])
    }
}

/// A place in a sheet as an XLSX writes it: `AB12`.
enum CellPlace {
    /// Counted from zero; nil for what is no place.
    ///
    /// - Parameter place: ends with any byte that is no letter.
    static func column(_ place: UnsafePointer<CChar>) -> Int? {
        var letter = place
        var column = 0
        while true {
            let byte = UInt8(bitPattern: letter.pointee).lowercasedASCII
            guard byte >= UInt8(ascii: "a"), byte <= UInt8(ascii: "z") else { break }
            column = column * 26 + Int(byte - UInt8(ascii: "a")) + 1
            guard column <= WorkbookLimits.sheetColumns else { return nil }
            letter += 1
        }
        return column > 0 ? column - 1 : nil
    }

    /// A number of a row or a style; nil for what is none, or a far larger one.
    ///
    /// - Parameter end: the byte behind the number.
    static func rowNumber(_ text: UnsafePointer<CChar>, end: UInt8 = 0) -> Int? {
        var digit = text
        var value = 0
        while UInt8(bitPattern: digit.pointee) != end {
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
