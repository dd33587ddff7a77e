import Rules
import TestSupport
import Testing
import WorkerProtocol

@testable import Stages

/// Tables that go by schemas of a config.
@Suite struct TableSchemaTests {
    static let members = TableSchema(
        name: "members",
        columns: [
            TableSchema.Column(
                name: "number", aliases: ["회원번호"], isRequired: true,
                rule: ValueRule(type: .integer, range: ValueBounds(least: "1"))),
            TableSchema.Column(
                name: "name", aliases: ["이름", "성명"], isRequired: true,
                rule: ValueRule(pattern: "^[가-힣]{2,5}$")),
            TableSchema.Column(
                name: "joined", aliases: ["가입일"], rule: ValueRule(type: .date)),
            TableSchema.Column(
                name: "active", aliases: ["활동"], rule: ValueRule(type: .boolean, standard: "예")),
            TableSchema.Column(
                name: "fee", aliases: ["회비"],
                rule: ValueRule(type: .decimal, range: ValueBounds(greatest: "100000"))),
            TableSchema.Column(
                name: "grade",
                rule: ValueRule(transforms: [.trim, .lower], allowed: ["gold", "은"])),
            TableSchema.Column(
                name: "phone", aliases: ["전화번호"],
                rule: ValueRule(type: .phone, transforms: [.digits], length: ValueBounds(least: 9))),
        ],
        key: ["number"])

    @Test func `a table with Korean names is judged by every kind of rule`() throws {
        let outcome = try importTable(
            """
            회원번호,이름,가입일,활동,회비,GRADE,전화번호
            007,홍길동,2024. 1. 5.,,"12,000.50",Gold,010-1234-5678
            8,김구,,아니오,,,
            0,이영희,,,,,
            9,Kim,,,,,
            10,박준,2024-02-30,,,,
            11,최수,,maybe,,,
            12,정하,,,100000.01,,
            13,강민,,,,bronze,
            14,윤서,,,,,123
            15,,,,,,
            """.utf8, choice: .named("members"), schemas: [Self.members])
        #expect(outcome.heading?.columns == Self.members.columns.map(\.name))
        #expect(
            outcome.values == [
                ["7", "홍길동", "2024-01-05", "1", "12000.50", "gold", "01012345678"],
                ["8", "김구", nil, "0", nil, nil, nil],
            ])
        let reasons = outcome.rejects.map { "\($0.row) \($0.field) \($0.message)" }
        #expect(
            reasons == [
                "4 number is less than 1", "5 name is not of the form ^[가-힣]{2,5}$",
                "6 joined is not a date such as 2024-01-31", "7 active is not yes or no",
                "8 fee is more than 100000", "9 grade is none of gold, 은",
                "10 phone has fewer than 9 characters", "11 name is missing",
            ])
        #expect(outcome.summary.types == [])
        #expect(outcome.heading?.carriesRecords == false)
    }

    @Test func `a column with a default need not be there`() throws {
        let outcome = try importTable(
            "number,name\n1,홍길동\n".utf8, choice: .auto, schemas: [.participants, Self.members])
        #expect(outcome.heading?.schema == "members")
        #expect(outcome.values == [["1", "홍길동", nil, "1", nil, nil, nil]])
    }

    @Test func `names and keys in parts are the same as others, all else stays as it came`() throws
    {
        let name = "\u{110b}\u{1175}\u{1105}\u{1173}\u{11b7}"
        let value = "\u{1112}\u{1169}\u{11bc}\u{1100}\u{1175}\u{11af}"
        let schema = TableSchema(
            name: "people",
            columns: [
                TableSchema.Column(name: "이름", isRequired: true), TableSchema.Column(name: "note"),
            ], key: ["이름"])
        let outcome = try importTable(
            "\(name),note\n\(value),\(value)\n".utf8, choice: .named("people"), schemas: [schema])
        #expect(outcome.rows.count == 1)
        let fields = outcome.values.first ?? []
        #expect(
            fields.compactMap { $0.map { Array($0.utf8) } } == [
                Array("홍길".utf8), Array(value.utf8),
            ])
    }

    @Test func `rows carry their records where only the database can reject them`() throws {
        var schema = Self.members
        schema.duplicates = .reject
        let outcome = try importTable(
            "number,name,extra\n1,\"홍길동\",\"a, \"\"b\"\"\"\n2, 김구\n".utf8,
            choice: .named("members"), schemas: [schema])
        #expect(outcome.heading?.carriesRecords == true)
        #expect(outcome.values.map(\.last) == ["1,홍길동,\"a, \"\"b\"\"\",", "2, 김구,,"])
        #expect(outcome.rejectsFile == "\u{feff}number,name,extra,_row,_field,_message\r\n")
        let long = "1,홍길동," + String(repeating: "x", count: 1 << 20)
        let cut = try importTable(
            "number,name,extra\n\(long)\n2,김구,\n".utf8, choice: .named("members"),
            schemas: [schema])
        #expect(cut.rejects.map(\.message) == ["is longer than 1 MiB"])
        #expect(cut.rows.count == 1)
    }

    @Test func `what a reason begins with is no formula, and the record stays as it is`() throws {
        let schema = TableSchema(
            name: "odd",
            columns: [
                TableSchema.Column(
                    name: "=n", aliases: ["n"], isRequired: true, rule: ValueRule(type: .integer))
            ], key: [])
        let outcome = try importTable(
            "n,phone\n=1+1,+82 10\n".utf8, choice: .named("odd"), schemas: [schema])
        #expect(
            outcome.rejectsFile
                == "\u{feff}n,phone,_row,_field,_message\r\n=1+1,+82 10,2,'=n,is not a whole number\r\n"
        )
    }

    static let allowances: [(ErrorAllowance, Int, Bool)] = [
        (ErrorAllowance(count: 2), 2, true), (ErrorAllowance(count: 2), 3, false),
        (ErrorAllowance(millionths: 200_000), 2, true),
        (ErrorAllowance(millionths: 200_000), 3, false), (ErrorAllowance(count: 0), 0, true),
    ]

    @Test(arguments: allowances)
    func `too many mistakes are too many for the whole table`(
        allowance: ErrorAllowance, bad: Int, isTaken: Bool
    ) throws {
        let rows = (0..<10).map { $0 < bad ? "x,김구" : "\($0 + 1),김구" }.joined(separator: "\n")
        let table = "number,name\n\(rows)\n"
        func run() throws -> TableOutcome {
            try importTable(
                table.utf8, choice: .named("members"), schemas: [Self.members], allowance: allowance
            )
        }
        guard !isTaken else {
            #expect(try run().summary == TableSummary(totalRows: 10, errorCount: bad))
            return
        }
        let error = #expect(throws: TooManyErrors.self) { try run() }
        #expect(error?.examples.first == "Row 2: number is not a whole number")
    }

    @Test func `an inferred table tells what all of its values are`() throws {
        let many = (1...50_000).map { "\($0),\($0).5,0\($0),2024-01-31,,가" }.joined(separator: "\n")
        let table = "id,half,code,day,nothing,text\n\(many)\n"
        let outcome = try importTable(table.utf8, choice: .infer)
        #expect(
            outcome.summary.types == [
                .integer, .decimal(isKeptAsNumber: true), .text, .date, .text, .text,
            ])
        // The very last row may change everything.
        let changed = try importTable((table + "x,1,1,soon,1,\n").utf8, choice: .infer)
        #expect(
            changed.summary.types == [
                .text, .decimal(isKeptAsNumber: true), .text, .text, .integer, .text,
            ])
        #expect(changed.rows.last?.fields == ["x", "1", "1", "soon", "1", ""])
    }
}
