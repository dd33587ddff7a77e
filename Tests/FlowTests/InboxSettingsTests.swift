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

    @Test func `tables and PDFs have limits of their own`() async throws {
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try scene.drop("csv/participants-cp949.csv", as: "b.csv")
        let limit = "table_size_limit: 10B"
        try await scene.runOnce(inbox: limit)
        #expect(try scene.status("b.csv").code == "too_large")
        #expect(try RecordedState(scene).documents().map(\.path) == ["a.pdf"])
        try await scene.runOnce(inbox: "pdf_size_limit: 10B")
        #expect(try RecordedState(scene).documents().map(\.path) == ["a.pdf", "b.csv"])
    }

    @Test func `a cover is drawn of the page and into the box that the inbox has`() async throws {
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await scene.runOnce()
        let usual = try scene.bytes("a.pdf.results/thumbnail.jpg")
        var covers: Set<Data> = [usual]
        for (name, cover) in [
            ("b.pdf", "page: 2"), ("c.pdf", "width: 64"), ("d.pdf", "quality: 5"),
        ] {
            try scene.drop("pdf/english.pdf", as: name)
            try await scene.runOnce(inbox: "thumbnail: {\(cover)}")
            covers.insert(try scene.bytes(name + ".results/thumbnail.jpg"))
        }
        #expect(covers.count == 4)
        let small = try #require(JPEGSize(try scene.bytes("c.pdf.results/thumbnail.jpg")))
        #expect(small.width == 64)
        #expect(try scene.bytes("d.pdf.results/thumbnail.jpg").count < usual.count)
    }

    @Test func `names and folders that an inbox leaves out are not taken`() async throws {
        for name in ["a.pdf", "a.draft.pdf", "old/b.pdf", "new/c.pdf"] {
            try scene.drop("pdf/english.pdf", as: name)
        }
        try await scene.runOnce(inbox: "ignore: ['*.draft.pdf', old]")
        #expect(try RecordedState(scene).documents().map(\.path) == ["a.pdf", "new/c.pdf"])
        try scene.drop("pdf/english.pdf", as: "new/d.pdf")
        try await scene.runOnce(inbox: "recursive: false")
        #expect(
            try RecordedState(scene).documents().map(\.path)
                == ["a.draft.pdf", "a.pdf", "new/c.pdf"])
    }

    @Test func `each inbox waits as long as it says`() async throws {
        let other = try scene.makeInbox("other")
        let text = """
            state: \(scene.state)
            log: {format: json, level: debug}
            inboxes:
              - {path: '\(scene.inbox)', settle: 1h, settle_without_proof: 1h}
              - {path: '\(other)', settle: 10ms, settle_without_proof: 10ms}
            """
        try text.write(toFile: scene.config, atomically: true, encoding: .utf8)
        let daemon = try DaemonProcess(arguments: ["run", "--config", scene.config])
        try await daemon.line(.daemonReady)
        try scene.drop("pdf/english.pdf", as: "slow.pdf")
        try await daemon.line(.dropNoticed, "slow.pdf")
        try scene.put(
            try Data(contentsOf: FlowScene.fixture("pdf/english.pdf")), at: other + "/quick.pdf")
        try await daemon.ended(["quick.pdf"])
        try await daemon.stop()
        #expect(scene.exists("slow.pdf"))
        #expect(try scene.status("slow.pdf").state == "waiting")
    }

    @Test func `bytes that do not tell are read as the inbox says`() async throws {
        // Characters of CP949 that are no Hangul; pairs of letters in Windows-1252.
        let table = Data("name\n".utf8) + Data([0xca, 0xc1, 0xca, 0xc2, 0x0a])
        let cases = [("a.csv", "windows-1252", "cp1252"), ("b.csv", "cp949", "cp949")]
        for (name, setting, encoding) in cases {
            try scene.drop(table, as: name)
            try await scene.runOnce(inbox: "schema: infer\n    fallback_encoding: \(setting)")
            #expect(try scene.status(name).result["encoding"] as? String == encoding)
        }
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
