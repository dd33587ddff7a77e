import Testing

@testable import Rules

@Suite struct SidecarNamesTests {
    @Test func `sidecars bear the drop's name`() {
        let names = SidecarNames(of: FileName(literal: "보고서.pdf"))
        #expect(names.status.description == "보고서.pdf.status.json")
        #expect(names.results.description == "보고서.pdf.results")
        let older = SidecarNames(of: FileName(literal: "a.csv"), version: 12)
        #expect(older.status.description == "a.csv.~12~.status.json")
        #expect(older.results.description == "a.csv.~12~.results")
    }

    @Test(arguments: [242, 243, 244, 255])
    func `a name is shortened only past the edge, and never past 255 bytes`(length: Int) throws {
        let name = FileName(literal: String(repeating: "x", count: length))
        let names = SidecarNames(of: name)
        #expect(names.status.bytes.count <= 255)
        #expect((names.status.description == "\(name).status.json") == (length <= 243))
        #expect(names.status.description.contains("~") == (length > 243))
        let stem = names.status.description.dropLast(".status.json".count)
        #expect(names.results.description == stem + ".results")
    }

    @Test func `shortened names of different drops differ, and hold no half character`() throws {
        let common = String(repeating: "가", count: 84)
        let names = ["1", "2"].map { SidecarNames(of: FileName(literal: common + $0)).status }
        #expect(names[0] != names[1])
        #expect(names.allSatisfy { $0.utf8Text != nil })
    }

    @Test func `a hash is eight digits of FNV-1a`() {
        // The known hash of "foobar" is bf9cf968; it is the long name's that counts here, so only
        // the form is fixed.
        let name = SidecarNames(of: FileName(literal: String(repeating: "a", count: 255))).status
        let hash = name.description.split(separator: "~").last?.prefix(8) ?? ""
        #expect(hash.count == 8 && hash.allSatisfy(\.isHexDigit))
    }

    @Test func `a status file is told by its first bytes`() {
        #expect(SidecarNames.isStatus(opening: Array(#"{"schema":"ingestd/status/1","#.utf8)))
        #expect(!SidecarNames.isStatus(opening: Array(#"{"schema":"ingestd/statu"#.utf8)))
        #expect(!SidecarNames.isStatus(opening: Array(#"{ "schema":"ingestd/status/1""#.utf8)))
    }

    @Test(arguments: [
        ("report.pdf", "report (2).pdf"), ("archive", "archive (2)"), (".hidden", ".hidden (2)"),
        ("a.b.csv", "a.b (2).csv"),
    ])
    func `a number goes before the extension`(name: String, numbered: String) {
        #expect(FileName(literal: name).numbered(2).description == numbered)
    }

    @Test func `a numbered name is cut to fit`() {
        let name = FileName(literal: String(repeating: "x", count: 251) + ".pdf").numbered(100)
        #expect(name.bytes.count == 255)
        #expect(name.description.hasSuffix("x (100).pdf"))
    }
}
