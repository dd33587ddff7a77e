import Foundation
import Rules
import Testing

/// What an operator decides for one inbox.
@Suite(.serialized, .timeLimit(.minutes(5))) struct InboxSettingsTests {
    let scene: FlowScene

    init() throws { scene = try FlowScene() }

    @Test func `an inbox takes only the kinds that it is for`() async throws {
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try scene.drop("csv/participants-cp949.csv", as: "b.csv")
        try await scene.runOnce(inbox: "kinds: [table]")
        #expect(scene.exists("a.pdf"))
        let (_, output) = try await RunningProgram.run(
            "ingestd", ["explain", "--config", scene.config, scene("a.pdf")])
        #expect(output.contains("takes only tables"), "\(output)")
        #expect(try scene.status("b.csv").state?.hasPrefix("completed") == true)
        #expect(try RecordedState(scene).documents().map(\.path) == ["b.csv"])
    }

    @Test func `steps that an inbox is without are not done`() async throws {
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await scene.runOnce(inbox: "stages: [text]")
        let status = try scene.status("a.pdf")
        #expect(status.state == "completed")
        #expect(status.stageNames == ["store", "info", "text", "publish"])
        #expect(!scene.exists("a.pdf.results/thumbnail.jpg"))
        // What the inbox is told to make later is made at a refresh.
        try scene.drop(Data(), as: "a.pdf.refresh")
        try await scene.runOnce()
        #expect(scene.exists("a.pdf.results/thumbnail.jpg"))
    }

    @Test(.enabled(if: geteuid() == 0, "files of several users are needed"))
    func `others' files in a shared inbox are charged to its owner, or refused with a chmod`()
        async throws
    {
        chmod(scene.inbox, 0o777)
        let bytes = try Data(contentsOf: FlowScene.fixture("pdf/english.pdf"))
        try scene.put(bytes, at: scene("theirs.pdf"), owner: FlowScene.otherUID)
        try scene.put(bytes + [10], at: scene("closed.pdf"), owner: FlowScene.otherUID)
        chmod(scene("closed.pdf"), 0o640)
        let daemon = try await scene.start()
        try await daemon.ended(["theirs.pdf"])
        try await daemon.line(.dropRefused, "closed.pdf")
        #expect(try scene.status("closed.pdf").code == "not_readable")
        let message = try #require(try scene.status("closed.pdf")["message"])
        #expect(message.contains("chmod o+r closed.pdf"), "\(message)")
        // What is advised is enough.
        chmod(scene("closed.pdf"), 0o644)
        try await daemon.ended(["closed.pdf"])
        try await daemon.stop()
        let state = RecordedState(scene)
        #expect(try state.charge() == (2 * 2432 + 1, 2))
        #expect(try state.charge(of: FlowScene.otherUID) == (0, 0))
    }
}
