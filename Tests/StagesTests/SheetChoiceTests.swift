import Rules
import TestSupport
import Testing
import WorkerProtocol

@testable import Stages

/// Which sheet of a workbook is imported, and that its rows go the way of any others.
@Suite struct SheetChoiceTests {
    private typealias Sheet = StoredWorkbook.Sheet

    private static let people = StoredWorkbook.rows([
        ["name", "email"], ["김철수", "kim@example.com"],
    ])

    private static func code(
        _ workbook: StoredWorkbook, choice: SchemaChoice = .auto, columnLimit: Int = 2000,
        sheet: String? = nil
    ) -> ErrorCode? {
        let failure = #expect(throws: Failure.self) {
            try importWorkbook(
                workbook.bytes, choice: choice, columnLimit: columnLimit, sheet: sheet)
        }
        return failure?.code
    }

    @Test func `a hidden sheet is not chosen, though it would fit`() throws {
        let hidden = Sheet(name: "hidden", rows: Self.people, isHidden: true)
        let other = Sheet(name: "other", rows: StoredWorkbook.rows([["a"], ["1"]]))
        let outcome = try importWorkbook(StoredWorkbook(hidden, other).bytes)
        #expect(outcome.heading?.sheet == "other")
        #expect(outcome.heading?.schema == nil)
        #expect(Self.code(StoredWorkbook(hidden)) == .csvNoRows)
        let shown = Sheet(name: "shown", rows: Self.people)
        #expect(try importWorkbook(StoredWorkbook(hidden, shown).bytes).heading?.sheet == "shown")
    }

    @Test func `a sheet with nothing of a schema is not its sheet, though no column is required`()
        throws
    {
        let schema = TableSchema(
            name: "notes", columns: [TableSchema.Column(name: "text", aliases: ["메모"])], key: [])
        let other = Sheet(name: "other", rows: StoredWorkbook.rows([["a"], ["1"]]))
        let notes = Sheet(name: "notes", rows: StoredWorkbook.rows([["메모"], ["x"]]))
        for choice in [SchemaChoice.auto, .named("notes")] {
            let outcome = try importWorkbook(
                StoredWorkbook(other, notes).bytes, choice: choice, schemas: [schema])
            #expect(outcome.heading?.sheet == "notes")
            #expect(outcome.values == [["x"]])
        }
        let failure = #expect(throws: Failure.self) {
            try importWorkbook(
                StoredWorkbook(other).bytes, choice: .named("notes"), schemas: [schema])
        }
        #expect(failure?.code == .csvMissingColumns)
        #expect(failure?.message.contains("the first row here is `a`") == true)
    }

    static let bad: [(String, ErrorCode)] = [
        (#"<row><c r="D1"><v>1</v></c></row>"#, .csvTooWide),
        (StoredWorkbook.rows([[String(repeating: "x", count: (1 << 20) + 1)]]), .excelCorrupt),
        (
            StoredWorkbook.rows([Array(repeating: String(repeating: "x", count: 1 << 20), count: 5)]
            ),
            .excelCorrupt
        ),
        ("<row></c>", .excelCorrupt), (#"<row><c t="s"><v>7</v></c></row>"#, .excelCorrupt),
    ]

    @Test(arguments: bad.indices)
    func `a sheet that cannot be read hides none that fits`(index: Int) throws {
        let (rows, code) = Self.bad[index]
        let bad = Sheet(name: "bad", rows: rows)
        let workbook = StoredWorkbook(bad, Sheet(name: "good", rows: Self.people))
        let limit = code == .csvTooWide ? 3 : 2000
        let outcome = try importWorkbook(workbook.bytes, columnLimit: limit)
        #expect(outcome.heading?.sheet == "good")
        #expect(outcome.rows.count == 1)
        // Where it is asked for, any sheet would do, or none fits, it is told.
        #expect(Self.code(workbook, columnLimit: limit, sheet: "bad") == code)
        #expect(Self.code(workbook, choice: .infer, columnLimit: limit) == code)
        let other = Sheet(name: "other", rows: StoredWorkbook.rows([["a"], ["1"]]))
        #expect(Self.code(StoredWorkbook(bad, other), columnLimit: limit) == code)
        #expect(
            Self.code(
                StoredWorkbook(other, bad), choice: .named("participants"), columnLimit: limit)
                == code)
    }

    static let allowances: [(ErrorAllowance, Bool)] = [
        (ErrorAllowance(count: 2), true), (ErrorAllowance(count: 1), false),
        (ErrorAllowance(millionths: 500_000), true), (ErrorAllowance(millionths: 400_000), false),
    ]

    @Test(arguments: allowances)
    func `too many mistakes are too many for the whole sheet`(
        allowance: ErrorAllowance, isTaken: Bool
    ) throws {
        let workbook = StoredWorkbook(
            Sheet(
                name: "회원",
                rows: StoredWorkbook.rows([
                    ["number", "name"], ["1", "김구"], ["x", "김구"], ["y", "김구"], ["2", "김구"],
                ])))
        func run() throws -> TableOutcome {
            try importWorkbook(
                workbook.bytes, choice: .named("members"), schemas: [TableSchemaTests.members],
                allowance: allowance)
        }
        guard !isTaken else {
            #expect(try run().summary == TableSummary(totalRows: 4, errorCount: 2))
            return
        }
        let error = #expect(throws: TooManyErrors.self) { try run() }
        #expect(error?.examples.first == "Row 3: number is not a whole number")
    }

    @Test func `rows carry their records where only the database can reject them`() throws {
        var schema = TableSchemaTests.members
        schema.duplicates = .reject
        let workbook = StoredWorkbook(
            Sheet(
                name: "회원",
                rows: StoredWorkbook.rows([
                    ["number", "name", "extra"], ["1", "홍길동", #"a, "b""#], ["2", "김구"],
                ])))
        let outcome = try importWorkbook(
            workbook.bytes, choice: .named("members"), schemas: [schema])
        #expect(outcome.heading?.carriesRecords == true)
        #expect(outcome.values.map(\.last) == ["1,홍길동,\"a, \"\"b\"\"\",", "2,김구,,"])
        #expect(outcome.rejectsFile == "\u{feff}number,name,extra,_row,_field,_message\r\n")
    }
}
