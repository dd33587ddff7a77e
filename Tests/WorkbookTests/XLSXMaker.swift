/// An XLSX of our own making: the parts that a workbook cannot do without, and sheets as their XML.
struct XLSXMaker {
    struct Sheet {
        var name: String
        /// What stands in `sheetData`.
        var rows: String
        var state = "visible"
    }

    var sheets: [Sheet] = []
    var sharedTexts: String?
    var styles: String?
    var workbookProperties = ""
    /// Strict workbooks have other namespaces, and here also a prefix.
    var isStrict = false

    init(_ rows: String, name: String = "Sheet1") { sheets = [Sheet(name: name, rows: rows)] }

    init() {}

    private var namespace: String {
        isStrict
            ? "http://purl.oclc.org/ooxml/spreadsheetml/main"
            : "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    }

    private var relations: String {
        isStrict
            ? "http://purl.oclc.org/ooxml/officeDocument/relationships"
            : "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    }

    static let head = #"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"# + "\n"

    var zip: Zip {
        var zip = Zip()
        zip.add(
            "_rels/.rels",
            Self.head + relationships([("rId1", "officeDocument", "xl/workbook.xml")]))
        var list = ""
        var parts = [("rIdS", "styles", "styles.xml"), ("rIdT", "sharedStrings", "/xl/texts.xml")]
        for (index, sheet) in sheets.enumerated() {
            list +=
                #"<sheet name="\#(sheet.name)" sheetId="\#(index + 1)" state="\#(sheet.state)" "#
                + #"r:id="rId\#(index + 1)"/>"#
            parts.append(("rId\(index + 1)", "worksheet", "worksheets/sheet\(index + 1).xml"))
            zip.add(
                "xl/worksheets/sheet\(index + 1).xml",
                Self.head
                    + part("worksheet", "<sheetData>\(sheet.rows)</sheetData><pageMargins/>"))
        }
        zip.add(
            "xl/workbook.xml",
            Self.head
                + part("workbook", "<workbookPr \(workbookProperties)/><sheets>\(list)</sheets>"))
        zip.add("xl/_rels/workbook.xml.rels", Self.head + relationships(parts))
        if let sharedTexts { zip.add("xl/texts.xml", Self.head + part("sst", sharedTexts)) }
        if let styles { zip.add("xl/styles.xml", Self.head + part("styleSheet", styles)) }
        return zip
    }

    var bytes: [UInt8] { zip.bytes }

    private func part(_ root: String, _ content: String) -> String {
        guard isStrict else {
            return
                #"<\#(root) xmlns="\#(namespace)" xmlns:r="\#(relations)">\#(content)</\#(root)>"#
        }
        let prefixed = content.replacing("</", with: "\u{1}").replacing("<", with: "<x:")
            .replacing("\u{1}", with: "</x:")
        return #"<x:\#(root) xmlns:x="\#(namespace)" xmlns:r="\#(relations)">\#(prefixed)"#
            + "</x:\(root)>"
    }

    private func relationships(_ list: [(id: String, type: String, target: String)]) -> String {
        let entries = list.map {
            #"<Relationship Id="\#($0.id)" Type="\#(relations)/\#($0.type)" Target="\#($0.target)"/>"#
        }
        return "<Relationships>\(entries.joined())</Relationships>"
    }
}
