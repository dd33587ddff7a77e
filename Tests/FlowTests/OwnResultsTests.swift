import Foundation
import Rules
import Testing

/// ingestd's own results are no drops, whatever becomes of the folder that they were published in.
@Suite(.serialized, .timeLimit(.minutes(5))) struct OwnResultsTests {
    let scene: FlowScene
    let second: String

    init() throws {
        scene = try FlowScene()
        second = try scene.makeInbox("second")
    }

    private var documents: [String] {
        get throws { try RecordedState(scene).documents().map(\.path).sorted() }
    }

    /// Runs a program of the system's as the owner of the inboxes.
    private func asOwner(_ words: [String]) async throws {
        let uid = "\(FlowScene.uid)"
        let words =
            geteuid() == 0
            ? ["/usr/bin/setpriv", "--reuid", uid, "--regid", uid, "--clear-groups"] + words : words
        let program = try RunningProgram(path: words[0], Array(words.dropFirst()))
        #expect(try await program.ended() == .exited(0), "\(program.lines.map(\.text))")
    }

    @Test func `a results folder that is renamed, moved to another inbox or copied holds no drops`()
        async throws
    {
        let daemon = try await scene.start(inbox: "pages: true", others: [second])
        for name in ["a.pdf", "b.pdf", "c.pdf"] { try scene.drop("pdf/english.pdf", as: name) }
        try scene.drop("csv/participants-cp949.csv", as: "t.csv")
        try await daemon.ended(["a.pdf", "b.pdf", "c.pdf", "t.csv"])
        try await asOwner(["/bin/mv", scene("a.pdf.results"), scene("keep")])
        try await asOwner(["/bin/mv", scene("b.pdf.results"), second + "/keep"])
        try await asOwner(["/bin/cp", "-r", scene("c.pdf.results"), scene("copy")])
        try await asOwner(["/bin/mv", scene("t.csv.results"), scene("table")])
        // What somebody else put into such a folder is theirs to have taken.
        try scene.drop("pdf/english.pdf", as: "keep/new.pdf")
        try scene.put(
            try Data(contentsOf: FlowScene.fixture("pdf/english.pdf")),
            at: second + "/keep/more.pdf")
        try scene.drop("pdf/english.pdf", as: "copy/pages/extra.pdf")
        try await daemon.ended(["keep/new.pdf", "keep/more.pdf", "copy/pages/extra.pdf"])
        try await daemon.stop()
        // A start finds all that no event told of.
        try scene.configure(others: [second])
        let (end, output) = try await RunningProgram.run(
            "ingestd", ["run", "--once", "--config", scene.config])
        #expect(end == .exited(0), "\(output)")
        #expect(
            try documents == [
                "a.pdf", "b.pdf", "c.pdf", "copy/pages/extra.pdf", "keep/more.pdf",
                "keep/new.pdf", "t.csv",
            ])
        #expect(
            try scene.names(in: "keep") == [
                "info.json", "new.pdf.results", "new.pdf.status.json", "original.pdf", "pages",
                "text.txt", "thumbnail.jpg",
            ])
        #expect(try scene.names(in: "keep/pages").allSatisfy { $0.hasSuffix(".jpg") })
        let (_, told) = try await RunningProgram.run(
            "ingestd",
            ["explain", "--config", scene.config, scene("keep/original.pdf")])
        #expect(told.contains("original.pdf is one of the results that ingestd made"), "\(told)")
        #expect(told.contains("keep/.ingestd-results marks it"), "\(told)")
    }

    @Test func `a single file of the results is a drop where its owner puts it`() async throws {
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await scene.runOnce()
        try await asOwner(
            ["/bin/cp", scene("a.pdf.results/original.pdf"), scene("original.pdf")])
        try await scene.runOnce()
        #expect(try documents == ["a.pdf", "original.pdf"])
    }

    @Test(.enabled(if: geteuid() == 0, "files of several users are needed"))
    func `nobody hides others' drops by a mark of their own, or by another name of the owner's`()
        async throws
    {
        let bytes = try Data(contentsOf: FlowScene.fixture("pdf/english.pdf"))
        try scene.put(bytes, at: scene("theirs/original.pdf"))
        try scene.put(
            Data(), at: scene("theirs/\(ResultsMark.name)"), owner: FlowScene.otherUID)
        try scene.put(bytes, at: scene("linked/original.pdf"))
        try scene.drop(bytes, as: "a.pdf")
        try await scene.runOnce()
        link(scene("a.pdf.results/\(ResultsMark.name)"), scene("linked/\(ResultsMark.name)"))
        try scene.put(bytes + [10], at: scene("linked/original.pdf"))
        try await scene.runOnce()
        let state = RecordedState(scene)
        #expect(
            try state.documents().map(\.path).sorted() == [
                "a.pdf", "linked/original.pdf", "linked/original.pdf", "theirs/original.pdf",
            ])
    }
}
