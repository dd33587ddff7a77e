import Foundation
import Rules
import Testing

/// Workbooks through the whole house.
@Suite(.serialized, .timeLimit(.minutes(5))) struct WorkbookFlowTests {
    let scene: FlowScene

    init() throws { scene = try FlowScene() }

    @Test(arguments: ["xlsx", "xls"])
    func `a workbook's participants are imported, with their rejects and tokens`(
        kind: String
    ) async throws {
        let daemon = try await scene.start()
        let path = "gala/참가자.\(kind)"
        try scene.drop("excel/participants.\(kind)", as: path)
        try await daemon.ended([path])
        try await daemon.stop()

        let status = try scene.status(path)
        #expect(status["kind"] == kind)
        #expect(status.state == "completed_with_warnings" || status.state == "completed")
        let counts = [
            "total_rows": 5, "processed_count": 3, "error_count": 1, "duplicates_skipped": 1,
            "tokens": 3,
        ]
        for (key, count) in counts { #expect(status.result[key] as? Int == count, "\(key)") }
        #expect(status.result["table_schema"] as? String == "participants")
        #expect(status.result["sheet"] as? String == "참가자")
        #expect(status.result["encoding"] is NSNull)
        #expect(status.result["delimiter"] is NSNull)

        let folder = path + ".results"
        #expect(
            try scene.names(in: folder) == [
                "import.json", "original.\(kind)", "rejects.csv", "tokens.csv",
            ])
        let original = try Data(
            contentsOf: FlowScene.fixture("excel/participants.\(kind)"))
        #expect(try scene.bytes(folder + "/original.\(kind)") == original)
        #expect(
            try scene.text(folder + "/rejects.csv").contains(
                "박민수,no address,,,,,4,email,is not an e-mail address\r\n"))
        let rows: [String] = try RecordedState(scene).imported(
            "SELECT name || ',' || email || ',' || coalesce(department, '') FROM participants "
                + "WHERE collection = 'gala' ORDER BY email")
        #expect(
            rows == [
                "김철수,kim@example.com,개발팀", "이영희,lee@example.com,인사, 총무",
                "Zoë Łukasiewicz,zoe@example.com,",
            ])
        try await scene.expectClean()
    }

    @Test func `an inbox may name the sheet, and what is no workbook ends in its code`()
        async throws
    {
        try scene.drop("excel/participants.xlsx", as: "a.xlsx")
        try scene.drop("excel/participants.xls", as: "b.xls")
        try scene.drop(Data("PK\u{3}\u{4} of sorts".utf8), as: "c.xlsx")
        try await scene.runOnce(inbox: "sheet: 지난해")
        #expect(try scene.status("a.xlsx").result["sheet"] as? String == "지난해")
        #expect(try scene.status("a.xlsx").result["processed_count"] as? Int == 1)
        #expect(try scene.status("b.xls").code == "csv_no_rows")
        #expect(try scene.status("c.xlsx").code == "excel_corrupt")
        try await scene.expectClean()
    }
}
