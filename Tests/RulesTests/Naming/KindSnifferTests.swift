import Testing

@testable import Rules

@Suite struct KindSnifferTests {
    private static let ole: [UInt8] = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]
    private static let zip: [UInt8] = [0x50, 0x4b, 0x03, 0x04, 0x14, 0x00]
    private static let utf16: [UInt8] = "name,email\n".utf8.flatMap { (byte: UInt8) -> [UInt8] in
        [byte, 0]
    }

    /// Tables of Korean in UTF-16: with little of ASCII in it, and with syllables whose second byte is zero.
    private static func wide(isLittle: Bool, _ row: String) -> [UInt8] {
        let text = "이름,이메일,부서,직위\n" + String(repeating: row, count: 300)
        let bytes = text.utf16.flatMap { (unit: UInt16) -> [UInt8] in
            let (high, low) = (UInt8(unit >> 8), UInt8(unit & 0xff))
            return isLittle ? [low, high] : [high, low]
        }
        return Array(bytes.prefix(KindSniffer.headLength))
    }
    private static let wideRows = [
        "김준호,,관리,대리\n", "김철수,영업부,사원\n", "가 관 대 준 저 一\n", "田中一郎,営業\n",
    ]
    private static let wideTables = wideRows.flatMap { row in
        [
            Case("little.csv", wide(isLittle: true, row), .csv),
            Case("big.csv", wide(isLittle: false, row), .csv),
        ]
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let head: [UInt8]
        var kind: DropKind?
        var testDescription: String { "\(name), \(head.prefix(8))" }

        init(_ name: String, _ head: [UInt8], _ kind: DropKind? = nil) {
            self.name = name
            self.head = head
            self.kind = kind
        }
        init(_ name: String, _ text: String, _ kind: DropKind? = nil) {
            self.init(name, Array(text.utf8), kind)
        }
    }

    private static let zeros = [UInt8](repeating: 0, count: 1020)
    /// Bytes as a packed file has them.
    private static let hash = (0..<UInt64(4096)).map { (n: UInt64) in
        UInt8(truncatingIfNeeded: (n &+ 1) &* 0x9e37_79b9_7f4a_7c15 >> 29)
    }
    private static let header: [UInt8] = Array("%PDF-".utf8)

    static let agreeing: [Case] =
        [
            Case("a.pdf", "%PDF-1.7\n", .pdf), Case("A.PDF", "\u{feff}\n%PDF-1.4", .pdf),
            Case("late.pdf", zeros.dropLast() + header, .pdf),
            Case("a.csv", "name,email\nx,x@y.z\n", .csv), Case("a.TSV", "a\tb\n", .csv),
            Case("a.tab", "1", .csv), Case("euc.csv", [0xc0, 0xcc, 0xb8, 0xa7, 0x2c, 0x0a], .csv),
            Case("bare.csv", utf16, .csv), Case("bom.csv", [0xff, 0xfe] + utf16, .csv),
            Case("stray.csv", "col1|col2|col3\nval1|val\u{0}2|val3\n", .csv),
            Case("filled up.csv", Array("a,b\n1,2\n3,4\n".utf8) + zeros, .csv),
            Case("cells.csv", "kind,magic\npdf,%PDF-1.4\n", .csv),
        ] + wideTables

    static let disagreeing: [Case] = [
        Case("too late.pdf", zeros + header), Case("page.pdf", "<!DOCTYPE html><html>"),
        Case("text.pdf", "just text"), Case("zeros.pdf", zeros), Case("one.pdf", "%"),
        Case("book.csv", ole), Case("book.csv", zip), Case("paper.csv", "%PDF-1.4\n"),
        Case("page.csv", "\u{feff}  \n<HTML><body>"),
        Case("picture.csv", [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
        Case("picture.csv", [0xff, 0xd8, 0xff, 0xe0]), Case("packed.csv", [0x1f, 0x8b, 0x08]),
        Case("program.csv", [0x7f, 0x45, 0x4c, 0x46, 2]), Case("db.csv", "SQLite format 3\0"),
        Case("zeros.csv", zeros), Case("zero.csv", [0]),
        Case("all bytes.csv", (0..<4096).map { (n: Int) in UInt8(n * 7 % 256) }),
        Case("noise.csv", (1..<200).map { (n: Int) in UInt8(n % 8) }),
        Case("hash.csv", hash), Case("hash.csv", [9, 0, 0x41, 0, 0x42, 0] + hash),
        Case("old.xls", zip), Case("new.xlsx", "a,b\n"),
    ]

    private func code(_ name: String, _ head: [UInt8]) -> ErrorCode? {
        do {
            _ = try KindSniffer().kind(of: FileName(literal: name), head: head)
            return nil
        } catch {
            return error.code
        }
    }

    @Test(arguments: agreeing)
    func `name and content agree`(file: Case) throws {
        let kind = try KindSniffer().kind(
            of: FileName(literal: file.name), head: file.head)
        #expect(kind == file.kind)
    }

    @Test(arguments: disagreeing)
    func `name and content that disagree are a mismatch`(file: Case) {
        #expect(code(file.name, file.head) == .typeMismatch)
    }

    @Test(arguments: ["a.docx", "a", ".pdf", "a.pdf.", "a.txt", "a.xlsb"])
    func `a name that is never taken needs no look inside`(name: String) {
        let failure = KindSniffer().failure(ofName: FileName(literal: name))
        #expect(failure?.code == .unsupportedType)
        #expect(code(name, Self.ole) == .unsupportedType)
    }

    @Test func `workbooks are told apart, and a locked XLSX lies in the older container`() throws {
        let sniffer = KindSniffer()
        #expect(sniffer.failure(ofName: FileName(literal: "a.xls")) == nil)
        #expect(try sniffer.kind(of: FileName(literal: "a.xls"), head: Self.ole) == .xls)
        #expect(try sniffer.kind(of: FileName(literal: "a.xlsx"), head: Self.zip) == .xlsx)
        #expect(try sniffer.kind(of: FileName(literal: "locked.xlsx"), head: Self.ole) == .xlsx)
    }

    @Test func `a workbook named csv is told what it is`() throws {
        let failure = try #require(throws: Failure.self) {
            try KindSniffer().kind(of: FileName(literal: "a.csv"), head: Self.ole)
        }
        #expect(failure.message.contains("Excel workbook (XLS)"))
        #expect(failure.message.contains("give it the extension .xls."))
    }
}
