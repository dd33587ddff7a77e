import Foundation
import Glibc
import Rules
import Testing

/// What an owner asks for by creating an empty file.
@Suite(.serialized, .timeLimit(.minutes(5))) struct RequestTests {
    let scene: FlowScene

    init() throws { scene = try FlowScene() }

    /// Creates the file, and returns once it was accepted and removed.
    private func ask(
        _ name: String, _ daemon: DaemonProcess, count: Int = 1
    ) async throws {
        try scene.drop(Data(), as: name)
        try await daemon.line(.requestAccepted, name, count: count)
    }

    private func ignored(_ name: String, _ daemon: DaemonProcess, count: Int = 1) async throws
        -> String
    {
        try scene.drop(Data(), as: name)
        return try await daemon.line(.requestIgnored, name, count: count)["reason"] ?? ""
    }

    @Test func `a cover is made anew from another page, and nothing else is`() async throws {
        let daemon = try await scene.start()
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await daemon.ended(["a.pdf"])
        let first = try scene.bytes("a.pdf.results/thumbnail.jpg")
        try await ask("a.pdf.thumbnail-2", daemon)
        try await daemon.line(.documentCompleted, "a.pdf", count: 2)
        let second = try scene.bytes("a.pdf.results/thumbnail.jpg")
        #expect(first != second)
        try await ask("a.pdf.thumbnail", daemon)
        try await daemon.line(.documentCompleted, "a.pdf", count: 3)
        #expect(try scene.bytes("a.pdf.results/thumbnail.jpg") == first)
        try await daemon.stop()
        let read = daemon.lines(.stageStarted).compactMap { $0["stage"] }
        #expect(read == ["info", "text", "thumbnail", "thumbnail", "thumbnail"])
        let status = try scene.status("a.pdf")
        #expect(status.state == "completed")
        #expect(status.warnings.isEmpty)
        #expect(
            try scene.names().sorted() == [
                "a.pdf.results", "a.pdf.status.json", "inbox.status.json",
            ])
        // The cover of the second page is nobody's any more, and its file is for the next collection.
        #expect(try RecordedState(scene).count("stageResult") == 3)
        #expect(try RecordedState(scene).count("artifact") == 3)
        try await scene.expectClean(leftovers: true)
        let (end, output) = try await RunningProgram.run("ingestd", ["gc", "--state", scene.state])
        #expect(end == .exited(0), "\(output)")
        try await scene.expectClean()
    }

    @Test func `a refresh makes everything anew, whatever is known`() async throws {
        let daemon = try await scene.start()
        for name in ["a.pdf", "b.pdf"] { try scene.drop("pdf/english.pdf", as: name) }
        try await daemon.ended(["a.pdf", "b.pdf"])
        try await ask("a.pdf.refresh", daemon)
        try await daemon.line(.documentCompleted, "a.pdf", count: 2)
        try await daemon.stop()
        #expect(daemon.lines(.stageStarted).count == 6)
        #expect(try scene.status("a.pdf").state == "completed")
        // It is counted from the request on.
        let seconds = try #require(
            try scene.status("a.pdf").result["processing_seconds"] as? Double)
        #expect(seconds < 100)
        try await scene.expectClean()
    }

    @Test
    func `what a refresh makes no longer goes, and what the owner put there or changed stays`()
        async throws
    {
        let table = "name,email\nAnn,ann@example.org\nBob,nobody\n"
        try scene.drop(Data(table.utf8), as: "a.csv")
        try await scene.runOnce(inbox: "schema: participants")
        let made = ["import.json", "original.csv", "rejects.csv", "tokens.csv"]
        #expect(try scene.names(in: "a.csv.results") == made)
        for name in ["notes.txt", "tokens.csv"] {
            try scene.drop(Data("mine".utf8), as: "a.csv.results/" + name)
        }
        try scene.drop(Data(), as: "a.csv.refresh")
        try await scene.runOnce(inbox: "schema: infer")
        #expect(
            try scene.names(in: "a.csv.results")
                == ["import.json", "notes.txt", "original.csv", "tokens.csv"])
        #expect(try scene.text("a.csv.results/tokens.csv") == "mine")
        try await scene.expectClean(leftovers: true)
        // Nor does what the inbox puts there no longer.
        try scene.drop(Data(), as: "a.csv.refresh")
        try await scene.runOnce(inbox: "schema: infer\n    originals: none")
        #expect(scene.exists("a.csv.results/original.csv"))
    }

    @Test func `after a change of settings a refresh makes only what they decide`() async throws {
        let before = try await scene.start()
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await before.ended(["a.pdf"])
        try await before.stop()
        let daemon = try await scene.start(inbox: "thumbnail: {width: 100, height: 100}")
        try await ask("a.pdf.refresh", daemon)
        try await daemon.ended(["a.pdf"])
        try await daemon.stop()
        #expect(daemon.lines(.stageStarted).compactMap { $0["stage"] } == ["thumbnail"])
        let size = try #require(JPEGSize(try scene.bytes("a.pdf.results/thumbnail.jpg")))
        #expect(max(size.width, size.height) == 100)
    }

    @Test func `what was planned under other settings is made as it was planned`() async throws {
        // The claim comes to its end, and nothing is made.
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        let worker = RunningProgram.builtPrograms.appending(path: "ingest-worker").path
        _ = try await RunningProgram.run(
            "MortalDaemon", [scene.inbox, scene.state, worker, "committed", "1"])
        try await scene.runOnce(inbox: "thumbnail: {width: 100, height: 100}")
        let size = try #require(JPEGSize(try scene.bytes("a.pdf.results/thumbnail.jpg")))
        #expect(size.width == 300 || size.height == 400)
    }

    @Test func `a retry tries again what failed, and only that makes sense`() async throws {
        let daemon = try await scene.start()
        try scene.drop("pdf/corrupt.pdf", as: "a.pdf")
        try scene.drop("pdf/english.pdf", as: "b.pdf")
        try await daemon.ended(["a.pdf", "b.pdf"])
        try await ask("a.pdf.retry", daemon)
        try await daemon.line(.documentFailed, "a.pdf", count: 2)
        #expect(daemon.lines(.stageStarted).count { $0["stage"] == "info" } == 3)
        #expect(
            try await ignored("b.pdf.retry", daemon) == "nothing about this file has failed")
        try await daemon.stop()
        #expect(try scene.status("a.pdf").code == "pdf_corrupt")
        let status = try scene.status("b.pdf")
        #expect(status.state == "completed")
        #expect(
            status.warnings == [
                "b.pdf.retry was not carried out: nothing about this file has failed."
            ])
        #expect(!scene.exists("b.pdf.retry"))
        try await scene.expectClean()
    }

    @Test func `what makes no sense is a warning until something does`() async throws {
        let asked = [
            "a.pdf": "retry", "c.pdf": "thumbnail-9", "d.csv": "thumbnail",
        ]
        var reasons: [String: String] = [:]
        let first = try await scene.start()
        for name in asked.keys {
            let isTable = name.hasSuffix("csv")
            try scene.drop(
                isTable ? "csv/participants-cp949.csv" : "pdf/english.pdf", as: name)
        }
        try await first.ended(Array(asked.keys))
        for (name, verb) in asked {
            reasons[name] = try await ignored("\(name).\(verb)", first)
        }
        try await first.stop()
        for (name, verb) in asked {
            let status = try scene.status(name)
            let reason = try #require(reasons[name])
            #expect(status.warnings.contains("\(name).\(verb) was not carried out: \(reason)."))
            #expect(status.state?.hasPrefix("completed") == true)
            #expect(!scene.exists("\(name).\(verb)"))
        }
        #expect(try scene.status("a.pdf").state == "completed")

        let second = try await scene.start()
        try await ask("a.pdf.thumbnail-2", second)
        try await second.ended(["a.pdf"])
        try await second.stop()
        #expect(try scene.status("a.pdf").warnings.isEmpty)
        try await scene.expectClean()
    }

    @Test func `a request about nothing is logged and removed`() async throws {
        let daemon = try await scene.start()
        #expect(
            try await ignored("none.pdf.retry", daemon) == "there is no document of that name")
        try await daemon.stop()
        #expect(!scene.exists("none.pdf.retry"))
        #expect(!scene.exists("none.pdf.status.json"))
    }

    @Test func `a file with something in it is no request, and stays`() async throws {
        let daemon = try await scene.start()
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await daemon.ended(["a.pdf"])
        try scene.drop(Data("mine".utf8), as: "aside")
        rename(scene("aside"), scene("a.pdf.refresh"))
        symlink("a.pdf", scene("a.pdf.retry"))
        for name in ["a.pdf.refresh", "a.pdf.retry"] {
            try await daemon.line(.requestIgnored, name)
        }
        try await daemon.stop()
        #expect(try scene.text("a.pdf.refresh") == "mine")
        #expect(scene.exists("a.pdf.retry"))
        #expect(daemon.lines(.stageStarted).count == 3)
    }

    @Test func `a file that somebody has only begun to write is no request`() async throws {
        let daemon = try await scene.start()
        let path = scene("letter.pdf.delete")
        let file = open(path, O_CREAT | O_EXCL | O_WRONLY, 0o644)
        fchown(file, FlowScene.uid, FlowScene.uid)
        // Looked at later, and so decided later.
        _ = try await ignored("other.pdf.retry", daemon)
        #expect(access(path, F_OK) == 0)
        #expect(write(file, "bytes", 5) == 5)
        close(file)
        let reason = try await daemon.line(.requestIgnored, "letter.pdf.delete")["reason"]
        #expect(reason == "it is not empty")
        #expect(try scene.text("letter.pdf.delete") == "bytes")
        try await daemon.stop()
    }

    @Test func `what was tidied away comes back, with the original where results leave it out`()
        async throws
    {
        let daemon = try await scene.start(inbox: "originals: none")
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await daemon.ended(["a.pdf"])
        #expect(!scene.exists("a.pdf.results/original.pdf"))
        try FileManager.default.removeItem(atPath: scene("a.pdf.results"))
        try FileManager.default.removeItem(atPath: scene("a.pdf.status.json"))
        try await ask("a.pdf.restore", daemon)
        try await daemon.line(.documentCompleted, "a.pdf", count: 2)
        try await daemon.stop()
        #expect(
            try scene.names(in: "a.pdf.results")
                == ["info.json", "original.pdf", "text.txt", "thumbnail.jpg"])
        #expect(try scene.status("a.pdf").files.keys.contains("original.pdf"))
        #expect(daemon.lines(.stageStarted).count == 3)
        try await scene.expectClean()
    }

    @Test func `a table is imported again without its rows coming twice`() async throws {
        let daemon = try await scene.start()
        try scene.drop("csv/participants-cp949.csv", as: "gala/a.csv")
        try await daemon.ended(["gala/a.csv"])
        let tokens = try scene.text("gala/a.csv.results/tokens.csv")
        try await ask("gala/a.csv.refresh", daemon)
        try await daemon.line(.documentCompleted, "gala/a.csv", count: 2)
        try await daemon.stop()
        let rows: [Int] = try RecordedState(scene).imported("SELECT count(*) FROM participants")
        #expect(rows == [9])
        #expect(try scene.text("gala/a.csv.results/tokens.csv") == tokens)
        try await scene.expectClean()
    }

    @Test func `what is asked before the file is taken is done afterwards`() async throws {
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try scene.drop(Data(), as: "a.pdf.thumbnail-2")
        try await scene.runOnce()
        #expect(!scene.exists("a.pdf.thumbnail-2"))
        let parameters = try RecordedState(scene).parameters(of: "thumbnail")
        #expect(parameters?.hasPrefix("page=2 ") == true)
        #expect(try scene.status("a.pdf").state == "completed")
    }

    @Test func `what was asked while no daemon ran is found at the next start`() async throws {
        try scene.drop("pdf/english.pdf", as: "sub/a.pdf")
        try await scene.runOnce()
        try scene.drop(Data(), as: "sub/a.pdf.refresh")
        try await scene.runOnce()
        #expect(!scene.exists("sub/a.pdf.refresh"))
        #expect(try RecordedState(scene).stages("sub/a.pdf")["info"]?.attempt == 1)
        try await scene.expectClean()
    }

    @Test(arguments: [
        "requestRecorded", "stageStarted", "stageMade", "stageFinished", "published", "completed",
    ])
    func `a crash at any moment leaves a request there or carried out`(checkpoint: String)
        async throws
    {
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await scene.runOnce()
        try scene.drop(Data(), as: "a.pdf.thumbnail-2")
        let worker = RunningProgram.builtPrograms.appending(path: "ingest-worker").path
        let (end, output) = try await RunningProgram.run(
            "MortalDaemon", [scene.inbox, scene.state, worker, checkpoint, "1"])
        #expect(end == .killed(signal: SIGKILL), "\(output)")
        #expect(scene.exists("a.pdf.thumbnail-2") || checkpoint != "requestRecorded")
        try await scene.runOnce()
        #expect(!scene.exists("a.pdf.thumbnail-2"))
        let status = try scene.status("a.pdf")
        #expect(status.state == "completed")
        #expect(status.stage("thumbnail")["attempt"] as? Int == 1)
        let parameters = try RecordedState(scene).parameters(of: "thumbnail")
        #expect(parameters?.hasPrefix("page=2 ") == true)
        #expect(try scene.names(in: "a.pdf.results").count == 4)
        try await scene.expectClean(leftovers: true)
    }

    @Test func `a retry that a crash repeats says nothing false`() async throws {
        try scene.drop(Data("a,b\n1,2\n".utf8), as: "a.csv")
        try await scene.runOnce(inbox: "schema: participants")
        #expect(try scene.status("a.csv").code == "csv_missing_columns")
        try scene.drop(Data(), as: "a.csv.retry")
        try await die(at: "requestRecorded")
        #expect(scene.exists("a.csv.retry"))
        // By now what had failed is done.
        try await scene.runOnce()
        try await scene.runOnce()
        #expect(!scene.exists("a.csv.retry"))
        let status = try scene.status("a.csv")
        #expect(status.state?.hasPrefix("completed") == true)
        #expect(!status.warnings.contains { $0.contains("was not carried out") })
        try await scene.expectClean()
    }

    @Test(arguments: ["requestRecorded", "stageStarted", "rowsImported", "stageFinished"])
    func `by another schema a refresh replaces all rows or none, whatever happens meanwhile`(
        checkpoint: String
    ) async throws {
        try scene.drop("csv/participants-cp949.csv", as: "gala/a.csv")
        try await scene.runOnce(inbox: "schema: infer")
        let state = RecordedState(scene)
        #expect(try scene.status("gala/a.csv").result["table"] as? String == "a")
        let all: [Int] = try state.imported("SELECT count(*) FROM a")
        try scene.drop(Data(), as: "gala/a.csv.refresh")
        try await die(at: checkpoint)
        let tables: [String] = try state.imported(
            "SELECT name FROM sqlite_schema WHERE name IN ('a', 'participants')")
        let isNew = checkpoint == "rowsImported" || checkpoint == "stageFinished"
        #expect(tables == [isNew ? "participants" : "a"])
        let rows: [Int] = try state.imported("SELECT count(*) FROM \(isNew ? "participants" : "a")")
        #expect(isNew ? rows == [9] : rows == all)
        let tokens: [String] =
            isNew ? try state.imported("SELECT token FROM participants ORDER BY email") : []

        try await scene.runOnce()
        let after: [String] = try state.imported("SELECT token FROM participants ORDER BY email")
        #expect(after.count == 9)
        #expect(!isNew || after == tokens)
        let left: [String] = try state.imported("SELECT name FROM sqlite_schema WHERE name = 'a'")
        #expect(left == [])
        let status = try scene.status("gala/a.csv")
        #expect(status.result["table"] as? String == "participants")
        #expect(status.result["processed_count"] as? Int == 9)
        let printed = try scene.text("gala/a.csv.results/tokens.csv")
        #expect(after.allSatisfy(printed.contains))
        try await scene.expectClean(leftovers: true)
    }

    @Test func `a refresh that fails leaves the rows that there were`() async throws {
        try scene.drop(Data("a,b\n1,2\n".utf8), as: "a.csv")
        try await scene.runOnce()
        try scene.drop(Data(), as: "a.csv.refresh")
        try await scene.runOnce(inbox: "schema: participants")
        #expect(try scene.status("a.csv").code == "csv_missing_columns")
        let rows: [String] = try RecordedState(scene).imported("SELECT CAST(b AS TEXT) FROM a")
        #expect(rows == ["2"])
        try await scene.expectClean(leftovers: true)
    }

    @Test func `however many ask at once, each is heard, and once`() async throws {
        let count = RequestTests.many
        try scene.drop("pdf/english.pdf", as: "zz.pdf")
        try await scene.runOnce()
        for number in 0..<count { try scene.drop(Data(), as: "none-\(number).pdf.retry") }
        try scene.drop(Data(), as: "zz.pdf.refresh")
        let daemon = try await scene.start(isOnce: true)
        #expect(try await daemon.program.ended() == .exited(0))
        let ignored = daemon.lines(.requestIgnored).compactMap { $0["path"] }
        #expect(ignored.count == count)
        #expect(Set(ignored).count == count)
        #expect(daemon.lines(.requestAccepted).count == 1)
        #expect(
            !(try scene.names().contains { $0.hasSuffix(".retry") || $0.hasSuffix(".refresh") }))
    }

    /// More than are kept in mind at once.
    private static let many = 1300

    /// Runs a daemon with the defaults that dies at this moment.
    private func die(at checkpoint: String) async throws {
        let worker = RunningProgram.builtPrograms.appending(path: "ingest-worker").path
        let (end, output) = try await RunningProgram.run(
            "MortalDaemon", [scene.inbox, scene.state, worker, checkpoint, "1"])
        #expect(end == .killed(signal: SIGKILL), "\(output)")
    }
}
