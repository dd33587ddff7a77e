import Rules
import TestSupport
import Testing
import WorkerProtocol

@testable import Workers

@Suite struct ReplyCheckTests {
    private static let table = StageRequest.tableImport(
        TableRequest(
            choice: .auto, schemas: [.participants], fallbackEncoding: "windows-1252",
            columnLimit: 3))
    private static let text = StageRequest.text(pageLimit: 1, byteLimit: 1)

    /// Judges replies in turn; gives the complaint about the first that is refused.
    private func complaint(
        about replies: [StageReply], to request: StageRequest, limit: Int = 1000
    ) -> WorkerError? {
        var check = ReplyCheck(request: request, outputLimit: ByteCount(limit))
        do {
            for reply in replies { _ = try check.judge(reply) }
            return nil
        } catch {
            return error
        }
    }

    private static func begun(_ name: String) -> StageReply {
        .artifactBegun(name: name, mediaType: "text/plain")
    }

    private static func heading(_ schema: String?, _ columns: [String]) -> StageReply {
        .tableBegun(
            TableHeading(schema: schema, columns: columns, encoding: "utf-8", delimiter: ","))
    }

    private static func row(_ fields: String...) -> StageReply {
        var batch = RowBatch()
        batch.append(row: 2, fields: fields.map { Array($0.utf8) })
        return .rows(batch)
    }

    private static let summary = StageReply.finished(
        .table(TableSummary(totalRows: 1, errorCount: 0)))

    /// The end of an inferred table.
    private static func summary(_ types: InferredType...) -> StageReply {
        .finished(.table(TableSummary(totalRows: 1, errorCount: 0, types: types)))
    }

    @Test(arguments: [
        [begun("text.txt"), .artifactBytes([1]), .artifactBytes([]), .artifactEnded],
        [begun("text.txt"), .failed(Failure(.timeout, message: "m", detail: "d"))],
        [.progress(done: 1, total: 2), .warning("w"), .finished(.text(characters: 0))],
    ])
    func `an orderly text stage is believed`(replies: [StageReply]) {
        #expect(complaint(about: replies, to: Self.text) == nil)
    }

    @Test(arguments: [
        [heading(nil, ["a", "b"]), row("1", "2"), summary(.text, .date)],
        [heading("participants", ["name", "email"]), row("1", "2"), row("3", "4"), summary],
        // Rejects are written to their file while rows come in.
        [heading(nil, ["a"]), begun("rejects.csv"), row("1"), .artifactEnded, summary(.text)],
    ])
    func `an orderly import is believed`(replies: [StageReply]) {
        #expect(complaint(about: replies, to: Self.table) == nil)
    }

    @Test(arguments: [
        ([begun("text.txt"), begun("text.txt")], "an artifact within another"),
        ([begun("text.txt"), .artifactEnded, begun("text.txt")], "the same artifact twice"),
        ([.artifactEnded], "the end of no artifact"),
        ([begun("info.json")], "not its stage's own"), ([begun("a")], "not its stage's own"),
        (
            [begun("text.txt"), .finished(.text(characters: 1))],
            "done in the middle of an artifact"
        ),
        ([.artifactBegun(name: "text.txt", mediaType: "text")], "a media type that is none"),
        ([.finished(.table(TableSummary(totalRows: 1, errorCount: 0)))], "another stage"),
        ([heading(nil, ["a"])], "a table where none was asked for"),
        ([.rejected(RowReject(row: 1, field: "", message: "", value: ""))], "a reject of no table"),
        ([.failed(Failure(.csvNoRows, message: "", detail: ""))], "code that is not its own"),
        ([.failed(Failure(.storeIO, message: "", detail: ""))], "code that is not its own"),
    ])
    func `a text stage's lie is found out`(replies: [StageReply], lie: String) {
        #expect(isLie(complaint(about: replies, to: Self.text), lie))
    }

    @Test(arguments: [
        ([row("1")], "rows of no table"),
        ([heading(nil, ["a"]), row("1", "2")], "a row with other columns"),
        ([heading(nil, ["a"]), heading(nil, ["a"])], "a second table"),
        ([heading(nil, ["a", "a"])], "the same column twice"),
        ([heading(nil, [])], "a table without columns"),
        ([heading(nil, ["a", "b", "c", "d"])], "more columns than are allowed"),
        ([heading("secrets", ["a"])], "a schema that was not offered"),
        ([heading("participants", ["name", "uid"])], "a column that its schema lacks"),
        ([summary], "done with no table"),
        ([.failed(Failure(.pdfCorrupt, message: "", detail: ""))], "code that is not its own"),
        (
            [heading(nil, ["a"]), .finished(.table(TableSummary(totalRows: 1, errorCount: 2)))],
            "more bad rows than rows"
        ),
        (
            [
                .tableBegun(
                    TableHeading(
                        schema: nil, columns: ["a"], encoding: nil, delimiter: nil,
                        sheet: String(repeating: "x", count: 2001)))
            ], "a sheet's name without end"
        ),
        (
            [.artifactBegun(name: RowReject.artifactName, mediaType: "text/csv")],
            "a file of no table"
        ),
        (
            [
                .tableBegun(
                    TableHeading(schema: nil, columns: ["a"], encoding: "utf-8", delimiter: "\n"))
            ], "a delimiter that is none"
        ),
        (
            [
                .tableBegun(
                    TableHeading(
                        schema: nil, columns: ["a"], encoding: String(repeating: "x", count: 33),
                        delimiter: ","))
            ], "an encoding's name without end"
        ),
    ])
    func `an import's lie is found out`(replies: [StageReply], lie: String) {
        #expect(isLie(complaint(about: replies, to: Self.table), lie))
    }

    @Test(arguments: [
        (SchemaChoice.infer, heading("participants", ["name"])),
        (.named("participants"), heading(nil, ["name"])),
        (.named("others"), heading("participants", ["name"])),
    ])
    func `a table follows the schema that was chosen`(choice: SchemaChoice, heading: StageReply) {
        let request = StageRequest.tableImport(
            TableRequest(choice: choice, schemas: [.participants], fallbackEncoding: "utf-8"))
        #expect(isLie(complaint(about: [heading], to: request), "schema"))
    }

    @Test(arguments: [(1, true), (20, true), (0, false), (21, false), (1 << 53, false)])
    func `a PDF has as many pages as are allowed, and one at least`(pages: Int, isBelieved: Bool) {
        let told = StageReply.finished(.info(PDFSummary(pages: pages, metadata: [:])))
        let complaint = complaint(about: [told], to: .info(pageLimit: 20))
        #expect(isBelieved ? complaint == nil : isLie(complaint, "pages that cannot be"))
    }

    @Test func `output may reach its limit and not pass it`() {
        let start = [Self.begun("text.txt"), .artifactBytes([UInt8](repeating: 0, count: 900))]
        let used = "text.txt".utf8.count + "text/plain".utf8.count + 900
        let edge = StageReply.artifactBytes([UInt8](repeating: 0, count: 1000 - used))
        #expect(complaint(about: start + [edge], to: Self.text) == nil)
        #expect(
            complaint(about: start + [edge, .artifactBytes([0])], to: Self.text)
                == .outputTooLarge(limit: ByteCount(1000)))
    }

    @Test func `rows are output too`() {
        let rows =
            [Self.heading(nil, ["a"])] + [StageReply](repeating: Self.row("12345"), count: 60)
        #expect(
            complaint(about: rows, to: Self.table) == .outputTooLarge(limit: ByteCount(1000)))
    }

    @Test func `rejects are counted and clipped`() throws {
        var check = ReplyCheck(request: Self.table, outputLimit: ByteCount(1000))
        _ = try check.judge(Self.heading(nil, ["a"]))
        let reject = RowReject(
            row: 2, field: "a", message: "no\ngood", value: String(repeating: "é", count: 5000))
        let expected = RowReject(
            row: 2, field: "a", message: "no good", value: String(repeating: "é", count: 1000))
        for _ in 0..<100 {
            guard case .pass(.rejected(expected)) = try check.judge(.rejected(reject)) else {
                Issue.record("it is not passed on as expected")
                return
            }
        }
        #expect(throws: WorkerError.lied("more rejects than are shown")) {
            try check.judge(.rejected(reject))
        }
    }

    @Test func `progress never passes its end`() throws {
        var check = ReplyCheck(request: Self.text, outputLimit: .zero)
        guard case .pass(let reply) = try check.judge(.progress(done: 9, total: 3)) else {
            Issue.record("it is not passed on")
            return
        }
        #expect(reply == .progress(done: 3, total: 3))
    }

    private func isLie(_ error: WorkerError?, _ words: String) -> Bool {
        guard case .lied(let how) = error else { return false }
        return how.contains(words)
    }
}
