import Foundation
import Rules
import Testing

/// Files of rejects as people mend them and drop them again, in the shapes that programs save them.
@Suite(.serialized, .timeLimit(.minutes(5))) struct RejectFlowTests {
    /// A table of which rows are rejected, and what its owner does about it.
    struct Round: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let table: Data
        /// What is replaced in the file of rejects, and by what.
        let mends: [(old: String, new: String)]
        /// How a program saves the mended file.
        var save: @Sendable (String) -> Data = { Data($0.utf8) }
        /// Addresses of all rows, in order.
        let addresses: [String]
        /// How many of them came with the first file.
        let first: Int
    }

    static let rounds = [
        Round(
            testDescription: "rows end in a delimiter, the header does not",
            table: Data("name,email\nKim,kim@a.kr,\nLee,bad,\nPark,,,\n,,\n".utf8),
            mends: [("bad", "lee@a.kr"), ("Park,,", "Park,park@a.kr,")],
            addresses: ["kim@a.kr", "lee@a.kr", "park@a.kr"], first: 1),
        Round(
            testDescription: "a comma in a name that nobody has quoted",
            table: Data("name,email\nPark, Jr,park@a.kr\nLee,lee@a.kr\n".utf8),
            mends: [("Park, Jr,park@a.kr", "\"Park, Jr\",park@a.kr,")],
            addresses: ["lee@a.kr", "park@a.kr"], first: 1),
        Round(
            testDescription: "CP949 with semicolons, and saved as that again",
            table: TableFlowTests.cp949("name;email;\n홍길동;bad\n이길동;lee@a.kr;;\n동이;;x;\n"),
            mends: [("bad", "hong@a.kr"), (";;x;", ";dong@a.kr;;")],
            save: { TableFlowTests.cp949($0.replacing("\u{feff}", with: "")) },
            addresses: ["dong@a.kr", "hong@a.kr", "lee@a.kr"], first: 1),
        Round(
            testDescription: "a spreadsheet program fills up all rows and the header",
            table: Data("name,email\nKim,1,2,3,kim@a.kr\nLee,bad\nPark,park@a.kr,\n".utf8),
            mends: [("Kim,1,2,3,kim@a.kr", "Kim,kim@a.kr,,,"), ("bad", "lee@a.kr")],
            save: { Data(filledUp($0).utf8) },
            addresses: ["kim@a.kr", "lee@a.kr", "park@a.kr"], first: 1),
    ]

    /// Every row as wide as the widest; no field has a delimiter in it.
    private static func filledUp(_ file: String) -> String {
        let rows = file.split(separator: "\r\n")
        let widest = rows.map { $0.count { $0 == "," } }.max() ?? 0
        return rows.map { row in
            let missing = widest - row.count { $0 == "," }
            return String(row) + String(repeating: ",", count: missing) + "\r\n"
        }.joined()
    }

    let scene: FlowScene

    init() throws { scene = try FlowScene() }

    private func drop(_ table: Data, as name: String) async throws -> [String: Any] {
        try scene.drop(table, as: name)
        try await scene.runOnce(inbox: "schema: participants")
        let status = try scene.status(name)
        #expect(status.state?.hasPrefix("completed") == true, "\(status.text)")
        return status.result
    }

    private func addresses() throws -> [String] {
        try RecordedState(scene).imported("SELECT email FROM participants ORDER BY email")
    }

    @Test(arguments: rounds)
    func `what is mended comes in, and only once`(round: Round) async throws {
        let rejected = round.addresses.count - round.first
        let first = try await drop(round.table, as: "t.csv")
        #expect(first["processed_count"] as? Int == round.first)
        #expect(first["error_count"] as? Int == rejected)
        let rejects = try scene.text("t.csv.results/rejects.csv")

        // Unmended it comes back as it is, but for the row numbers.
        let again = try await drop(round.save(rejects), as: "unmended.csv")
        #expect(again["error_count"] as? Int == rejected)
        let second = try scene.text("unmended.csv.results/rejects.csv")
        let third = try await drop(Data(second.utf8), as: "once more.csv")
        #expect(third["error_count"] as? Int == rejected)
        #expect(try scene.text("once more.csv.results/rejects.csv") == second)

        var mended = rejects
        for mend in round.mends {
            #expect(mended.contains(mend.old))
            mended = mended.replacing(mend.old, with: mend.new)
        }
        let result = try await drop(round.save(mended), as: "mended.csv")
        #expect(result["processed_count"] as? Int == rejected)
        #expect(result["error_count"] as? Int == 0)
        #expect(try addresses() == round.addresses)

        let last = try await drop(round.save(mended), as: "mended again.csv")
        #expect(last["processed_count"] as? Int == 0)
        #expect(last["duplicates_skipped"] as? Int == rejected)
        #expect(try addresses() == round.addresses)
        try await scene.expectClean()
    }
}
