import CSV
import Testing

@testable import Workbook

@Suite struct RowScanTests {
    /// What rows are scanned with, one after the other.
    private final class Scene {
        let cells: SheetCells
        private let scan: RowScan

        init() throws {
            let texts = SharedTexts(limit: 1000)
            try "이름".utf8.withContiguousStorageIfAvailable { try texts.append(.init($0)) }
            cells = SheetCells(
                row: RowBuilder(CSVLimits(field: 100, record: 1000, columns: 16_384)),
                number: CellNumber(countsFrom1904: false),
                formats: [.general, CellFormat(builtIn: 14)], texts: texts)
            scan = RowScan(cells)
        }

        func row(_ text: some Collection<UInt8>) -> RowScan.Outcome {
            let bytes = Array(text) + Array(repeating: 0, count: ScanWord.longest)
            return bytes.withUnsafeBytes {
                scan.row(UnsafeRawBufferPointer(rebasing: $0[..<text.count]))
            }
        }

        var fields: [String] {
            let record = cells.row.record(number: 1)
            return (0..<record.count).map { String(decoding: record[$0], as: UTF8.self) }
        }
    }

    private static let plain =
        #"<row r="2" spans="1:6" x14ac:dyDescent="0.25"><c r="A2" t="s"><v>0</v></c>"#
        + #"<c r="B2" t="str"><v>하é</v></c><c r="B2" t="inlineStr"><is><t></t></is></c>"#
        + #"<c s="1"><v>45322</v></c> <c r="E2"/><c r="F2" t="b"><v>1</v></c><c><v></v></c>"#
        + #"<c r="J2"></c><c t="n"><v> 1.50</v></c></row>"#

    @Test func `a row as programs write it is taken, with what stands before it`() throws {
        let scene = try Scene()
        #expect(scene.row(Self.plain.utf8) == .row(Self.plain.utf8.count))
        #expect(
            scene.fields == ["이름", "하é", "2024-01-31", "", "", "TRUE", "", "", "", "", "1.5"])
        #expect(scene.cells.place == 2)
        let spaced = " \r\n\t<row ><c ><v>7</v></c>\n</row>"
        #expect(scene.row(Array(spaced.utf8) + Array("<row".utf8)) == .row(spaced.utf8.count))
        #expect(scene.fields == ["7"])
        #expect(scene.cells.place == 3)
        let texts =
            #"<row><c t="str"><v> 하 "é" ｆ_y_ </v></c><c t="inlineStr"><is><t> a</t></is></c></row>"#
        #expect(scene.row(texts.utf8) == .row(texts.utf8.count))
        #expect(scene.fields == [#" 하 "é" ｆ_y_ "#, "a"])
        #expect(scene.row(#"<row r="9"/>"#.utf8) == .row(12))
        #expect(scene.cells.row.isBlank)
        #expect(scene.cells.place == 9)
    }

    @Test func `a row of which something is missing is incomplete, wherever it ends`() throws {
        let scene = try Scene()
        for length in 0..<Self.plain.utf8.count {
            #expect(scene.row(Self.plain.utf8.prefix(length)) == .incomplete, "\(length)")
            #expect(scene.cells.place == 0)
        }
    }

    @Test(arguments: [
        #"<row r='1'><c><v>1</v></c></row>"#, #"<row r="1" r="2"><c><v>1</v></c></row>"#,
        #"<row r="0"><c><v>1</v></c></row>"#, #"<row r="1"spans="1"><c><v>1</v></c></row>"#,
        #"<row a="&amp;"><c><v>1</v></c></row>"#, #"<row x:r="7"><c><v>1</v></c></row>"#,
        #"<row a="<"><c><v>1</v></c></row>"#, #"<row é="1"><c><v>1</v></c></row>"#,
        #"<x:row><x:c><x:v>1</x:v></x:c></x:row>"#, #"<rows><c><v>1</v></c></rows>"#,
        #"<row>text<c><v>1</v></c></row>"#, #"<row><!-- --><c><v>1</v></c></row>"#,
        #"<row><c t="inlineStr"><v>a</v></c></row>"#,
        #"<row><c t="inlineStr"><is><t xml:space="preserve"> a</t></is></c></row>"#,
        #"<row><c t="inlineStr"><is><r><t>a</t></r></is></c></row>"#,
        #"<row><c t="inlineStr"><is><t>a&lt;</t></is></c></row>"#,
        #"<row><c t="inlineStrs"><is><t>a</t></is></c></row>"#,
        #"<row><c><is><t>a</t></is></c></row>"#, #"<row><c t="strs"><v>a</v></c></row>"#,
        #"<row><c t="str"><v>_x0041_</v></c></row>"#, #"<row><c t="str"><v>😀</v></c></row>"#,
        "<row><c t=\"str\"><v>\u{ffff}</v></c></row>",
        #"<row><c t=":"><v>1</v></c></row>"#,
        #"<row><c><f>A1</f><v>1</v></c></row>"#, #"<row><c><v>1&#48;</v></c></row>"#,
        #"<row><c><v>이</v></c></row>"#, "<row><c><v>1\n</v></c></row>",
        #"<row><c><v/></c></row>"#, #"<row><c><v a="1">1</v></c></row>"#,
        #"<row><c r="7"><v>1</v></c></row>"#, #"<row><c r="XFE1"><v>1</v></c></row>"#,
        #"<row><c t="s"><v>1</v></c></row>"#, #"<row><c><v>1]]></v></c></row>"#,
        #"<row><c><v>1</v><x/></c></row>"#, #"<row><c><v>1</v></c></sheetData>"#,
        "</sheetData></worksheet>", "<row><c><v>1\u{0}</v></c></row>",
    ])
    func `any other row is left to expat, and nothing of it is taken`(text: String) throws {
        let scene = try Scene()
        _ = scene.row(#"<row r="5"/>"#.utf8)
        // What follows keeps it from being cut off.
        #expect(scene.row(Array(text.utf8) + Array("<row></row>".utf8)) == .other)
        #expect(scene.cells.place == 5)
    }

    @Test(arguments: [
        [0xed, 0xa0, 0x80], [0xe0, 0x80, 0x80], [0xef, 0xbf, 0xbe], [0xc1, 0x80], [0xec, 0x9d],
        [0xec, 0x9d, 0x41], [0xc3, 0x41], [0x80], [0xf0, 0x9f, 0x98, 0x80], [0xff],
    ])
    func `bytes that are no character, and rare ones, are left to expat`(bytes: [UInt8]) throws {
        let row = Array(#"<row><c t="str"><v>"#.utf8) + bytes + Array("</v></c></row>".utf8)
        #expect(try Scene().row(row) == .other)
    }

    @Test func `zeros stand behind what is at hand, wherever it ends`() throws {
        var zip = Zip()
        zip.add("a", String(repeating: "x", count: 200_000))
        let archive = try ZipArchive(WorkbookBytes(zip.bytes))
        let window = PartWindow(
            try ZipStream(
                try #require(archive["a"]), name: "a", in: archive, limit: 1 << 20,
                budget: UnpackingBudget(1 << 20)))
        var seen = 0
        while true {
            let bytes = window.bytes
            #expect(bytes.allSatisfy { $0 == UInt8(ascii: "x") })
            let behind = try #require(bytes.baseAddress) + bytes.count
            #expect(behind.loadUnaligned(as: UInt64.self) == 0)
            let count = min(bytes.count, 90_001)
            window.drop(count)
            seen += count
            guard try window.fill() || !window.bytes.isEmpty else { break }
        }
        #expect(seen == 200_000 && window.isLast)
    }

    @Test func `a cell that is too long is left to expat, which tells`() throws {
        let long = "<row><c><v>\(String(repeating: "x", count: 101))</v></c></row>"
        #expect(try Scene().row(long.utf8) == .other)
        let limits = WorkbookLimits(record: CSVLimits(field: 100, record: 1000, columns: 4))
        #expect(ending(of: XLSXMaker(long).bytes, limits: limits) == .cell)
    }
}
