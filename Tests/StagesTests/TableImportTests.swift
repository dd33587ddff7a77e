import Glibc
import Rules
import TestSupport
import Testing
import WorkerProtocol

@testable import Stages

/// What the stage said about one table.
struct TableOutcome {
    var summary: TableSummary
    var heading: TableHeading?
    var rows: [(row: Int, fields: [String?])] = []
    var rejects: [RowReject] = []
    var warnings: [String] = []
    var progress: [Int] = []
    var rejectsFile: String?

    var values: [[String?]] { rows.map(\.fields) }
}

/// A file without a name that holds these bytes.
func temporaryTable(_ content: [UInt8]) throws -> Int32 {
    var path = Array("/tmp/ingestd-table-XXXXXX".utf8CString)
    let descriptor = path.withUnsafeMutableBufferPointer { mkstemp($0.baseAddress!) }
    try #require(descriptor >= 0)
    #expect(unlink(path) == 0)
    var written = 0
    while written < content.count {
        let count = content[written...].withUnsafeBytes {
            write(descriptor, $0.baseAddress, $0.count)
        }
        try #require(count > 0)
        written += count
    }
    return descriptor
}

/// The same for a workbook.
func importWorkbook(
    _ bytes: some Collection<UInt8>, choice: SchemaChoice = .auto, columnLimit: Int = 2000,
    sheet: String? = nil, schemas: [TableSchema] = [.participants],
    allowance: ErrorAllowance = ErrorAllowance()
) throws -> TableOutcome {
    try importTable(
        bytes, choice: choice, columnLimit: columnLimit, isWorkbook: true, sheet: sheet,
        schemas: schemas, allowance: allowance)
}

/// Runs the stage over a real file with these bytes.
func importTable(
    _ bytes: some Collection<UInt8>, choice: SchemaChoice = .auto, columnLimit: Int = 2000,
    fallback: String = "windows-1252", isWorkbook: Bool = false, sheet: String? = nil,
    schemas: [TableSchema] = [.participants], allowance: ErrorAllowance = ErrorAllowance()
) throws -> TableOutcome {
    let content = Array(bytes)
    let descriptor = try temporaryTable(content)
    defer { close(descriptor) }
    var outcome = TableOutcome(summary: TableSummary(totalRows: 0, errorCount: 0))
    var artifact: [UInt8]?
    let request = TableRequest(
        choice: choice, schemas: schemas, fallbackEncoding: fallback, allowance: allowance,
        columnLimit: columnLimit, isWorkbook: isWorkbook, sheet: sheet)
    outcome.summary = try TableImport.run(request, descriptor: descriptor) { sent in
        // Over the wall and back, as the daemon gets it.
        let frame = sent.encoded()
        let header = try Frame.header(frame[..<Frame.headerLength])
        switch try StageReply(kind: header.kind, payload: frame[Frame.headerLength...]) {
        case .tableBegun(let heading):
            #expect(outcome.heading == nil)
            outcome.heading = heading
        case .rows(let batch):
            #expect(outcome.heading != nil)
            batch.forEachRow { row, fields in
                let values = (0..<fields.count).map { index in
                    fields[index].map { String(decoding: $0, as: UTF8.self) }
                }
                outcome.rows.append((row, values))
            }
        case .rejected(let reject): outcome.rejects.append(reject)
        case .warning(let text): outcome.warnings.append(text)
        case .progress(let done, let total):
            #expect(total == content.count)
            outcome.progress.append(done)
        case .artifactBegun(let name, let mediaType):
            #expect(artifact == nil && name == "rejects.csv" && mediaType == "text/csv")
            artifact = []
        case .artifactBytes(let bytes): artifact? += bytes
        case .artifactEnded:
            outcome.rejectsFile = artifact.map { String(decoding: $0, as: UTF8.self) }
        case .finished, .failed: Issue.record("the caller's word")
        }
    }
    return outcome
}

@Suite struct TableImportTests {
    @Test func `participants are validated, trimmed and lower-cased row by row`() throws {
        let outcome = try importTable(
            """
            Email , NAME,dept,phone,Department
            KIM@Example.com, 김철수 ,x,010-1,Sales
            bad,이영희,x,,
            lee@example.com,이,x,,

            "park@example.com","박, 준",x,"  ",HR
            """.utf8, choice: .named("participants"))
        #expect(outcome.heading?.schema == "participants")
        #expect(
            outcome.heading?.columns == ["name", "email", "phone", "department", "position"])
        #expect(outcome.heading?.encoding == "utf-8")
        #expect(outcome.heading?.delimiter == ",")
        #expect(
            outcome.values == [
                ["김철수", "kim@example.com", "010-1", "Sales", nil],
                ["박, 준", "park@example.com", nil, "HR", nil],
            ])
        #expect(outcome.rows.map(\.row) == [2, 5])
        #expect(outcome.summary == TableSummary(totalRows: 4, errorCount: 2))
        #expect(
            outcome.rejects == [
                RowReject(
                    row: 3, field: "email", message: "is not an e-mail address", value: "bad"),
                RowReject(
                    row: 4, field: "name", message: "has fewer than 2 characters", value: "이"),
            ])
        #expect(
            outcome.rejectsFile
                == "\u{feff}Email,NAME,dept,phone,Department,_row,_field,_message\r\n"
                + "bad,이영희,x,,,3,email,is not an e-mail address\r\n"
                + "lee@example.com,이,x,,,4,name,has fewer than 2 characters\r\n")
        #expect(outcome.warnings == ["Columns that were not imported: `dept`."])
    }

    @Test func `a record that is longer than the header is rejected, unless nothing is beyond`()
        throws
    {
        let outcome = try importTable(
            "name,email\nKim, Chul,kim@example.com\nLee,lee@example.com,,\nPark\n".utf8,
            choice: .named("participants"))
        #expect(outcome.values.map { $0[1] } == ["lee@example.com"])
        #expect(
            outcome.rejects.map(\.message) == ["has 3 fields where the header has 2", "is missing"])
        #expect(outcome.rejectsFile?.contains("Park,,4,email,is missing\r\n") == true)
    }

    @Test func `any table is taken as it comes`() throws {
        let outcome = try importTable("a b,,a b\n 1 ,x\n,,\n1,2,3,4\n".utf8)
        #expect(outcome.heading?.schema == nil)
        #expect(outcome.heading?.columns == ["a_b", "column_2", "a_b_2", "column_4"])
        #expect(
            outcome.values == [
                [" 1 ", "x", nil, nil], ["", "", "", nil], ["1", "2", "3", "4"],
            ])
        #expect(outcome.warnings.count == 1 && outcome.warnings[0].contains("`column_4`"))
        #expect(outcome.rejectsFile == nil)
    }

    @Test func `a schema passes over rows with nothing in them, and counts on`() throws {
        let outcome = try importTable(
            """
            name,email
            ,
            Kim,kim@example.com
             ,\u{3000},,
            "",""

            Lee,lee@example.com
            ,,,
            """.utf8, allowance: ErrorAllowance(count: 0))
        #expect(outcome.values.map { $0[1] } == ["kim@example.com", "lee@example.com"])
        #expect(outcome.rows.map(\.row) == [3, 6])
        #expect(outcome.summary.totalRows == 2 && outcome.rejects.isEmpty)
        #expect(outcome.rejectsFile == nil)
    }

    @Test func `a reason alone is no row`() throws {
        let outcome = try importTable(
            "name,email,_row,_field,_message\n,,7,name,is missing\nLee,lee@example.com,8,,x\n".utf8)
        #expect(outcome.summary == TableSummary(totalRows: 1, errorCount: 0))
    }

    @Test func `a row wider than any at the beginning is rejected, not cut`() throws {
        let many = String(repeating: "1,2\n", count: 100_000)
        let outcome = try importTable("a,b\n\(many)1,2,3\n1,2,\n".utf8, choice: .infer)
        #expect(
            outcome.summary
                == TableSummary(totalRows: 100_002, errorCount: 1, types: [.integer, .integer]))
        #expect(outcome.rejects.first?.row == 100_002)
        #expect(outcome.rows.count == 100_001)
    }

    @Test func `auto tells the schema that a table nearly was`() throws {
        let outcome = try importTable("name,mail\nKim,k@example.com\n".utf8)
        #expect(outcome.heading?.schema == nil)
        #expect(
            outcome.warnings == [
                "Imported as a table of its own: for `participants` it lacks the column `email`."
            ])
    }

    @Test func `a declared delimiter is honoured and its line is no record`() throws {
        for text in ["sep=;\r\na;b,c\r\n1;2\r\n", "\u{feff}sep=;\na;b,c\n1;2\n"] {
            let outcome = try importTable(text.utf8)
            #expect(outcome.heading?.delimiter == ";")
            #expect(outcome.values == [["1", "2"]])
            #expect(outcome.rows.map(\.row) == [2])
        }
        let wide = "sep=|\na|b\n1|2\n".utf16.flatMap { [UInt8($0), 0] as [UInt8] }
        #expect(try importTable([0xff, 0xfe] + wide).values == [["1", "2"]])
    }

    @Test func `a guessed encoding and damaged characters are told`() throws {
        let guessed = try importTable(Array("a\ncaf".utf8) + [0xe9, 0x0a])
        #expect(guessed.heading?.encoding == "cp1252")
        #expect(guessed.values == [["café"]])
        #expect(guessed.warnings.count == 1 && guessed.warnings[0].contains("cp1252"))
        let cut = try importTable(Array("도시\n홍길".utf8) + [0xeb, 0x8f])
        #expect(cut.values == [["홍길\u{fffd}"]])
        #expect(cut.warnings == ["One damaged character was replaced by \u{fffd}."])
    }

    @Test(arguments: [1, 512, 600_000])
    func `zeros that fill up the file are no part of its text`(count: Int) throws {
        let zeros = [UInt8](repeating: 0, count: count)
        for end in ["", "\n"] {
            let text = "name,email\nKim,kim@example.com\nLee,lee@example.com\(end)"
            let outcome = try importTable(Array(text.utf8) + zeros)
            #expect(outcome.values.map { $0[1] } == ["kim@example.com", "lee@example.com"])
            #expect(outcome.summary.totalRows == 2)
            #expect(outcome.progress.last == text.utf8.count + count)
            let wide = Array("\(text)가".utf16).flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
            #expect(try importTable(wide + zeros, choice: .infer).values[1][0] == "Lee")
        }
        let nothing = #expect(throws: Failure.self) { try importTable(zeros) }
        #expect(nothing?.code == .csvNoRows)
    }

    static let marked = "sep=;\r\n이름;b\r\n홍길동;x\r\n"
    static let places: [(String, [UInt8])] = [
        ("UTF-8", Array(marked.utf8)), ("UTF-8 with a mark", [0xef, 0xbb, 0xbf] + marked.utf8),
        (
            "UTF-8 with damage",
            Array((marked + String(repeating: "가", count: 200)).utf8) + [0xff, 0x0a]
        ),
        (
            "UTF-16", [0xff, 0xfe] + marked.utf16.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
        ),
        (
            "CP949",
            "sep=;\n".utf8 + [0xc0, 0xcc, 0xb8, 0xa7] + Array(";b\n".utf8)
                + Array(repeating: [0xc8, 0xab, 0xb1, 0xe6, 0x0a], count: 60_000).joined()
        ),
        (
            "Windows-1252",
            Array("a;b\n".utf8) + Array(repeating: [0xe9, 0x3b, 0x31, 0x0a], count: 9).joined()
        ),
    ]

    @Test(arguments: places, ["\"never closed", "1;2;3;4;5;6"])
    func `a place that cannot be read is told by the bytes of the file before it`(
        file: (name: String, bytes: [UInt8]), fault: String
    ) throws {
        let isWide = file.name == "UTF-16"
        let rest = isWide ? fault.utf16.flatMap { [UInt8($0), 0] as [UInt8] } : Array(fault.utf8)
        let failure = #expect(throws: Failure.self) {
            try importTable(file.bytes + rest, columnLimit: 5)
        }
        let before = fault.hasPrefix("1") ? "1;2;3;4;5;".utf8.count * (isWide ? 2 : 1) : 0
        let place = file.bytes.count + before
        #expect(
            failure?.detail.contains("at byte \(place)") == true,
            "\(place): \(failure?.detail ?? "")")
    }

    static let failures: [(String, SchemaChoice, ErrorCode)] = [
        ("", .auto, .csvNoRows),
        ("\u{feff}", .auto, .csvNoRows),
        ("\n\n\r\n", .auto, .csvNoRows),
        ("name,email\n", .auto, .csvNoRows),
        ("sep=;\nname;email\n\n", .auto, .csvNoRows),
        ("name,email\n,\n , \n", .auto, .csvNoRows),
        ("name,mail\nKim,k@example.com\n", .named("participants"), .csvMissingColumns),
        ("a,b\n1,\"2\n3,4\n", .auto, .csvMalformed),
        ("a,b,c,d,e,f\n1\n", .auto, .csvTooWide),
        ("a,b\n1,2,3,4,5,6\n", .auto, .csvTooWide),
        ("a,b\n1,2\n", .named("guests"), .internalError),
    ]

    @Test(arguments: failures)
    func `a table that cannot be imported fails with its code`(
        text: String, choice: SchemaChoice, code: ErrorCode
    ) throws {
        let failure = #expect(throws: Failure.self) {
            try importTable(text.utf8, choice: choice, columnLimit: 5)
        }
        #expect(failure?.code == code)
    }

    @Test func `bytes of no text and settings of no encoding fail with their codes`() {
        let noText = #expect(throws: Failure.self) {
            try importTable([0xff, 0xfe, 0, 0, 0x61, 0, 0, 0])
        }
        #expect(noText?.code == .csvEncoding)
        let noEncoding = #expect(throws: Failure.self) {
            try importTable("a\n1\n".utf8, fallback: "klingon")
        }
        #expect(noEncoding?.code == .internalError)
    }

    @Test func `a field longer than 1 MiB is malformed, one as long is taken`() throws {
        let whole = String(repeating: "x", count: 1 << 20)
        #expect(try importTable("a\n\(whole)\n".utf8).rows.count == 1)
        let failure = #expect(throws: Failure.self) { try importTable("a\n\(whole)x\n".utf8) }
        #expect(failure?.code == .csvMalformed)
    }

    @Test func `a rejected record of quotes alone is sent in pieces that fit`() throws {
        // Doubled they come to 8 MiB, and some are held back already: more than a frame may hold.
        let field = "x" + String(repeating: "\"", count: (1 << 20) - 100)
        let small = String(repeating: "bad,bad,bad,bad\n", count: 1500)
        let large = Array(repeating: field, count: 4).joined(separator: ",")
        let outcome = try importTable("name,email,c,d\n\(small)\(large)\n".utf8)
        #expect(outcome.summary == TableSummary(totalRows: 1501, errorCount: 1501))
        let doubled = "\"x" + String(repeating: "\"\"", count: (1 << 20) - 100) + "\""
        let last = Array(repeating: doubled, count: 4).joined(separator: ",")
        #expect(
            outcome.rejectsFile?.hasSuffix("\(last),1502,name,has more than 100 characters\r\n")
                == true)
    }

    @Test func `only the first hundred rejects are told one by one`() throws {
        let bad = String(repeating: "Kim,bad\n", count: 250)
        let outcome = try importTable("name,email\n\(bad)".utf8)
        #expect(outcome.summary == TableSummary(totalRows: 250, errorCount: 250))
        #expect(outcome.rejects.count == 100)
        #expect(outcome.rejectsFile?.utf8.count { $0 == UInt8(ascii: "\n") } == 251)
    }

    @Test func `progress goes forward to the end, about once in a mebibyte`() throws {
        let text = "a,b\n" + String(repeating: "some text,and more of it\n", count: 200_000)
        let outcome = try importTable(text.utf8)
        #expect(outcome.summary.totalRows == 200_000)
        #expect(outcome.progress == outcome.progress.sorted())
        #expect(outcome.progress.last == text.utf8.count)
        #expect(outcome.progress.count <= text.utf8.count >> 20 + 1)
    }

    @Test func `a blob that cannot be read is the store's failure`() {
        let request = TableRequest(
            choice: .auto, schemas: [], fallbackEncoding: "windows-1252")
        let failure = #expect(throws: Failure.self) {
            try TableImport.run(request, descriptor: -1) { _ in }
        }
        #expect(failure?.code == .storeIO)
    }

    @Test func `a rejected value is shown cut, and kept whole in the file`() throws {
        let value = String(repeating: "가", count: 5000)
        let outcome = try importTable("name,email\nKim,\(value)\n".utf8)
        #expect(outcome.rejects.first?.value == String(repeating: "가", count: 200))
        #expect(outcome.rejectsFile?.contains("Kim,\(value),2,email,") == true)
    }

    @Test func `what the receiver throws ends the stage`() throws {
        struct Gone: Error {}
        let descriptor = try temporaryTable(Array("a\n1\n".utf8))
        defer { close(descriptor) }
        let request = TableRequest(
            choice: .auto, schemas: [], fallbackEncoding: "windows-1252")
        #expect(throws: Gone.self) {
            try TableImport.run(request, descriptor: descriptor) { _ in throw Gone() }
        }
    }
}
