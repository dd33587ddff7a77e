import Foundation
import Rules
import Testing

/// Sidecars that stand below another folder than the drops.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ResultsPlaceTests {
    let scene: FlowScene
    let out: String

    init() throws {
        scene = try FlowScene()
        out = try scene.makeInbox("out")
    }

    private var line: String { "results: \(out)" }

    private func paths(_ folder: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: folder)
            .filter { !$0.hasSuffix("/\(ResultsMark.name)") }.sorted()
    }

    private func status(_ name: String) throws -> StatusFile {
        try StatusFile(
            String(decoding: Data(contentsOf: URL(filePath: out + "/" + name)), as: UTF8.self))
    }

    private func run(_ words: [String]) async throws -> (RunningProgram.End, String) {
        try await RunningProgram.run("ingestd", words)
    }

    @Test func `all that is told stands in the other folder, and the inbox stays empty`()
        async throws
    {
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try scene.drop("csv/participants-cp949.csv", as: "events/gala/t.csv")
        try scene.drop("csv/participants-cp949.csv", as: "refused.xlsx")
        try await scene.runOnce(inbox: line)
        #expect(try scene.allPaths() == ["events", "events/gala", "refused.xlsx"])
        #expect(
            try paths(out) == [
                "a.pdf.results", "a.pdf.results/info.json", "a.pdf.results/original.pdf",
                "a.pdf.results/text.txt", "a.pdf.results/thumbnail.jpg", "a.pdf.status.json",
                "events", "events/gala", "events/gala/t.csv.results",
                "events/gala/t.csv.results/import.json", "events/gala/t.csv.results/original.csv",
                "events/gala/t.csv.results/rejects.csv", "events/gala/t.csv.results/tokens.csv",
                "events/gala/t.csv.status.json",
                "inbox.status.json", "refused.xlsx.status.json",
            ])
        #expect(try status("refused.xlsx.status.json").state == "refused")
        var facts = stat()
        #expect(lstat(out + "/events/gala/t.csv.status.json", &facts) == 0)
        #expect(facts.st_uid == FlowScene.uid)
        // The same commands about the same files.
        let (_, list) = try await run(["ls", "--config", scene.config, "-r", scene.inbox])
        #expect(list.contains("a.pdf") && list.contains("events/gala/t.csv"), "\(list)")
        let (_, shown) = try await run(["show", "--config", scene.config, scene("a.pdf")])
        #expect(shown.contains("completed"), "\(shown)")
        let (_, told) = try await run(["explain", "--config", scene.config, scene("a.pdf")])
        #expect(told.contains(out + "/a.pdf.results"), "\(told)")
        let (_, same) = try await run(["explain", out + "/a.pdf"])
        #expect(same.contains("a.pdf was taken"), "\(same)")
        let (end, health) = try await run(["doctor", "--config", scene.config])
        #expect(end == .exited(0), "\(health)")
        #expect(health.contains("go into \(out)"), "\(health)")
        let (fsck, findings) = try await run(
            ["fsck", "--config", scene.config, "--state", scene.state])
        #expect(fsck == .exited(0), "\(findings)")
    }

    @Test func `a second file of the name, requests and a deletion find their sidecars there`()
        async throws
    {
        let daemon = try await scene.start(inbox: line)
        let bytes = try Data(contentsOf: FlowScene.fixture("pdf/english.pdf"))
        try scene.drop(bytes, as: "c/a.pdf")
        try await daemon.ended(["c/a.pdf"])
        try scene.drop(bytes + [10], as: "c/a.pdf")
        try await daemon.line(.documentCompleted, "c/a.pdf", count: 2)
        #expect(try status("c/a.pdf.~1~.status.json").state?.hasPrefix("completed") == true)
        #expect(access(out + "/c/a.pdf.~1~.results/original.pdf", F_OK) == 0)
        // Asked for where the drop was, and where the results are.
        try scene.drop(Data(), as: "c/a.pdf.thumbnail-2")
        try await daemon.line(.requestAccepted, "c/a.pdf.thumbnail-2")
        try await daemon.line(.documentCompleted, "c/a.pdf", count: 3)
        try scene.put(Data(), at: out + "/c/a.pdf.thumbnail")
        try await daemon.line(.requestAccepted, "c/a.pdf.thumbnail")
        try await daemon.line(.documentCompleted, "c/a.pdf", count: 4)
        // Files that its owner puts among the results are nobody's drops.
        try scene.put(bytes + [10, 10], at: out + "/c/mine.pdf")
        try scene.put(Data(), at: out + "/c/a.pdf.~1~.delete")
        try await daemon.line(.requestAccepted, "c/a.pdf.~1~.delete")
        try scene.drop(Data(), as: "c/a.pdf.delete")
        try await daemon.line(.requestAccepted, "c/a.pdf.delete")
        #expect(try paths(out) == ["c", "c/mine.pdf", "inbox.status.json"])
        try scene.put(Data(), at: out + "/c/a.pdf.restore")
        try await daemon.line(.documentCompleted, "c/a.pdf", count: 5)
        try await daemon.stop()
        #expect(
            try Data(contentsOf: URL(filePath: out + "/c/a.pdf.results/original.pdf")).count > 0)
        #expect(try RecordedState(scene).documents().count == 1)
        #expect(try scene.allPaths() == ["c"])
    }

    @Test func `requests that came while no daemon ran are found at the start`() async throws {
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await scene.runOnce(inbox: line)
        try scene.put(Data(), at: out + "/a.pdf.pages")
        try await scene.runOnce(inbox: line)
        #expect(access(out + "/a.pdf.results/pages/0001.jpg", F_OK) == 0)
        #expect(access(out + "/a.pdf.pages", F_OK) != 0)
    }

    @Test func `the status file of a drop that went while nobody looked goes, and others stay`()
        async throws
    {
        try scene.drop("csv/participants-cp949.csv", as: "sub/gone.xlsx")
        try scene.drop("csv/participants-cp949.csv", as: "sub/stays.xlsx")
        try await scene.runOnce(inbox: line)
        unlink(scene("sub/gone.xlsx"))
        let daemon = try await scene.start(inbox: line)
        try await daemon.line(.dropVanished, "sub/gone.xlsx")
        try await daemon.stop()
        #expect(try paths(out + "/sub") == ["stays.xlsx.status.json"])
    }

    @Test func `while the folder for results is away nothing is taken, and then all goes on`()
        async throws
    {
        let daemon = try await scene.start(inbox: line + "\n    poll: 1s")
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await daemon.ended(["a.pdf"])
        rename(out, out + ".away")
        let reason = try await daemon.line(.inboxLost)["reason"]
        #expect(reason == "the folder for its results is not there any more")
        try scene.drop("pdf/english.pdf", as: "b.pdf")
        let detail = try await daemon.line(.inboxRefused)["detail"] ?? ""
        #expect(detail.contains("\(out): it is not there; make it"), "\(detail)")
        let (_, told) = try await run(["explain", "--config", scene.config, scene("b.pdf")])
        #expect(told.contains("the folder for its results"), "\(told)")
        let (end, health) = try await run(["doctor", "--config", scene.config])
        #expect(end != .exited(0))
        #expect(health.contains("\(out): it is not there"), "\(health)")
        #expect(scene.exists("b.pdf"))
        rename(out + ".away", out)
        try await daemon.ended(["b.pdf"])
        try await daemon.stop()
        #expect(try status("a.pdf.status.json").state?.hasPrefix("completed") == true)
        #expect(try status("b.pdf.status.json").state?.hasPrefix("completed") == true)
    }

    @Test(.enabled(if: geteuid() == 0, "files of several users are needed"))
    func `a folder of somebody else's, or a link, gets no results`() async throws {
        chown(out, FlowScene.otherUID, FlowScene.otherUID)
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try scene.configure(inbox: line)
        var (end, output) = try await run(["run", "--once", "--config", scene.config])
        #expect(end != .exited(0))
        #expect(output.contains("it belongs to"), "\(output)")
        chown(out, FlowScene.uid, FlowScene.uid)
        rename(out, out + ".real")
        symlink(out + ".real", out)
        lchown(out, FlowScene.uid, FlowScene.uid)
        (end, output) = try await run(["run", "--once", "--config", scene.config])
        #expect(end != .exited(0))
        #expect(output.contains("a link or a file stands there"), "\(output)")
        #expect(try scene.allPaths() == ["a.pdf"])
    }

    @Test func `what stands in the way of a collection's folder is moved aside`() async throws {
        try scene.put(Data("mine".utf8), at: out + "/events")
        try scene.drop("pdf/english.pdf", as: "events/a.pdf")
        try await scene.runOnce(inbox: line)
        #expect(access(out + "/events/a.pdf.results/text.txt", F_OK) == 0)
        let moved = try Data(contentsOf: URL(filePath: out + "/events.~1~.results"))
        #expect(moved == Data("mine".utf8))
    }

    @Test(.enabled(if: geteuid() == 0, "files of several users are needed"))
    func `each match of a pattern has a folder of its own, beside it or by its name`()
        async throws
    {
        let bytes = try Data(contentsOf: FlowScene.fixture("pdf/english.pdf"))
        for (user, uid) in [("anna", FlowScene.uid), ("bert", FlowScene.otherUID)] {
            for folder in ["home", "home/\(user)", "home/\(user)/Inbox", "home/\(user)/Results"] {
                mkdir(scene.folder + "/" + folder, 0o755)
                if folder != "home" { chown(scene.folder + "/" + folder, uid, uid) }
            }
            try scene.put(
                bytes, at: scene.folder + "/home/\(user)/Inbox/\(user).pdf", owner: uid)
        }
        let text = """
            state: \(scene.state)
            inboxes:
              - {path: '\(scene.folder)/home/*/Inbox', results: ../Results, settle: 50ms,
                 settle_without_proof: 50ms}
            """
        try text.write(toFile: scene.config, atomically: true, encoding: .utf8)
        let (end, output) = try await run(["run", "--once", "--config", scene.config])
        #expect(end == .exited(0), "\(output)")
        for user in ["anna", "bert"] {
            let results = scene.folder + "/home/\(user)/Results"
            #expect(access(results + "/\(user).pdf.results/text.txt", F_OK) == 0, "\(output)")
        }
    }

    @Test
    func `after a change old sidecars stay where they are, and are never mixed with new ones`()
        async throws
    {
        let bytes = try Data(contentsOf: FlowScene.fixture("pdf/english.pdf"))
        try scene.drop(bytes, as: "a.pdf")
        try await scene.runOnce()
        let first = try scene.status("a.pdf")["document_id"]
        try scene.drop(bytes + [10], as: "a.pdf")
        try await scene.runOnce(inbox: line)
        #expect(try scene.status("a.pdf")["document_id"] == first)
        #expect(try status("a.pdf.~1~.status.json")["document_id"] == first)
        // Back again: the newer document's results do not fall into the older one's folder.
        try scene.drop(Data(), as: "a.pdf.refresh")
        try await scene.runOnce()
        #expect(try scene.bytes("a.pdf.~1~.results/original.pdf") == bytes)
        #expect(try scene.bytes("a.pdf.results/original.pdf") == bytes + [10])
    }
}
