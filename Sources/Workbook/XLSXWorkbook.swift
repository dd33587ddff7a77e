import CSV

/// The parts of an XLSX and how they belong together.
///
/// Rule: ECMA-376 part 1, section 18; part 2, section 9.
final class XLSXWorkbook {
    private let archive: ZipArchive
    private let limits: WorkbookLimits
    private let budget: UnpackingBudget
    private let row: RowBuilder
    /// The names of the sheets' parts.
    private let parts: [String]
    let sheets: [WorkbookSheet]
    private let number: CellNumber
    private let stylesPart: String?
    private let textsPart: String?
    /// What all sheets share.
    private typealias Contents = (formats: [CellFormat], texts: SharedTexts)
    /// Read once, when the first sheet is opened: what is damaged there is so for each.
    private var contents: Result<Contents, WorkbookError>?

    init(_ bytes: WorkbookBytes, limits: WorkbookLimits) throws(WorkbookError) {
        archive = try ZipArchive(bytes)
        self.limits = limits
        budget = UnpackingBudget(limits.parts)
        row = RowBuilder(limits.record)
        let files = Files(archive: archive, limits: limits, budget: budget)

        let root = try files.relationships(of: "")
        let main = root.first { $0.isOf(type: "officeDocument") }?.target ?? "xl/workbook.xml"
        guard archive[main] != nil else { throw .damaged(attempt: "find the workbook's main part") }
        let relationships = try files.relationships(of: main)
        let list = SheetList()
        try files.read(main, list)

        var sheets: [WorkbookSheet] = []
        var parts: [String] = []
        for entry in list.entries {
            // Charts and dialogs have sheets too.
            let part = relationships.first { $0.id == entry.id && $0.isOf(type: "worksheet") }
            guard let part else { continue }
            sheets.append(
                WorkbookSheet(name: entry.name, isVisible: entry.isVisible, place: parts.count))
            parts.append(part.target)
        }
        self.sheets = sheets
        self.parts = parts
        number = CellNumber(countsFrom1904: list.countsFrom1904)
        stylesPart = relationships.first { $0.isOf(type: "styles") }?.target
        textsPart = relationships.first { $0.isOf(type: "sharedStrings") }?.target
    }

    func open(_ sheet: WorkbookSheet) throws(WorkbookError) -> XLSXSheet {
        let files = Files(archive: archive, limits: limits, budget: budget)
        let result = self.contents ?? Result { () throws(WorkbookError) in try readContents(files) }
        self.contents = result
        let contents = try result.get()
        let part = parts[sheet.place]
        return try XLSXSheet(
            files.stream(part), name: part, row: row, number: number, formats: contents.formats,
            texts: contents.texts, limits: limits)
    }

    private func readContents(
        _ files: Files
    ) throws(WorkbookError) -> Contents {
        let styles = StyleList()
        if let stylesPart, archive[stylesPart] != nil { try files.read(stylesPart, styles) }
        let texts = SharedTexts(limit: limits.sharedText)
        if let textsPart, archive[textsPart] != nil {
            try files.read(textsPart, SharedTextList(texts, limit: limits.record.field))
        }
        return (styles.formats, texts)
    }
}

/// The files of an archive, read as parts.
private struct Files {
    let archive: ZipArchive
    let limits: WorkbookLimits
    let budget: UnpackingBudget

    func stream(_ name: String) throws(WorkbookError) -> ZipStream {
        guard let file = archive[name] else { throw .damaged(attempt: "find \(name)") }
        return try ZipStream(file, name: name, in: archive, limit: limits.part, budget: budget)
    }

    func read(_ name: String, _ visitor: XMLVisitor) throws(WorkbookError) {
        try XMLReader.read(try stream(name), name: name, visitor: visitor)
    }

    /// What a part says it belongs with; nothing where it says nothing.
    func relationships(of part: String) throws(WorkbookError) -> [Relationship] {
        let slash = part.lastIndex(of: "/")
        let folder = slash.map { String(part[...$0]) } ?? ""
        let name = slash.map { String(part[part.index(after: $0)...]) } ?? part
        let file = "\(folder)_rels/\(name).rels"
        guard archive[file] != nil else { return [] }
        let list = RelationshipList(folder: folder)
        try read(file, list)
        return list.relationships
    }
}
