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
            "a.pdf": "retry", "b.pdf": "delete", "c.pdf": "thumbnail-9", "d.csv": "thumbnail",
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
}
