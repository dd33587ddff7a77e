import Rules
import TestSupport
import Testing
import WorkerProtocol

@testable import Stages

/// What becomes of a `rejects.csv` that is dropped again.
@Suite struct RejectRoundTripTests {
    /// How a program saves the rows that it has read; no field here needs quotes.
    enum Saving: String, CaseIterable {
        case asTheyAre
        /// Every row as wide as the widest, as spreadsheet programs do.
        case filledUp
        /// No row longer than its last value.
        case cutOff

        func callAsFunction(_ file: String, delimiter: String = ",") -> String {
            let rows = file.split(separator: "\r\n").map {
                $0.split(separator: delimiter, omittingEmptySubsequences: false).map(String.init)
            }
            let widest = rows.map(\.count).max() ?? 0
            return rows.map { row in
                let saved =
                    switch self {
                    case .asTheyAre: row
                    case .filledUp: row + Array(repeating: "", count: widest - row.count)
                    case .cutOff: Array(row[...(row.lastIndex { !$0.isEmpty } ?? 0)])
                    }
                return saved.joined(separator: delimiter) + "\r\n"
            }.joined()
        }
    }

    /// Rows of every shape, all of them rejected.
    static let table = """
        name,email
        Kim, Jr.,kim@example.com
        Lee,bad
        Park,bad,
        Choi,bad,,,
        Jung
        Kang,5,kang@example.com,7
        Yoon,,,yoon@example.com,,

        """

    @Test func `a mended rejects file drops its reject columns and may be rejected again`() throws {
        let outcome = try importTable(
            ("\u{feff}name;email;_row;_field;_message\r\n"
                + "김철수;kim@example.com;7;email;was bad\r\n"
                + "이영희;\"still; \"\"bad\";9;email;is bad\r\n").utf8)
        #expect(outcome.heading?.schema == "participants")
        #expect(outcome.heading?.encoding == "utf-8-sig")
        #expect(outcome.values.map { Array($0.prefix(2)) } == [["김철수", "kim@example.com"]])
        #expect(
            outcome.rejectsFile
                == "\u{feff}name;email;_row;_field;_message\r\n"
                + "이영희;\"still; \"\"bad\";3;email;is not an e-mail address\r\n")
    }

    @Test func `a record with a field too many keeps all of its own in the second round too`()
        throws
    {
        let first = try importTable(
            "name,email\nKim, Jr.,kim@example.com\nLee,lee@example.com\n".utf8)
        let file = try #require(first.rejectsFile)
        let second = try importTable((file + "Park,park@example.com,,,\n").utf8)
        #expect(
            second.rejectsFile?.split(whereSeparator: \.isNewline).last?
                .hasPrefix("Kim, Jr.,kim@example.com,2,") == true, "\(second.rejectsFile ?? "")")
        #expect(second.values.map { $0[1] } == ["park@example.com"])
    }

    @Test(arguments: Saving.allCases)
    func `a record of any width comes back exactly as it was`(saving: Saving) throws {
        let first = try importTable(Self.table.utf8)
        let file = try #require(first.rejectsFile)
        #expect(first.rows.isEmpty && first.summary.errorCount == 7)
        let second = try importTable(saving(file).utf8)
        #expect(second.rejectsFile == file)
        #expect(second.rejects == first.rejects)
        #expect(second.heading?.columns == first.heading?.columns)
        #expect(second.warnings == [])
    }

    @Test(arguments: Saving.allCases, [",", ",,"])
    func `a mended record is taken whatever stands of the reason and wherever`(
        saving: Saving, gap: String
    ) throws {
        let file = try #require(try importTable(Self.table.utf8).rejectsFile)
        // The cell that was too much is deleted, or cleared.
        let mended = file.replacing(
            "Kim, Jr.,kim@example.com,2", with: "Kim Jr.,kim@example.com\(gap)2"
        ).replacing(
            "Kang,5,kang@example.com,7,7", with: "Kang,kang@example.com\(gap),7"
        ).replacing(
            "Yoon,,,yoon@example.com", with: "Yoon,yoon@example.com\(gap)"
        ).replacing("bad", with: "x@example.com").replacing("Jung,", with: "Jung,jung@example.com")
        let outcome = try importTable(saving(mended).utf8)
        #expect(outcome.rejects == [])
        #expect(outcome.rows.map(\.row) == Array(2...8))
        #expect(
            outcome.values.map { $0[1] } == [
                "kim@example.com", "x@example.com", "x@example.com", "x@example.com",
                "jung@example.com", "kang@example.com", "yoon@example.com",
            ])
    }

    @Test(arguments: [
        // The reason was taken out, in part or whole.
        "Kim,kim@example.com", "Kim,kim@example.com,,,", "Kim,kim@example.com,,,,,,",
        "Kim,kim@example.com,7,", "Kim,kim@example.com,,email,bad", "Kim,kim@example.com,,,bad",
        "Kim,kim@example.com,7,email", "Kim,kim@example.com,,,,7,", "Kim,kim@example.com,,7,,bad,",
        // Or it was changed, or has a note beside it.
        "Kim,kim@example.com, 7 ,email,bad", "Kim,kim@example.com,7.0,email,bad",
        "Kim,kim@example.com,7,email,bad,note",
    ])
    func `of a reason not everything need be there`(row: String) throws {
        let outcome = try importTable("name,email,_row,_field,_message\n\(row)\n".utf8)
        #expect(outcome.values.map { $0[1] } == ["kim@example.com"])
    }

    @Test(arguments: [
        ("Kim, Jr.,kim@example.com", 3), ("Kim,kim@example.com,5,7,email,bad", 3),
        ("Kim,kim@example.com,x,,,,,", 8), ("Kim,kim@example.com,1234,9,,", 3),
        ("Kim,kim@example.com,200", 3),
    ])
    func `what is no reason is a field too many`(row: String, count: Int) throws {
        let outcome = try importTable("name,email,_row,_field,_message\n\(row)\n".utf8)
        #expect(outcome.values.isEmpty)
        #expect(outcome.rejects.map(\.message) == ["has \(count) fields where the header has 2"])
    }

    @Test(arguments: Saving.allCases)
    func `a record that only the database rejects keeps its width`(saving: Saving) throws {
        var schema = TableSchema.participants
        schema.duplicates = .reject
        let first = try importTable(
            "name;email\nKim;kim@example.com;\nLee;lee@example.com\n".utf8, schemas: [schema])
        #expect(
            first.values.map(\.last) == ["Kim;kim@example.com;;", "Lee;lee@example.com;"])
        let file = try #require(first.rejectsFile)
        let reasons = ["2;email;is there already\r\n", "3;email;is there already\r\n"]
        let lines = zip(first.values.map { $0.last ?? "" }, reasons).map { ($0 ?? "") + $1 }
        let second = try importTable(
            saving(file + lines.joined(), delimiter: ";").utf8, schemas: [schema])
        #expect(second.values == first.values)
    }

    @Test(arguments: Saving.allCases)
    func `columns that were added to a table of its own keep their places`(saving: Saving) throws {
        let many = String(repeating: "1,2,3\n", count: 100_000)
        let first = try importTable("a,b\n\(many)1,2,3,4\n".utf8, choice: .infer)
        let file = try #require(first.rejectsFile)
        #expect(
            file == "\u{feff}a,b,,_row,_field,_message\r\n"
                + "1,2,3,4,100002,,has 4 fields where the header has 2\r\n")
        let mended = try importTable(saving(file.replacing("3,4,", with: "3,")).utf8)
        #expect(mended.heading?.columns == ["a", "b", "column_3"])
        #expect(mended.values == [["1", "2", "3"]])
    }
}
