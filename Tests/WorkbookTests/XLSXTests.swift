import CSV
import Testing

@testable import Workbook

@Suite struct XLSXTests {
    @Test func `cells of every kind become the texts that a person sees`() throws {
        var maker = XLSXMaker(
            """
            <row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><t>이메일</t></is></c>
              <c r="C1" t="str"><f>A1&amp;"x"</f><v>a_x000D_b</v></c></row>
            <row r="2"><c r="A2"><v>42</v></c><c r="B2"><v>0.1</v></c><c r="C2"><v>1E3</v></c>
              <c r="D2" t="b"><v>1</v></c><c r="E2" t="b"><v>0</v></c><c r="F2" t="e"><v>#N/A</v></c>
              <c r="G2" t="d"><v>2024-01-31</v></c></row>
            <row r="3"><c r="A3"><f>1+1</f></c><c r="B3"><f>1+1</f><v>2</v></c></row>
            """)
        maker.sharedTexts = "<si><t>이름</t></si>"
        for isStrict in [false, true] {
            maker.isStrict = isStrict
            #expect(
                try fields(of: maker.bytes) == [
                    ["이름", "이메일", "a\rb"],
                    ["42", "0.1", "1000", "TRUE", "FALSE", "#N/A", "2024-01-31"],
                    ["", "2"],
                ])
        }
    }

    @Test
    func `shared texts keep their runs, their white space and nothing of how they are spoken`()
        throws
    {
        let cells = (0..<6).map { #"<c t="s"><v>\#($0)</v></c>"# }.joined()
        var maker = XLSXMaker("<row>\(cells)</row>")
        maker.sharedTexts = """
            <si><r><rPr><b/></rPr><t xml:space="preserve">김 </t></r><r><t>철수</t></r></si>
            <si><t>東京</t><rPh sb="0" eb="2"><t>トウキョウ</t></rPh><phoneticPr fontId="1"/></si>
            <si><t xml:space="preserve">  a  </t></si><si><t>
              b  </t></si><si/><si><t>_x0041__xD83D__xDE00__x005F_x0041__xD83D__x00G0_</t></si>
            """
        #expect(
            try fields(of: maker.bytes) == [
                ["김 철수", "東京", "  a  ", "b", "", "A😀_x0041_\u{fffd}_x00G0_"]
            ])
    }

    @Test func `rows and cells may lack their places, be sparse, merged or blank`() throws {
        let maker = XLSXMaker(
            """
            <row><c><v>1</v></c><c r="D1"><v>2</v></c><c><v>3</v></c></row>
            <row r="5"><c r="B5" s="1"/></row>
            <row r="7" hidden="1"><c r="AB7"><v>4</v></c><c r="A7"><v>5</v></c></row>
            <row><c><v>6</v></c></row>
            """)
        let found = try rows(of: maker.bytes)
        #expect(
            found.map(\.fields) == [
                ["1", "", "", "2", "3"],
                ["5"] + Array(repeating: "", count: 26) + ["4"],
                ["6"],
            ])
        #expect(found.map(\.number) == [1, 7, 8])
    }

    @Test func `rows are counted from the first that has text, and always upwards`() throws {
        let maker = XLSXMaker(
            """
            <row r="3"><c><v>1</v></c></row><row r="4"><c><v>2</v></c></row>
            <row r="4"><c><v>3</v></c></row><row r="2"><c><v>4</v></c></row>
            <row r="9"><c><v>5</v></c></row>
            """)
        #expect(try rows(of: maker.bytes).map(\.number) == [1, 2, 3, 4, 7])
    }

    @Test func `dates go by the style of their cell`() throws {
        var maker = XLSXMaker(
            #"<row><c s="1"><v>45322</v></c><c s="2"><v>45322.520833333336</v></c>"#
                + #"<c s="3"><v>0.52083333333333337</v></c><c s="4"><v>45322</v></c>"#
                + #"<c s="5"><v>0.25</v></c><c s="0"><v>45322</v></c><c s="1"><v>60</v></c>"#
                + #"<c s="1"><v>59</v></c><c s="1"><v>61</v></c><c s="1"><v>1</v></c>"#
                + #"<c s="1"><v>-3</v></c><c s="99"><v>5</v></c>"#
                + #"<c s="1" t="d"><v>2024-01-31T00:00:00</v></c></row>"#)
        maker.styles = """
            <numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy&quot;년&quot; m&quot;월&quot;"/>
            <numFmt numFmtId="165" formatCode="[Red]0.0%"/></numFmts>
            <cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>
            <cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/><xf numFmtId="21"/>
            <xf numFmtId="164"/><xf numFmtId="165"/></cellXfs>
            <dxfs><dxf><numFmt numFmtId="0" formatCode="yyyy"/></dxf></dxfs>
            """
        #expect(
            try fields(of: maker.bytes) == [
                [
                    "2024-01-31", "2024-01-31T12:30:00", "12:30:00", "2024-01-31", "0.25", "45322",
                    "1900-02-29", "1900-02-28", "1900-03-01", "1900-01-01", "-3", "5",
                    "2024-01-31",
                ]
            ])
        maker.workbookProperties = #"date1904="1""#
        #expect(try fields(of: maker.bytes)[0][0] == "2028-02-01")
        #expect(try fields(of: maker.bytes)[0][9] == "1904-01-02")
    }

    @Test func `long whole numbers keep their digits, unless they are dates`() throws {
        var maker = XLSXMaker(
            "<row><c><v>1234567890123456789</v></c><c><v>-9007199254740993</v></c>"
                + #"<c><v>1234567890123456789.5</v></c><c s="1"><v>1234567890123456789</v></c></row>"#
        )
        maker.styles = #"<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>"#
        #expect(
            try fields(of: maker.bytes) == [
                [
                    "1234567890123456789", "-9007199254740993", "1234567890123456800",
                    "1234567890123456800",
                ]
            ])
    }

    @Test func `sheets are named in their order, and charts are none`() throws {
        var maker = XLSXMaker()
        maker.sheets = [
            XLSXMaker.Sheet(name: "안내", rows: ""),
            XLSXMaker.Sheet(name: "참가자 &amp; 팀", rows: "<row><c><v>1</v></c></row>"),
            XLSXMaker.Sheet(name: "old", rows: "", state: "veryHidden"),
        ]
        let workbook = try Workbook(WorkbookBytes(maker.bytes))
        #expect(workbook.sheets.map(\.name) == ["안내", "참가자 & 팀", "old"])
        #expect(workbook.sheets.map(\.isVisible) == [true, true, false])
        #expect(try fields(of: maker.bytes, sheet: 1) == [["1"]])
        #expect(try fields(of: maker.bytes, sheet: 0) == [])
    }

    @Test func `an archive may be stored, have a comment and names as Windows writes them`() throws
    {
        var zip = XLSXMaker("<row><c><v>1</v></c></row>").zip
        zip.comment = Array("a comment".utf8)
        for index in zip.files.indices {
            zip.files[index].isDeflated = index % 2 == 0
            zip.files[index].name = zip.files[index].name.replacing("/", with: "\\").uppercased()
        }
        #expect(try fields(of: zip.bytes) == [["1"]])
    }

    @Test func `an archive may tell its lengths in 64 bits, behind each file`() throws {
        var maker = XLSXMaker("<row><c t=\"s\"><v>0</v></c></row>")
        maker.sharedTexts = "<si><t>이름</t></si>"
        var zip = maker.zip
        zip.isStreamed = true
        #expect(try fields(of: zip.bytes) == [["이름"]])
        zip.files[1].isDeflated = false
        zip.comment = Array("a comment".utf8)
        #expect(try fields(of: zip.bytes) == [["이름"]])
    }

    @Test func `progress goes to its end`() throws {
        let row = "<row><c><v>1</v></c></row>"
        let maker = XLSXMaker(String(repeating: row, count: 50_000))
        let workbook = try Workbook(WorkbookBytes(maker.bytes))
        let reader = try workbook.open(workbook.sheets[0])
        var count = 0
        var last = 0
        while try reader.next() != nil {
            #expect(reader.progress.done >= last)
            last = reader.progress.done
            count += 1
        }
        #expect(count == 50_000)
        #expect(reader.progress.done == reader.progress.total)
    }
}

@Suite struct XLSXRefusalTests {
    private static func made(_ change: (inout XLSXMaker) -> Void) -> [UInt8] {
        var maker = XLSXMaker("<row><c><v>1</v></c></row>")
        change(&maker)
        return maker.bytes
    }

    private static func zipped(_ change: (inout Zip) -> Void) -> [UInt8] {
        var maker = XLSXMaker("<row><c t=\"s\"><v>0</v></c></row>")
        maker.sharedTexts = "<si><t>x</t></si>"
        var zip = maker.zip
        change(&zip)
        return zip.bytes
    }

    @Test func `a bomb is stopped where its limit is, whatever it says of its size`() {
        var limits = WorkbookLimits(part: 1 << 20, parts: 2 << 20)
        let bomb = Self.made {
            $0.sheets[0].rows = String(repeating: "<row><c/></row>", count: 100_000)
        }
        #expect(ending(of: bomb) == .whole)
        #expect(ending(of: bomb, limits: limits) == .unpacked)
        let many = Self.made { maker in
            let rows = String(repeating: "<row><c/></row>", count: 50_000)
            maker.sheets = (1...4).map { XLSXMaker.Sheet(name: "\($0)", rows: rows) }
        }
        #expect(ending(of: many, limits: limits) == .unpacked)
        limits.parts = 4 << 20
        #expect(ending(of: many, limits: limits) == .whole)
        let liar = Self.zipped { $0.files[1].claimedLength = 10 }
        #expect(ending(of: liar) == .damaged)
        let short = Self.zipped { $0.files[1].claimedPackedLength = 10 }
        #expect(ending(of: short) == .damaged)
        let broken = Self.zipped { $0.files[1].claimedChecksum = 1 }
        #expect(ending(of: broken) == .damaged)
    }

    @Test func `shared texts take no more memory than they may`() throws {
        let limits = WorkbookLimits(sharedText: 1000)
        func bytes(_ count: Int) -> [UInt8] {
            Self.made {
                $0.sharedTexts = String(repeating: "<si><t>123456</t></si>", count: count)
            }
        }
        #expect(ending(of: bytes(100), limits: limits) == .whole)
        #expect(ending(of: bytes(101), limits: limits) == .sharedText)
    }

    @Test func `a shared text is bounded as a cell is`() {
        func bytes(_ length: Int) -> [UInt8] {
            Self.made {
                $0.sharedTexts = "<si><t>\(String(repeating: "x", count: length))</t></si>"
            }
        }
        #expect(ending(of: bytes(1 << 20)) == .whole)
        #expect(ending(of: bytes((1 << 20) + 1)) == .text)
    }

    @Test func `what all sheets share is read once, though it is damaged`() throws {
        let texts = String(repeating: "<si><t>123456</t></si>", count: 40_000)
        let bytes = Self.made { $0.sharedTexts = texts + "</t>" }
        let limits = WorkbookLimits(part: 1 << 20, parts: 2 << 20)
        let workbook = try Workbook(WorkbookBytes(bytes), limits: limits)
        let endings = (0..<4).map { _ in
            do throws(WorkbookError) {
                _ = try workbook.open(workbook.sheets[0])
                return Ending.whole
            } catch {
                return Ending(error)
            }
        }
        #expect(endings == Array(repeating: .damaged, count: 4))
    }

    @Test func `names of elements take no more memory than they may`() {
        func named(_ count: Int) -> [UInt8] {
            Self.made { maker in
                maker.sheets[0].rows = (0..<count).map { "<a\($0)/>" }.joined()
            }
        }
        #expect(ending(of: named(20_000)) == .whole)
        #expect(ending(of: named(200_000)) == .damaged)
        // Names that come again take nothing, and other parts have their own.
        let again = Self.made { maker in
            maker.sheets[0].rows = String(repeating: #"<row a="1"/><x/>"#, count: 200_000)
            maker.sharedTexts = (0..<20_000).map { "<a\($0)/>" }.joined()
            maker.styles = (0..<20_000).map { #"<x a\#($0)="1"/>"# }.joined()
        }
        #expect(ending(of: again) == .whole)
    }

    @Test func `a row that is too wide is numbered as the sheet numbers it`() throws {
        let bytes = Self.made {
            $0.sheets[0].rows =
                #"<row r="3"><c><v>1</v></c></row><row r="5"><c r="D5"><v>1</v></c></row>"#
        }
        let error = #expect(throws: WorkbookError.self) {
            try fields(of: bytes, limits: WorkbookLimits(record: CSVLimits(columns: 3)))
        }
        guard case .tooManyColumns(row: 5) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func `entities that a document type makes are refused with it`() {
        for type in [
            #"<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>"#,
            #"<!DOCTYPE x SYSTEM "file:///etc/passwd">"#,
        ] {
            let bytes = Self.zipped { zip in
                let text = String(decoding: zip.files[1].content, as: UTF8.self)
                zip.files[1].content = Array(
                    text.replacing(XLSXMaker.head, with: XLSXMaker.head + type).utf8)
            }
            #expect(ending(of: bytes) == .damaged)
        }
    }

    @Test func `elements may not stand in each other without end, nor tags go on for ever`() {
        func nested(_ depth: Int) -> [UInt8] {
            Self.made {
                $0.sheets[0].rows =
                    String(repeating: "<a>", count: depth)
                    + String(repeating: "</a>", count: depth)
            }
        }
        #expect(ending(of: nested(WorkbookLimits.depth - 2)) == .whole)
        #expect(ending(of: nested(WorkbookLimits.depth - 1)) == .damaged)
        #expect(ending(of: nested(1_000_000)) == .damaged)
        func tag(_ length: Int) -> [UInt8] {
            Self.made {
                let value = String(repeating: "x", count: length)
                $0.sheets[0].rows = #"<row a="\#(value)"/><row b="\#(value)"/>"#
            }
        }
        #expect(ending(of: tag(1_000_000)) == .whole)
        #expect(ending(of: tag(3 << 20)) == .damaged)
    }

    @Test func `cells and rows are bounded, and so are columns that hold anything`() {
        let long = String(repeating: "x", count: (1 << 20) + 1)
        func cells(_ text: String, _ count: Int) -> [UInt8] {
            Self.made {
                let cell = "<c t=\"inlineStr\"><is><t>\(text)</t></is></c>"
                $0.sheets[0].rows = "<row>\(String(repeating: cell, count: count))</row>"
            }
        }
        #expect(ending(of: cells(String(long.dropLast()), 1)) == .whole)
        #expect(ending(of: cells(long, 1)) == .cell)
        #expect(ending(of: cells(String(long.dropLast()), 5)) == .row)
        let limits = WorkbookLimits(record: CSVLimits(columns: 3))
        #expect(ending(of: cells("x", 3), limits: limits) == .whole)
        #expect(ending(of: cells("x", 4), limits: limits) == .tooManyColumns)
        let empty = Self.made {
            $0.sheets[0].rows = #"<row><c r="XFD1"/><c r="A1"><v>1</v></c></row>"#
        }
        #expect(ending(of: empty, limits: limits) == .whole)
    }

    @Test(arguments: [
        #"<row r="0"><c><v>1</v></c></row>"#, #"<row r="1048577"><c><v>1</v></c></row>"#,
        #"<row r="x"><c><v>1</v></c></row>"#, #"<row r="99999999999999999999"><c/></row>"#,
        #"<row><c r="XFE1"><v>1</v></c></row>"#, #"<row><c r="1"><v>1</v></c></row>"#,
        #"<row><c r="XFD1"/><c><v>1</v></c></row>"#, #"<row><c t="s"><v>0</v></c></row>"#,
        #"<row><c t="s"><v>-1</v></c></row>"#, "<row><c>", "<row></c>", "<row>&nope;</row>",
        "\u{1}",
    ])
    func `what no sheet says is damage`(rows: String) {
        #expect(ending(of: Self.made { $0.sheets[0].rows = rows }) == .damaged)
    }

    @Test func `parts that are missing or of no use are damage`() {
        #expect(
            ending(of: Self.zipped { $0.files.removeAll { $0.name.hasSuffix("sheet1.xml") } })
                == .damaged)
        #expect(
            ending(of: Self.zipped { $0.files.removeAll { $0.name == "xl/workbook.xml" } })
                == .damaged)
        #expect(
            ending(of: Self.zipped { $0.files.removeAll { $0.name.hasSuffix("texts.xml") } })
                == .damaged)
        #expect(ending(of: Self.zipped { $0.files[1].flags = 1 }) == .encrypted)
        #expect(ending(of: Self.zipped { $0.files.removeAll() }) == .damaged)
        #expect(ending(of: []) == .damaged)
        #expect(ending(of: [0x50, 0x4b, 3, 4]) == .damaged)
    }

    @Test func `names take no more memory than they may`() {
        func named(_ length: Int) -> [UInt8] {
            Self.made { maker in
                maker.sheets = (0..<3).map { _ in
                    XLSXMaker.Sheet(name: String(repeating: "x", count: length), rows: "")
                }
            }
        }
        #expect(ending(of: named(300_000)) == .whole)
        #expect(ending(of: named(400_000)) == .damaged)
    }

    @Test func `an archive of more files than a workbook has is damage`() {
        let bytes = Self.zipped { zip in
            for number in 0..<10_001 {
                zip.files.append(Zip.File(name: "\(number)", content: [], isDeflated: false))
            }
        }
        #expect(ending(of: bytes) == .damaged)
    }
}
