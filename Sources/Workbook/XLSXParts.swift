/// That one part of an XLSX belongs with another.
struct Relationship {
    var id: String
    var type: String
    /// The other part's name in the archive.
    var target: String

    /// Strict and Transitional workbooks differ in what stands before the last word.
    func isOf(type word: String) -> Bool {
        type.split(separator: "/").last.map(String.init) == word
    }
}

/// Reads a part of relationships.
final class RelationshipList: XMLVisitor {
    /// A sheet and a few more parts each have one.
    private static let limit = 4 * WorkbookLimits.sheets

    private let folder: String
    private var nameBytes = 0
    private(set) var relationships: [Relationship] = []

    /// - Parameter folder: where the part stands that the relationships are of; ends with a slash
    ///   unless it is empty.
    init(folder: String) { self.folder = folder }

    override func begin(_ name: XMLName, _ attributes: XMLAttributes, depth: Int) {
        guard depth == 2, name.text == "Relationship", attributes["TargetMode"] != "External",
            let id = attributes["Id"], let type = attributes["Type"],
            let target = attributes["Target"]
        else { return }
        nameBytes += id.utf8.count + type.utf8.count + folder.utf8.count + target.utf8.count
        guard relationships.count < Self.limit, nameBytes <= WorkbookLimits.names else {
            failure = .damaged(attempt: "read relationships: there are too many")
            return
        }
        relationships.append(Relationship(id: id, type: type, target: resolved(target)))
    }

    private func resolved(_ target: String) -> String {
        let path = target.replacing("\\", with: "/")
        var steps: [Substring] = []
        for step in (path.hasPrefix("/") ? path : folder + path).split(separator: "/") {
            switch step {
            case ".": break
            case "..": _ = steps.popLast()
            default: steps.append(step)
            }
        }
        return steps.joined(separator: "/")
    }
}

/// Reads the main part: the list of sheets.
final class SheetList: XMLVisitor {
    struct Entry {
        var name: String
        /// The relationship that leads to the sheet's part.
        var id: String
        var isVisible: Bool
    }

    private var nameBytes = 0
    private(set) var entries: [Entry] = []
    private(set) var countsFrom1904 = false

    override func begin(_ name: XMLName, _ attributes: XMLAttributes, depth: Int) {
        switch (depth, name.text) {
        case (2, "workbookPr"):
            countsFrom1904 = ["1", "true", "on"].contains(attributes["date1904"])
        case (3, "sheet"):
            takeSheet(attributes)
        default: break
        }
    }

    private func takeSheet(_ attributes: XMLAttributes) {
        guard let id = attributes["id"] else { return }
        let name = attributes["name"] ?? ""
        nameBytes += id.utf8.count + name.utf8.count
        guard entries.count < WorkbookLimits.sheets, nameBytes <= WorkbookLimits.names else {
            failure = .damaged(attempt: "read the list of sheets: there are too many")
            return
        }
        let state = attributes["state"] ?? "visible"
        entries.append(Entry(name: name, id: id, isVisible: state == "visible"))
    }
}

/// Reads the styles: which number format each style of a cell has.
final class StyleList: XMLVisitor {
    private var codes: [Int: CellFormat] = [:]
    private var isInCellFormats = false
    private(set) var formats: [CellFormat] = []

    override func begin(_ name: XMLName, _ attributes: XMLAttributes, depth: Int) {
        switch depth {
        case 2:
            isInCellFormats = name.text == "cellXfs"
        case 3 where name.text == "numFmt":
            guard let id = attributes["numFmtId"].flatMap({ Int($0) }),
                let code = attributes["formatCode"]
            else { return }
            codes[id] = CellFormat(code: code)
        case 3 where isInCellFormats && name.key == XMLName.xf:
            let id = attributes["numFmtId"].flatMap { Int($0) } ?? 0
            formats.append(codes[id] ?? CellFormat(builtIn: id))
        default: break
        }
        if formats.count > WorkbookLimits.formats || codes.count > WorkbookLimits.formats {
            failure = .damaged(attempt: "read styles: there are too many")
        }
    }
}

/// Reads the texts that cells share.
final class SharedTextList: XMLVisitor {
    private let texts: SharedTexts
    private let text: TextCollector
    private var runs = TextRuns()

    /// - Parameter limit: bytes of one text.
    init(_ texts: SharedTexts, limit: Int) {
        self.texts = texts
        text = TextCollector(limit: limit)
    }

    override func begin(_ name: XMLName, _ attributes: XMLAttributes, depth: Int) {
        if depth == 2, name.key == XMLName.si {
            text.begin()
            runs = TextRuns()
        }
        runs.begin(name, attributes, at: text.count)
    }

    override func text(_ bytes: UnsafeRawBufferPointer) {
        guard runs.isOpen else { return }
        if !text.append(bytes) { failure = .tooLarge(.text) }
    }

    override func end(_ name: XMLName, depth: Int) {
        runs.end(name, text)
        guard depth == 2, name.key == XMLName.si else { return }
        text.unescape()
        do throws(WorkbookError) {
            try texts.append(text.text)
        } catch {
            failure = error
        }
    }
}

/// Which of the characters in a rich text belong to it: those of its runs, and not how it is spoken.
struct TextRuns {
    /// Whether characters that come now are the text's.
    private(set) var isOpen = false
    private var isSpoken = false
    private var keepsSpace = false
    private var start = 0

    /// - Parameter place: how much of the text there is already.
    mutating func begin(_ name: XMLName, _ attributes: XMLAttributes, at place: Int) {
        switch name.key {
        case XMLName.phonetic: isSpoken = true
        case XMLName.t where !isSpoken:
            isOpen = true
            start = place
            var keeps = false
            attributes.forEach { attribute, value in
                if attribute.key == XMLName.space { keeps = String(cString: value) == "preserve" }
            }
            keepsSpace = keeps
        default: break
        }
    }

    mutating func end(_ name: XMLName, _ text: TextCollector) {
        switch name.key {
        case XMLName.phonetic: isSpoken = false
        case XMLName.t where isOpen:
            isOpen = false
            if !keepsSpace { text.trim(from: start) }
        default: break
        }
    }
}
