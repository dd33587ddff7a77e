import Foundation
import Rules
import Testing

/// What an inbox's owner may have put or changed there, which must hurt nobody else.
@Suite(.serialized, .timeLimit(.minutes(5))) struct HostileInboxTests {
    let scene: FlowScene

    init() throws { scene = try FlowScene() }

    @Test func `hidden folders that cannot be removed keep no daemon from starting`() async throws {
        // Both bear the name of something that a crash cut off; one is deeper than anything of ours.
        try scene.makeFolder(".ingestd-0123456789abcdef/a/b/c/d/e/f")
        try scene.drop(Data("x".utf8), as: ".ingestd-fedcba9876543210/f")
        chmod(scene(".ingestd-fedcba9876543210"), 0o555)
        defer { chmod(scene(".ingestd-fedcba9876543210"), 0o755) }
        let daemon = try await scene.start()
        let line = try await daemon.line(.sidecarFailed)
        #expect(line["detail"]?.hasPrefix("remove what a crash left: ") == true)
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await daemon.ended(["a.pdf"])
        try await daemon.stop()
        #expect(try scene.status("a.pdf").state == "completed")
    }

    @Test func `what a crash left under hidden names is removed, what merely looks alike is not`()
        async throws
    {
        try scene.drop(Data("x".utf8), as: "sub/.ingestd-0123456789abcdef")
        try scene.drop(Data("x".utf8), as: ".ingestd-00000000000000ff/pages/0001.jpg")
        let own = [".ingestd-notes.txt", ".ingestd-0123456789ABCDEF", ".ingestd-0123456789abcdef0"]
        for name in own { try scene.drop(Data("x".utf8), as: name) }
        try await scene.runOnce()
        #expect(try scene.names(in: "sub").isEmpty)
        #expect(try scene.names() == own.sorted() + ["inbox.status.json", "sub"])
    }

    @Test(.enabled(if: geteuid() == 0))
    func `a folder's new owner is shown nothing of what the former one dropped`() async throws {
        let daemon = try await scene.start(settings: FlowScene.oneBusyWorker)
        try scene.drop("pdf/endless.pdf")
        try await daemon.line(.stageStarted) { $0["stage"] == "text" }
        try scene.drop("pdf/english.pdf", as: "secret.pdf")
        try await daemon.line(.dropRemoved, "secret.pdf")
        try await daemon.stop()

        chown(scene.inbox, FlowScene.otherUID, FlowScene.otherUID)
        let bytes = try Data(contentsOf: FlowScene.fixture("pdf/korean.pdf"))
        let again = try await scene.start()
        try scene.put(bytes, at: scene("own.pdf"), owner: FlowScene.otherUID)
        try await again.ended(["own.pdf"])
        try await again.stop()
        #expect(!scene.exists("secret.pdf.results"))
        #expect(try scene.facts("secret.pdf.status.json").st_uid == FlowScene.uid)
        #expect(try scene.status("own.pdf").number("uid") == Int(FlowScene.otherUID))

        // Nothing is lost: it goes on as soon as the folder is its owner's again.
        chown(scene.inbox, FlowScene.uid, FlowScene.uid)
        let last = try await scene.start(
            settings: "stages: {text: {soft: 1s, hard: 20s}, thumbnail: {soft: 1s, hard: 20s}}")
        try await last.ended(["secret.pdf"])
        try await last.stop()
        #expect(scene.exists("secret.pdf.results/text.txt"))
    }
}
