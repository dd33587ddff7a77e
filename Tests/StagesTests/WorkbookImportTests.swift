import Foundation
import Rules
import Testing
import Workbook
import WorkerProtocol

@testable import Stages

@Suite struct WorkbookImportTests {
    private func workbook(_ name: String) throws -> Data {
        try Data(contentsOf: URL(filePath: "\(packageFolder)/Tests/Fixtures/excel/\(name)"))
    }

    private func failure(
        _ bytes: some Collection<UInt8>, choice: SchemaChoice = .auto, columnLimit: Int = 2000,
        sheet: String? = nil
    ) -> ErrorCode? {
        do {
            _ = try importWorkbook(bytes, choice: choice, columnLimit: columnLimit, sheet: sheet)
            return nil
        } catch let failure as Failure {
            return failure.code
        } catch {
            return .internalError
        }
    }

    @Test(arguments: ["participants.xlsx", "participants.xls"])
    func `participants are found on their sheet and judged like those of a text`(
        name: String
    ) throws {
        let outcome = try importWorkbook(try workbook(name))
        #expect(
            outcome.heading
                == TableHeading(
                    schema: "participants",
                    columns: ["name", "email", "phone", "department", "position"],
                    lacking: ["position"], encoding: nil, delimiter: nil, sheet: "참가자"))
        #expect(
            outcome.values == [
                ["김철수", "kim@example.com", "010-1234-5678", "개발팀", nil],
                ["이영희", "lee@example.com", "1012345678", "인사, 총무", nil],
                ["최지우", "kim@example.com", nil, nil, nil],
                ["Zoë Łukasiewicz", "zoe@example.com", "+82 2 123", nil, nil],
            ])
        // The blank row between them counts for the numbers, as a person sees them, and for nothing else.
        #expect(outcome.rows.map(\.row) == [2, 3, 6, 7])
        #expect(outcome.summary == TableSummary(totalRows: 5, errorCount: 1))
        #expect(outcome.rejects.map(\.row) == [4])
        #expect(
            outcome.rejectsFile
                == "\u{feff}name,email,phone,department,joined,fee,_row,_field,_message\r\n"
                + "박민수,no address,,,,,4,email,is not an e-mail address\r\n")
        #expect(outcome.warnings == ["Columns that were not imported: `joined`, `fee`."])
        #expect(outcome.progress.last == (try workbook(name)).count)
    }

    @Test(arguments: ["participants.xlsx", "participants.xls"])
    func `a sheet that is asked for by name is taken, though another would fit`(
        name: String
    ) throws {
        let bytes = try workbook(name)
        let outcome = try importWorkbook(bytes, choice: .infer, sheet: " 참가자 ")
        #expect(outcome.heading?.schema == nil)
        #expect(
            outcome.heading?.columns == ["name", "email", "phone", "department", "joined", "fee"])
        #expect(
            outcome.values[0] == [
                "김철수", "kim@example.com", "010-1234-5678", "개발팀", "2024-01-31", "12500",
            ])
        #expect(outcome.values[1][5] == "0.5")
        #expect(failure(bytes, sheet: "어디에도 없음") == .csvNoRows)
        #expect(failure(bytes, choice: .named("participants"), sheet: "안내") == .csvMissingColumns)
    }

    @Test func `any table is the first that a person sees and that has anything`() throws {
        let bytes = try workbook("participants.xlsx")
        let outcome = try importWorkbook(bytes, choice: .infer)
        #expect(outcome.heading?.sheet == "안내")
        #expect(outcome.heading?.columns == ["작성_방법", "아래를_읽어_주세요"])
        let hidden = try importWorkbook(bytes, sheet: "지난해")
        #expect(hidden.values.map { $0[1] } == ["old@example.com"])
        #expect(failure(bytes, sheet: "빈 시트") == .csvNoRows)
    }

    @Test func `texts that are split over records come whole`() throws {
        let outcome = try importWorkbook(try workbook("texts.xls"), choice: .infer)
        let expected: [[String?]] = (0..<200).map { row in
            [
                String(repeating: "가나다라 abc ", count: row % 7) + "\(row)",
                String(repeating: "x", count: row % 90) + "\(row)",
            ]
        }
        #expect(outcome.values == Array(expected.dropFirst()))
    }

    @Test func `what cannot be read ends in the code that fits`() throws {
        let xlsx = try workbook("participants.xlsx")
        #expect(failure(xlsx.prefix(3000)) == .excelCorrupt)
        #expect(failure(try workbook("participants.xls").prefix(2000)) == .excelCorrupt)
        #expect(failure(xlsx, choice: .infer, columnLimit: 1) == .csvTooWide)
        #expect(failure([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]) == .excelCorrupt)
        #expect(failure([0x50, 0x4b, 3, 4]) == .excelCorrupt)
    }

    @Test func `what was taken for a workbook is never read as a text`() {
        let table = Array("name,email\nKim,kim@example.com\n".utf8)
        // Excel 3, an archive without a file, one that is divided.
        for sign in [[9, 2, 6, 0], [0x50, 0x4b, 5, 6], [0x50, 0x4b, 7, 8], []] as [[UInt8]] {
            #expect(failure(sign + table, choice: .infer) == .excelCorrupt)
        }
        var end: [UInt8] = [0x50, 0x4b, 5, 6]
        end += Array(repeating: 0, count: 18)
        #expect(failure(end) == .excelCorrupt)
    }

    @Test(arguments: [
        WorkbookLimits.Kind.sharedText, .unpacked, .text, .cell(row: 3), .row(3), .unordered,
    ])
    func `what is too large once is so always, and is not tried again`(kind: WorkbookLimits.Kind) {
        let failure = WorkbookError.tooLarge(kind).failure(columnLimit: 10)
        #expect(failure.code == .excelCorrupt)
        #expect(failure.message.hasPrefix("Nothing was imported: "))
    }

    @Test(.enabled(if: TableCorpus.isThere || TableCorpus.isRequired))
    func `a workbook that needs a password is told so`() throws {
        let path = TableCorpus.root.appending(path: "csv/poi__protected_passtika.xlsx")
        #expect(failure(try Data(contentsOf: path)) == .excelEncrypted)
    }
}
