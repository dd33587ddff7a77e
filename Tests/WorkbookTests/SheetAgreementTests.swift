import CSV
import Testing

@testable import Workbook

/// A sheet whose rows are scanned where they are plain reads as one that expat reads by itself.
@Suite struct SheetAgreementTests {
    private struct Answer: Equatable {
        var rows: [[String]] = []
        var ending = Ending.whole
    }

    private static let limits = WorkbookLimits(
        record: CSVLimits(field: 2000, record: 100_000, columns: 20_000))

    private func answer(_ zip: Zip) -> Answer {
        var answer = Answer()
        do throws(WorkbookError) {
            let workbook = try Workbook(WorkbookBytes(zip.bytes), limits: Self.limits)
            let reader = try workbook.open(workbook.sheets[0])
            while let record = try reader.next() {
                answer.rows.append(
                    ["\(record.number)"]
                        + (0..<record.count).map { String(decoding: record[$0], as: UTF8.self) })
            }
        } catch {
            answer.ending = Ending(error)
        }
        return answer
    }

    /// Reads rows as they are usually read, and where their beginning is not known.
    private func compare(_ rows: [UInt8], in zip: Zip, _ place: Int) -> Answer {
        var usual = zip
        usual.files[place].content = wrapped(rows, in: zip.files[place].content, "<sheetData>")
        var byExpat = zip
        byExpat.files[place].content = wrapped(rows, in: zip.files[place].content, "<sheetData >")
        let answers = (answer(usual), answer(byExpat))
        #expect(answers.0 == answers.1, "\(String(decoding: rows.prefix(2000), as: UTF8.self))")
        return answers.0
    }

    private func wrapped(_ rows: [UInt8], in content: [UInt8], _ tag: String) -> [UInt8] {
        let parts = String(decoding: content, as: UTF8.self).split(separator: "<sheetData>")
        return Array("\(parts[0])\(tag)".utf8) + rows + Array(parts[1].utf8)
    }

    private func zip() throws -> (Zip, Int) {
        var maker = XLSXMaker("")
        maker.sharedTexts = "<si><t>이름</t></si><si><t> b </t></si>"
        maker.styles = #"<cellXfs><xf numFmtId="0"/><xf numFmtId="22"/></cellXfs>"#
        var zip = maker.zip
        for index in zip.files.indices { zip.files[index].isDeflated = false }
        return (zip, try #require(zip.files.firstIndex { $0.name.hasSuffix("sheet1.xml") }))
    }

    private static let values = [
        "<v>1</v>", "<v>45322.5</v>", "<v> 7 </v>", "<v>1.50</v>", "<v></v>", "<v>0</v>",
        "<v>-0.0</v>", "<v>하 \"a\" é</v>", "<is><t> 한글 b</t></is>", "<v>1e3</v>", "<v/>",
        "<v>a b</v>", "", "<v>12345678901234567</v>",
        "<f>A1&lt;2</f><v>3</v>", "<v>1&#48;</v>", "<v>이</v>", "<is><t>x_x0041_</t></is>",
        "<!-- </row> --><v>4</v>", "<v><![CDATA[</row>]]></v>",
    ]
    private static let kinds = [
        "", "", #" t="str""#, #" t="inlineStr""#, #" t="s""#, #" t="n""#, #" t="b""#,
        #" t="e""#, #" t="d""#,
    ]

    private func row(_ random: inout SeededGenerator, _ number: Int, cells: Int) -> String {
        let odds = Int.random(in: 0..<8, using: &random)
        let cells = (0..<cells).map { _ in
            let isPlain = odds != 0 || Bool.random(using: &random)
            let value =
                Self.values.prefix(isPlain ? 9 : Self.values.count)
                .randomElement(using: &random) ?? ""
            let kind =
                Self.kinds.prefix(isPlain ? 4 : Self.kinds.count)
                .randomElement(using: &random) ?? ""
            let style = Bool.random(using: &random) ? #" s="1""# : ""
            return value.isEmpty ? "<c\(style)/>" : "<c\(kind)\(style)>\(value)</c>"
        }
        let place = Bool.random(using: &random) ? #" r="\#(number)""# : ""
        let space = Int.random(in: 0..<20, using: &random) == 0 ? "\n  " : ""
        return "\(space)<row\(place)>\(cells.joined())</row>"
    }

    @Test func `rows of every kind, few and many, long and short`() throws {
        let (zip, place) = try zip()
        var seedling = SystemRandomNumberGenerator()
        let seed = UInt64.random(in: 0 ... .max, using: &seedling)
        var random = SeededGenerator(seed)
        print("seed \(seed)")
        var whole = 0
        for round in 0..<60 {
            // Some go far beyond what is at hand at a time, and some rows alone do.
            let count = round % 6 == 0 ? 3000 : Int.random(in: 0..<40, using: &random)
            let rows = (1...max(1, count)).map {
                row(
                    &random, $0 * 2,
                    cells: $0 == 30 ? 9000 : Int.random(in: 0..<9, using: &random))
            }
            let answer = compare(Array(rows.joined().utf8), in: zip, place)
            if answer.ending == .whole, !answer.rows.isEmpty { whole += 1 }
        }
        #expect(whole > 0)
    }

    @Test(arguments: [
        ("<!-- ", " -->"), ("<![CDATA[", "]]>"), ("<?x ", "?>"), ("<x>", "</x>"),
        ("<row><x>", "</x></row>"),
        ("<row><c t=\"inlineStr\"><is><t><![CDATA[", "]]></t></is></c></row>"),
        ("<row><c><v>1</v></c>", "</row>"), ("</sheetData><x>", "</x><sheetData>"),
    ])
    func `what only looks like rows, beyond what is at hand at a time`(
        opening: String, closing: String
    ) throws {
        let (zip, place) = try zip()
        let odd = "<row><c><v>이</v></c></row>"
        let rows = String(repeating: "<row><c><v>7</v></c></row>", count: 8000)
        for text in [opening + rows + closing + odd, odd + opening + rows + closing + odd] {
            let answer = compare(Array(text.utf8), in: zip, place)
            #expect(answer.rows.count <= 8002)
        }
    }

    @Test func `a sheet in another encoding`() throws {
        var (zip, place) = try zip()
        let head = String(decoding: zip.files[place].content, as: UTF8.self)
        zip.files[place].content = Array(head.replacing("UTF-8", with: "ISO-8859-1").utf8)
        let rows = #"<row><c t="str"><v>é</v></c></row><row><c t="str"><v>a</v></c></row>"#
        #expect(compare(Array(rows.utf8), in: zip, place).rows == [["1", "Ã©"], ["2", "a"]])
    }

    @Test func `rows with bytes changed by chance`() throws {
        let (zip, place) = try zip()
        var seedling = SystemRandomNumberGenerator()
        let seed = UInt64.random(in: 0 ... .max, using: &seedling)
        var random = SeededGenerator(seed)
        print("seed \(seed)")
        let signs =
            Array(#"<>/="' &;rcvst:.!-]x0123456789"#.utf8) + [
                0, 9, 10, 13, 0x80, 0xa0, 0xbf, 0xc0, 0xe0, 0xec, 0xed, 0xef, 0xf0,
            ]
        var whole = 0
        for _ in 0..<4000 {
            var rows = Array((1...3).map { row(&random, $0, cells: 3) }.joined().utf8)
            for _ in 0..<Int.random(in: 1...2, using: &random) {
                let change = Int.random(in: 0..<rows.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: rows[change] = signs.randomElement(using: &random) ?? 0
                case 1: rows.insert(signs.randomElement(using: &random) ?? 0, at: change)
                default: rows.remove(at: change)
                }
            }
            if compare(rows, in: zip, place).ending == .whole { whole += 1 }
        }
        #expect(whole > 0)
    }
}
