import CSV

/// An XLS: what all its sheets share.
///
/// Rule: [MS-XLS], section 2.4.
final class XLSWorkbook {
    /// Texts of the two versions lie differently.
    enum Version {
        /// Excel 5.0 and 95: bytes in a code page.
        case bytes(TextEncoding)
        /// Excel 97 and later.
        case unicode
    }

    private let reader: BIFFReader
    private let looks: SheetLooks
    private let row: RowBuilder
    private let text: TextCollector
    private let texts: SharedTexts
    private(set) var sheets: [WorkbookSheet] = []
    private(set) var unknownCodePage: Int?
    private var version: Version
    private var countsFrom1904 = false
    private var codes: [Int: CellFormat] = [:]
    private var formatNumbers: [Int] = []

    init(
        _ file: CompoundFile, limits: WorkbookLimits, codePage: TextEncoding
    ) throws(WorkbookError) {
        // What Excel encrypts as a whole, it hides in a container of this kind.
        guard !file.has("EncryptedPackage") else { throw .encrypted }
        let stream: CompoundStream
        if let newer = try file.stream("Workbook") {
            stream = newer
        } else if let older = try file.stream("Book") {
            stream = older
        } else {
            throw .damaged(attempt: "find the workbook in its container")
        }
        reader = BIFFReader(stream)
        looks = SheetLooks(reader, unorderedLimit: limits.unordered)
        row = RowBuilder(limits.record)
        text = TextCollector(limit: limits.record.field)
        texts = SharedTexts(limit: limits.sharedText)
        version = .unicode
        try readVersion(codePage)
        while let record = try reader.next(), record.kind != BIFFRecord.end {
            try take(record)
        }
    }

    func open(_ sheet: WorkbookSheet) throws(WorkbookError) -> XLSSheet {
        XLSSheet(
            reader, extent: try looks.extent(ofSheetAt: sheet.place),
            cells: XLSCells(
                row: row, text: text, texts: texts,
                number: CellNumber(countsFrom1904: countsFrom1904),
                formats: formatNumbers.map { codes[$0] ?? CellFormat(builtIn: $0) },
                version: version))
    }

    // MARK: - Records

    private func readVersion(_ codePage: TextEncoding) throws(WorkbookError) {
        guard let begin = try reader.next(), begin.kind == BIFFRecord.fileBegin else {
            throw .damaged(attempt: "read the workbook's first record")
        }
        switch try begin.u16(0) {
        case 0x0600: version = .unicode
        case 0x0500: version = .bytes(codePage)
        case let number: throw .damaged(attempt: "read the workbook: version \(number)")
        }
    }

    private func take(_ record: BIFFRecord) throws(WorkbookError) {
        switch record.kind {
        case BIFFRecord.filePass: throw .encrypted
        case BIFFRecord.dateMode: countsFrom1904 = try record.u16(0) == 1
        case BIFFRecord.codePage: try takeCodePage(record)
        case BIFFRecord.sheet: try takeSheet(record)
        case BIFFRecord.format: try takeFormat(record)
        case BIFFRecord.cellFormat:
            guard formatNumbers.count < WorkbookLimits.formats else {
                throw .damaged(attempt: "read formats: there are too many")
            }
            formatNumbers.append(try record.u16(2))
        case BIFFRecord.sharedTexts: try takeSharedTexts(record)
        default: break
        }
    }

    private func takeCodePage(_ record: BIFFRecord) throws(WorkbookError) {
        guard case .bytes = version else { return }
        let number = try record.u16(0)
        if let encoding = CodePage.encoding(number) {
            version = .bytes(encoding)
        } else {
            unknownCodePage = number
        }
    }

    private func takeSheet(_ record: BIFFRecord) throws(WorkbookError) {
        guard sheets.count < WorkbookLimits.sheets else {
            throw .damaged(attempt: "read the list of sheets: there are too many")
        }
        let place = try record.u32(0)
        let visibility = try record.u8(4) & 3
        // Others hold charts and macros.
        guard try record.u8(5) == 0 else { return }
        guard !sheets.contains(where: { $0.place == place }) else {
            throw .damaged(attempt: "read the list of sheets: two are at one place")
        }
        try readText(record, at: 7, count: try record.u8(6))
        let name = String(decoding: text.text, as: UTF8.self)
        sheets.append(WorkbookSheet(name: name, isVisible: visibility == 0, place: place))
    }

    private func takeFormat(_ record: BIFFRecord) throws(WorkbookError) {
        guard codes.count < WorkbookLimits.formats else {
            throw .damaged(attempt: "read formats: there are too many")
        }
        let number = try record.u16(0)
        switch version {
        case .unicode: try readText(record, at: 4, count: try record.u16(2))
        case .bytes: try readText(record, at: 3, count: try record.u8(2))
        }
        codes[number] = CellFormat(code: String(decoding: text.text, as: UTF8.self))
    }

    private func takeSharedTexts(_ record: BIFFRecord) throws(WorkbookError) {
        let count = try record.u32(4)
        var source = BIFFText(record, from: 8, in: reader)
        // How many there are to be is only believed as far as they come.
        while texts.count < count, try !source.isAtEnd() {
            try source.text(count: try source.u16(), into: text)
            try texts.append(text.text)
        }
    }

    private func readText(
        _ record: BIFFRecord, at offset: Int, count: Int
    ) throws(WorkbookError) {
        try version.readText(record, at: offset, count: count, in: reader, into: text)
    }
}

extension XLSWorkbook.Version {
    /// Reads a text of so many characters behind its count.
    func readText(
        _ record: BIFFRecord, at offset: Int, count: Int, in reader: BIFFReader,
        into text: TextCollector
    ) throws(WorkbookError) {
        switch self {
        case .unicode:
            var source = BIFFText(record, from: offset, in: reader)
            try source.text(count: count, into: text)
        case .bytes(let encoding):
            guard offset + count <= record.body.count else {
                throw .damaged(attempt: "read a text: it is cut short")
            }
            let bytes = UnsafeRawBufferPointer(
                rebasing: record.body[offset..<(offset + count)])
            guard CodePage.decode(bytes, encoding, into: text) else {
                throw .tooLarge(.text)
            }
        }
    }
}
