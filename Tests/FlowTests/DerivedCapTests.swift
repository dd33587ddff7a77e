import Foundation
import Rules
import Testing

/// What may be made of an account's files: bounded, told, and made up for once there is room.
@Suite(.serialized, .timeLimit(.minutes(5))) struct DerivedCapTests {
    let scene: FlowScene

    init() throws { scene = try FlowScene() }

    private static func cap(_ bytes: String) -> String { "limits: {default: {derived: \(bytes)}}" }

    @Test func `a step without room is a warning, and makes up for it when it is asked to`()
        async throws
    {
        // Room for what is known of the PDF, and for no picture.
        let daemon = try await scene.start(settings: Self.cap("2kB"))
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await daemon.ended(["a.pdf"])
        var status = try scene.status("a.pdf")
        #expect(status.state == "completed_with_warnings")
        let error = status.stage("thumbnail")["error"] as? [String: Any]
        #expect(error?["code"] as? String == "output_too_large")
        #expect((error?["message"] as? String)?.contains("may take 2.0 kB") == true)
        #expect(!scene.exists("a.pdf.results/thumbnail.jpg"))
        #expect(try RecordedState(scene).derived("results") <= 2000)

        try scene.configure(settings: Self.cap("1MB"))
        daemon.program.send(SIGHUP)
        try await daemon.line(.configReloaded)
        try scene.drop(Data(), as: "a.pdf.retry")
        try await daemon.line(.documentCompleted, "a.pdf", count: 2)
        try await daemon.stop()
        status = try scene.status("a.pdf")
        #expect(status.state == "completed")
        #expect(scene.exists("a.pdf.results/thumbnail.jpg"))
        try await scene.expectClean()
    }

    @Test func `a required step without room fails, and says what to do`() async throws {
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try scene.drop("csv/participants-cp949.csv", as: "b.csv")
        try await scene.runOnce(settings: Self.cap("100"))
        for name in ["a.pdf", "b.csv"] {
            let status = try scene.status(name)
            #expect(status.state == "failed")
            #expect(status.code == "output_too_large")
            #expect(status["message"]?.contains("then ask for a retry") == true, "\(status.text)")
        }
        #expect(try RecordedState(scene).derived("imports") == 0)
        #expect(try RecordedState(scene).derived("results") == 0)
        try await scene.expectClean(leftovers: true)
    }

    @Test func `rows are counted with their results, and are not imported past the cap`()
        async throws
    {
        try scene.drop("csv/participants-cp949.csv", as: "a.csv")
        // import.json and the list of tokens have room made for them beforehand.
        try await scene.runOnce(settings: Self.cap("150kB"))
        let state = RecordedState(scene)
        #expect(try scene.status("a.csv").state?.hasPrefix("completed") == true)
        let imports = try state.derived("imports")
        #expect(imports > 4096)
        #expect(try state.derived("results") > 0)
        // A thousand people take more than is left.
        let people = (1...1000).map { "Person \($0),person.\($0)@example.org" }
        let table = "name,email\n" + people.joined(separator: "\n") + "\n"
        try scene.drop(Data(table.utf8), as: "b.csv")
        try await scene.runOnce(settings: Self.cap("150kB"))
        #expect(try scene.status("b.csv").code == "output_too_large")
        #expect(try state.derived("imports") == imports)
        let rows: [Int] = try state.imported("SELECT count(*) FROM participants")
        #expect(rows == [9])
        try await scene.expectClean(leftovers: true)
    }

    @Test func `rows that come again are counted with the file that they go to`() async throws {
        let schemas = """
            schemas:
              notes:
                key: id
                duplicates: reject
                columns: {id: {type: integer, required: true}, note: {}}
            """
        let rows = (1...200).map { "\($0),\(String(repeating: "x", count: 500))\n" }
        let table = Data(("id,note\n" + rows.joined()).utf8)
        try scene.drop(table, as: "a.csv")
        let inbox = "schema: notes"
        try await scene.runOnce(inbox: inbox, settings: schemas)
        let state = RecordedState(scene)
        let imports = try state.derived("imports")
        // Room for the result once more, and for half of the rejects.
        let results = try state.derived("results")
        let cap = imports + (64 << 10) + results + table.count / 2
        try scene.drop(table + Data("201,new\n".utf8), as: "b.csv")
        try await scene.runOnce(inbox: inbox, settings: Self.cap("\(cap)") + "\n" + schemas)
        #expect(try scene.status("b.csv").code == "output_too_large")
        #expect(try state.derived("imports") == imports)
        let wider = Self.cap("\(cap + table.count)") + "\n" + schemas
        try scene.drop(Data(), as: "b.csv.retry")
        try await scene.runOnce(inbox: inbox, settings: wider)
        #expect(try scene.status("b.csv").result["error_count"] as? Int == 200)
        #expect(try scene.status("b.csv").result["processed_count"] as? Int == 1)
        try await scene.expectClean(leftovers: true)
    }

    @Test func `an import anew takes the room of the files that it replaces`() async throws {
        let people = (1...1000).map { "홍길동,guest.number.\($0).of.a.large.party@example.org\n" }
        let table = Data(("name,email\n" + people.joined()).utf8)
        try scene.drop(table, as: "a.csv")
        try await scene.runOnce()
        let state = RecordedState(scene)
        // What one import may take: rows, result, and the room that is made for the list of tokens.
        let list = table.count + 1000 * 100
        let cap = try state.derived("imports") + (64 << 10) + list
        #expect(try state.derived("results") > 90_000)
        try scene.drop(Data(), as: "a.csv.refresh")
        try await scene.runOnce(settings: Self.cap("\(cap)"))
        let status = try scene.status("a.csv")
        #expect(status.state == "completed", "\(status.text)")
        try await scene.expectClean(leftovers: true)
    }

    @Test func `pictures of pages end with the page before the cap`() async throws {
        try scene.drop(ManyPages.pdf(40), as: "a.pdf")
        try await scene.runOnce(
            inbox: "pages: true\n    stages: []", settings: Self.cap("40kB"))
        let status = try scene.status("a.pdf")
        #expect(status.state == "completed_with_warnings")
        #expect(try RecordedState(scene).derived("results") <= 40_000)
        try await scene.expectClean(leftovers: true)
    }

    @Test func `fsck finds a wrong count of imported rows, and puts it right`() async throws {
        try scene.drop("csv/participants-cp949.csv", as: "a.csv")
        try await scene.runOnce()
        let state = RecordedState(scene)
        let counted = try state.derived("imports")
        #expect(counted > 0)
        try state.tamper("UPDATE derived SET bytes = 1 WHERE class = 'imports'")
        let (end, output) = try await RunningProgram.run(
            "ingestd", ["fsck", "--state", scene.state])
        #expect(end == .exited(65))
        #expect(output.contains("derived_wrong"), "\(output)")
        let (_, repaired) = try await RunningProgram.run(
            "ingestd", ["fsck", "--repair", "--state", scene.state])
        #expect(repaired.contains("repaired"), "\(repaired)")
        #expect(try state.derived("imports") == counted)
        // A start counts what nobody has counted.
        try state.tamper("DELETE FROM derived WHERE class = 'imports'")
        try await scene.runOnce()
        #expect(try state.derived("imports") == counted)
        try await scene.expectClean()
    }
}
