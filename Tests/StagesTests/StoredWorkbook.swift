/// An XLSX of our own making whose parts are not packed: sheets as their XML.
struct StoredWorkbook {
    struct Sheet {
        var name: String
        /// What stands in `sheetData`.
        var rows: String
        var isHidden = false
    }

    var sheets: [Sheet]

    init(_ sheets: Sheet...) { self.sheets = sheets }

    /// Rows of texts, each in a cell of its own.
    static func rows(_ rows: [[String]]) -> String {
        rows.map { row in
            let cells = row.map { #"<c t="inlineStr"><is><t>\#($0)</t></is></c>"# }
            return "<row>\(cells.joined())</row>"
        }
        .joined()
    }

    var bytes: [UInt8] {
        var list = ""
        var relations = ""
        var parts: [(name: String, text: String)] = []
        for (index, sheet) in sheets.enumerated() {
            let state = sheet.isHidden ? "hidden" : "visible"
            list += #"<sheet name="\#(sheet.name)" state="\#(state)" id="r\#(index)"/>"#
            relations +=
                #"<Relationship Id="r\#(index)" Type="x/worksheet" Target="\#(index).xml"/>"#
            parts.append(
                ("xl/\(index).xml", "<worksheet><sheetData>\(sheet.rows)</sheetData></worksheet>"))
        }
        parts.append(("xl/workbook.xml", "<workbook><sheets>\(list)</sheets></workbook>"))
        parts.append(
            ("xl/_rels/workbook.xml.rels", "<Relationships>\(relations)</Relationships>"))
        return Self.archive(parts.map { ($0.name, Array($0.text.utf8)) })
    }

    private static func archive(_ files: [(name: String, content: [UInt8])]) -> [UInt8] {
        var bytes: [UInt8] = []
        var directory: [UInt8] = []
        for file in files {
            let length = UInt32(file.content.count)
            var fields = little(20, 2) + little(0, 8)
            fields += little(checksum(file.content), 4) + little(length, 4) + little(length, 4)
            fields += little(UInt32(file.name.utf8.count), 2) + little(0, 2)
            directory += [0x50, 0x4b, 1, 2, 20, 0]
            directory += fields + little(0, 10)
            directory += little(UInt32(bytes.count), 4) + Array(file.name.utf8)
            bytes += [0x50, 0x4b, 3, 4]
            bytes += fields + Array(file.name.utf8) + file.content
        }
        let count = UInt32(files.count)
        var end: [UInt8] = [0x50, 0x4b, 5, 6]
        end += little(0, 4) + little(count, 2) + little(count, 2)
        end += little(UInt32(directory.count), 4) + little(UInt32(bytes.count), 4) + little(0, 2)
        return bytes + directory + end
    }

    private static func little(_ value: UInt32, _ width: Int) -> [UInt8] {
        (0..<width).map { $0 < 4 ? UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) : 0 }
    }

    /// CRC-32 as ZIP has it.
    private static func checksum(_ content: [UInt8]) -> UInt32 {
        var sum: UInt32 = ~0
        for byte in content {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 0 ? sum >> 1 : sum >> 1 ^ 0xedb8_8320 }
        }
        return ~sum
    }
}
