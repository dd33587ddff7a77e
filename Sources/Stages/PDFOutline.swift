import Rules

/// One entry of a PDF's table of contents.
struct PDFOutlineEntry {
    /// Counted from one, the outermost.
    var level: Int
    var title: String
    /// Counted from one; nil where the entry leads to no page of this document.
    var page: Int?

    var json: JSONValue {
        .object([
            .init("level", .count(level)), .init("title", .string(title)),
            .init("page", .count(page)),
        ])
    }
}

/// The table of contents, in reading order.
enum PDFOutline {
    static let entryLimit = 5000
    static let levelLimit = 32
    static let titleLimit = 512

    static func entries(of document: PDFDocument) -> BoundedList<PDFOutlineEntry> {
        var outline = BoundedList<PDFOutlineEntry>()
        do {
            let root = try document.reader.trailer()["Root"]?["Outlines"]
            guard let first = try root?["First"] else { return outline }
            try walk(from: first, in: document, into: &outline)
        } catch {
            outline.isCut = true
        }
        return outline
    }

    /// Goes down before it goes on. An entry met a second time ends its branch: such lists run in
    /// circles.
    private static func walk(
        from first: PDFObject, in document: PDFDocument,
        into outline: inout BoundedList<PDFOutlineEntry>
    ) throws(StageError) {
        var seen: Set<Int> = []
        var waiting = [(entry: first, level: 1)]
        while let (entry, level) = waiting.popLast() {
            let (kind, number) = try entry.description()
            guard case .dictionary = kind else { continue }
            let isNew = number.map { seen.insert($0).inserted } ?? true
            guard isNew, outline.list.count < entryLimit else {
                outline.isCut = true
                continue
            }
            outline.list.append(
                PDFOutlineEntry(
                    level: level, title: try entry["Title"]?.text(limit: titleLimit) ?? "",
                    page: page(of: entry, in: document)))
            if let next = try entry["Next"] { waiting.append((next, level)) }
            guard let below = try entry["First"] else { continue }
            if level < levelLimit {
                waiting.append((below, level + 1))
            } else {
                outline.isCut = true
            }
        }
    }

    private static func page(of entry: PDFObject, in document: PDFDocument) -> Int? {
        // Without the page tree each look-up would walk the whole document.
        guard document.hasPageTree else { return nil }
        let page = leniently(else: nil) { () throws(StageError) -> Int? in
            if let destination = try entry["Dest"] { return try destination.destinationPage() }
            guard let action = try entry["A"], try action["S"]?.text(limit: 16) == "GoTo" else {
                return nil
            }
            return try action["D"]?.destinationPage()
        }
        guard let page, page < document.pageCount else { return nil }
        return page + 1
    }
}
