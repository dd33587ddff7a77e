import Foundation
import Glibc
import Rules
import Testing

/// What is deleted is gone from the inbox and the quota at once, and comes back out of the trash.
@Suite(.serialized, .timeLimit(.minutes(1))) struct DeletionTests {
    /// The one English PDF's.
    private static let size = 2432

    let scene: FlowScene
    private var state: RecordedState { RecordedState(scene) }

    init() throws { scene = try FlowScene() }

    private func drop(_ fixture: String = "pdf/english.pdf", as name: String) throws {
        try scene.drop(fixture, as: name)
    }

    /// Asks for a deletion, and returns once it is done and told.
    private func delete(_ name: String, _ daemon: DaemonProcess, count: Int = 1) async throws {
        try scene.drop(Data(), as: name + ".delete")
        try await daemon.line(.documentDeleted, name, count: count)
        // It goes last; nothing is said of that.
        while scene.exists(name + ".delete") { await Task.yield() }
    }

    private func restore(_ name: String, _ daemon: DaemonProcess, ending count: Int) async throws {
        try scene.drop(Data(), as: name + ".restore")
        try await daemon.line(.documentCompleted, name, count: count)
    }

    @Test func `by request: sidecars and charge go, and a restore brings back the same`()
        async throws
    {
        let daemon = try await scene.start()
        try drop(as: "aside")
        let modified = timespec(tv_sec: 1_000_000_000, tv_nsec: 5)
        _ = utimensat(AT_FDCWD, scene("aside"), [modified, modified], 0)
        rename(scene("aside"), scene("a.pdf"))
        try await daemon.ended(["a.pdf"])
        let before = try scene.names(in: "a.pdf.results")
        try await delete("a.pdf", daemon)
        #expect(try state.charge() == (0, 0))
        #expect(try scene.names() == ["inbox.status.json"])
        try await restore("a.pdf", daemon, ending: 2)
        try await daemon.stop()
        #expect(try scene.names(in: "a.pdf.results") == before)
        let original = try Data(contentsOf: FlowScene.fixture("pdf/english.pdf"))
        #expect(try scene.bytes("a.pdf.results/original.pdf") == original)
        let facts = try scene.facts("a.pdf.results/original.pdf")
        #expect(facts.st_mtim.tv_sec == 1_000_000_000 && facts.st_mtim.tv_nsec == 5)
        #expect(try scene.status("a.pdf").state == "completed")
        #expect(try state.charge() == (Self.size, 1))
        #expect(try state.count("trash") == 0)
        #expect(!scene.exists("a.pdf.delete") && !scene.exists("a.pdf.restore"))
        // Nothing was read anew.
        #expect(daemon.lines(.stageStarted).count == 3)
        try await scene.expectClean()
    }

    @Test(arguments: ["keep", "remove"])
    func `imported rows stay or go, as the inbox has it, and come back`(policy: String)
        async throws
    {
        let isKept = policy == "keep"
        let daemon = try await scene.start(inbox: "on_delete: \(policy)")
        try drop("csv/participants-cp949.csv", as: "gala/d.csv")
        try await daemon.ended(["gala/d.csv"])
        try await delete("gala/d.csv", daemon)
        let rows = "SELECT count(*) FROM participants"
        #expect(try state.imported(rows) == [isKept ? 9 : 0])
        #expect(try state.imported("SELECT count(*) FROM import") == [isKept ? 1 : 0])
        #expect(try scene.names(in: "gala") == [])
        try await scene.expectClean()
        try await restore("gala/d.csv", daemon, ending: 2)
        try await daemon.stop()
        #expect(try state.imported(rows) == [9])
        #expect(try state.imported("SELECT count(*) FROM import") == [1])
        #expect(try scene.names(in: "gala/d.csv.results").contains("tokens.csv"))
        #expect(daemon.lines(.stageStarted).count == (isKept ? 1 : 2))
        // Rows that are imported anew have new tokens, and so another list of them.
        try await scene.expectClean(leftovers: !isKept)
    }

    @Test func `rows whose document is gone for good are no stray ones where they were to stay`()
        async throws
    {
        try drop("csv/participants-cp949.csv", as: "d.csv")
        try await scene.runOnce(settings: "trash: 0s")
        try scene.drop(Data(), as: "d.csv.delete")
        let daemon = try await scene.start(settings: "trash: 0s")
        try await daemon.line(.documentForgotten, "d.csv")
        try await daemon.stop()
        #expect(try state.count("trash") == 0)
        #expect(try state.imported("SELECT count(*) FROM participants") == [9])
        try await scene.expectClean(leftovers: true)
    }

    @Test func `asked while no daemon runs, by file and by command, it is done at the next start`()
        async throws
    {
        for name in ["a.pdf", "b.pdf", "c.pdf"] { try drop(as: name) }
        try await scene.runOnce()
        try scene.drop(Data(), as: "a.pdf.delete")
        let (end, output) = try await RunningProgram.run(
            "ingestd", ["delete", "--config", scene.config, scene("b.pdf")])
        #expect(end == .exited(0), "\(output)")
        #expect(output.contains("delete asked for: \(scene("b.pdf")) (no daemon runs"), "\(output)")
        try await scene.runOnce()
        let left = try FileManager.default.contentsOfDirectory(atPath: scene.state + "/requests")
        #expect(left == [])
        #expect(try scene.names() == ["c.pdf.results", "c.pdf.status.json", "inbox.status.json"])
        #expect(try state.charge() == (Self.size, 1))
        try await scene.expectClean()

        let (again, words) = try await RunningProgram.run(
            "ingestd", ["restore", "--config", scene.config, scene("b.pdf")])
        #expect(again == .exited(0), "\(words)")
        try await scene.runOnce()
        #expect(try scene.status("b.pdf").state == "completed")
        #expect(try state.charge() == (2 * Self.size, 2))
        try await scene.expectClean()
    }

    @Test(.enabled(if: geteuid() == 0, "there is another account"))
    func `equal content of another account does not notice`() async throws {
        let other = try scene.makeInbox("other", owner: FlowScene.otherUID)
        let daemon = try await scene.start(settings: "trash: 0s", others: [other])
        try drop(as: "a.pdf")
        let bytes = try Data(contentsOf: FlowScene.fixture("pdf/english.pdf"))
        try scene.put(bytes, at: other + "/b.pdf", owner: FlowScene.otherUID)
        try await daemon.ended(["a.pdf", "b.pdf"])
        try await delete("a.pdf", daemon)
        try await daemon.line(.documentForgotten, "a.pdf")
        try await daemon.stop()
        #expect(try state.charge() == (0, 0))
        #expect(try state.charge(of: FlowScene.otherUID) == (Self.size, 1))
        #expect(try Data(contentsOf: URL(filePath: other + "/b.pdf.results/original.pdf")) == bytes)
        #expect(try state.count("stageResult") == 3)
        try await scene.expectClean(leftovers: true)
    }

    @Test func `the same bytes dropped again are a new document, and are not read again`()
        async throws
    {
        let daemon = try await scene.start()
        try drop(as: "a.pdf")
        try await daemon.ended(["a.pdf"])
        try await delete("a.pdf", daemon)
        try drop(as: "a.pdf")
        try await daemon.line(.documentCompleted, "a.pdf", count: 2)
        try await delete("a.pdf", daemon, count: 2)
        #expect(try state.count("trash") == 2)
        #expect(try scene.names() == ["inbox.status.json"])
        try drop("pdf/korean.pdf", as: "a.pdf")
        try await daemon.line(.documentCompleted, "a.pdf", count: 3)
        try await daemon.stop()
        #expect(daemon.lines(.stageStarted).count == 6)
        #expect(try state.documents().map(\.version) == [nil])
        try await scene.expectClean()
    }

    @Test func `what the owner put into the results stays, and so does what was changed there`()
        async throws
    {
        let daemon = try await scene.start()
        try drop(as: "a.pdf")
        try await daemon.ended(["a.pdf"])
        try scene.drop(Data("mine".utf8), as: "a.pdf.results/notes.txt")
        try scene.drop(Data("mine too".utf8), as: "a.pdf.results/text.txt")
        try await delete("a.pdf", daemon)
        try await daemon.stop()
        #expect(try scene.names(in: "a.pdf.results") == ["notes.txt", "text.txt"])
        #expect(try scene.text("a.pdf.results/text.txt") == "mine too")
        #expect(!scene.exists("a.pdf.status.json"))
        try await scene.expectClean()
    }

    @Test func `what was published goes though all of it was to be made anew`() async throws {
        let daemon = try await scene.start(settings: FlowScene.oneBusyWorker)
        try drop(as: "a.pdf")
        try await daemon.ended(["a.pdf"])
        // Pages that no computer finishes: the worker is at work until something ends it.
        try drop("pdf/endless.pdf", as: "long.pdf")
        try await daemon.line(.stageStarted, count: 2) { $0["stage"] == "text" }
        try await daemon.line(.dropRemoved, "long.pdf")
        try scene.drop(Data(), as: "a.pdf.refresh")
        try await daemon.line(.requestAccepted, "a.pdf.refresh")
        // Nobody reads it yet.
        try await delete("a.pdf", daemon)
        try await daemon.stop()
        #expect(daemon.lines(.documentCompleted).count == 1)
        #expect(!scene.exists("a.pdf.results") && !scene.exists("a.pdf.status.json"))
        try await scene.expectClean()
    }

    @Test func `older documents of a name are deleted by their own names`() async throws {
        let daemon = try await scene.start()
        for (count, fixture) in ["pdf/english.pdf", "pdf/korean.pdf"].enumerated() {
            try drop(fixture, as: "a.pdf")
            try await daemon.line(.documentCompleted, "a.pdf", count: count + 1)
        }
        try scene.drop(Data(), as: "a.pdf.~1~.delete")
        #expect(try await daemon.line(.documentDeleted, "a.pdf")["version"] == "1")
        #expect(!scene.exists("a.pdf.~1~.status.json") && !scene.exists("a.pdf.~1~.results"))
        #expect(scene.exists("a.pdf.status.json"))
        try scene.drop(Data(), as: "a.pdf.~1~.restore")
        try await daemon.line(.documentCompleted, "a.pdf", count: 3)
        try await daemon.stop()
        let bytes = try Data(contentsOf: FlowScene.fixture("pdf/english.pdf"))
        #expect(try scene.bytes("a.pdf.~1~.results/original.pdf") == bytes)
        #expect(try scene.status("a.pdf", version: 1).state == "completed")
        #expect(try state.documents().map(\.version) == [1, nil])
        try await scene.expectClean()
    }

    @Test func `a document that is worked on is deleted once that is over`() async throws {
        let daemon = try await scene.start(settings: FlowScene.oneBusyWorker)
        try scene.drop(ManyPages.pdf(20_000), as: "long.pdf")
        try await daemon.line(.stageStarted)
        try scene.drop(Data(), as: "long.pdf.delete")
        try await daemon.line(.requestWaiting, "long.pdf.delete")
        try await daemon.line(.documentDeleted, "long.pdf")
        try await daemon.stop()
        #expect(daemon.lines(.catalogueFailed).isEmpty)
        #expect(try scene.names() == ["inbox.status.json"])
        #expect(try state.charge() == (0, 0))
        try await scene.expectClean()
    }

    @Test func `a drop that is held is not deleted, and the request goes`() async throws {
        let daemon = try await scene.start(settings: "limits: {default: {bytes: 2432}}")
        try drop(as: "a.pdf")
        try await daemon.ended(["a.pdf"])
        try drop("pdf/english.pdf", as: "b.pdf")
        try await daemon.line(.dropHeld, "b.pdf")
        try scene.drop(Data(), as: "b.pdf.delete")
        try await daemon.line(.requestIgnored, "b.pdf.delete")
        #expect(scene.exists("b.pdf"))
        // Room that a deletion makes is given to whoever waits.
        try await delete("a.pdf", daemon)
        try await daemon.ended(["b.pdf"])
        try scene.drop(Data(), as: "a.pdf.restore")
        let reason = try await daemon.line(.requestIgnored, "a.pdf.restore")["reason"] ?? ""
        #expect(reason.contains("short by 2,432 bytes") || reason.contains("short by"), "\(reason)")
        try await daemon.stop()
        let told = try scene.status("a.pdf")
        #expect(told.state == "refused" && told.code == "quota_exceeded")
        #expect(told["message"] == reason)
        #expect(try state.count("trash") == 1)
        #expect(try state.charge() == (Self.size, 1))
        try await scene.expectClean()
    }

    @Test func `the trash of an account holds no more than its quota, the oldest goes first`()
        async throws
    {
        let daemon = try await scene.start(settings: "limits: {default: {bytes: 5000, files: 2}}")
        for (count, name) in ["a.pdf", "b.pdf", "c.pdf"].enumerated() {
            try drop(as: name)
            try await daemon.ended([name])
            try await delete(name, daemon)
            #expect(try state.count("trash") <= count + 1)
        }
        try await daemon.line(.documentForgotten, "a.pdf")
        try scene.drop(Data(), as: "a.pdf.restore")
        try await daemon.line(.requestIgnored, "a.pdf.restore")
        try await restore("b.pdf", daemon, ending: 2)
        try await daemon.stop()
        #expect(try state.count("trash") == 1)
        try await scene.expectClean()
    }

    @Test(.enabled(if: geteuid() == 0, "only root makes a folder's name stay"))
    func `a document whose drop could not be removed stays until that is gone`() async throws {
        let daemon = try await scene.start()
        try drop(as: "a.pdf")
        try await daemon.ended(["a.pdf"])
        try await daemon.stop()
        // As a removal that failed leaves it.
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try state.noteLeftover("a.pdf", scene.facts("a.pdf"))
        try scene.drop(Data(), as: "a.pdf.delete")
        let again = try await scene.start(inbox: "settle: 1h\n    settle_without_proof: 1h")
        let reason = try await again.line(.requestIgnored, "a.pdf.delete")["reason"]
        #expect(reason?.contains("remove it first") == true)
        while scene.exists("a.pdf.delete") { await Task.yield() }
        unlink(scene("a.pdf"))
        try await delete("a.pdf", again)
        try await again.stop()
        #expect(try scene.names() == ["inbox.status.json"])
        try await scene.expectClean()
    }

    @Test func `results that their owner has closed stay, and the deletion is over`() async throws {
        let daemon = try await scene.start()
        try drop(as: "a.pdf")
        try await daemon.ended(["a.pdf"])
        chmod(scene("a.pdf.results"), 0)
        try await delete("a.pdf", daemon)
        try await daemon.stop()
        chmod(scene("a.pdf.results"), 0o700)
        #expect(try state.count("trash WHERE isToTidy = 1") == 0)
        #expect(try state.count("trash") == 1)
        #expect(!scene.exists("a.pdf.status.json"))
        #expect(try state.charge() == (0, 0))
    }

    @Test func `a week later the bytes are gone too`() async throws {
        try drop(as: "a.pdf")
        try drop("pdf/korean.pdf", as: "b.pdf")
        try await scene.runOnce()
        try scene.drop(Data(), as: "a.pdf.delete")
        try await scene.runOnce()
        #expect(try state.count("trash") == 1)
        try await DeletionCrashTests.live(scene, days: 6)
        #expect(try state.count("trash") == 1)
        try await DeletionCrashTests.live(scene, days: 8)
        #expect(try state.count("trash") == 0)
        #expect(try state.count("blob") == 4)
        #expect(try state.count("stageResult") == 3)
        #expect(try state.count("unusedBlob") == 0)
        // No leftovers: the daemon has collected them.
        try await scene.expectClean()
    }

    @Test func `a status file that speaks of a deleted document is found`() async throws {
        let daemon = try await scene.start()
        try drop(as: "a.pdf")
        try await daemon.ended(["a.pdf"])
        let status = try scene.bytes("a.pdf.status.json")
        try await delete("a.pdf", daemon)
        try await daemon.stop()
        try await scene.expectClean()
        try scene.drop(status, as: "a.pdf.status.json")
        let (end, output) = try await RunningProgram.run(
            "ingestd", ["fsck", "--state", scene.state])
        #expect(end == .exited(65), "\(output)")
        #expect(output.contains("status_left"), "\(output)")
    }
}
