import Foundation
import Glibc
import Rules
import Testing

/// Whose document is worked on next, and that nothing is worked on twice.
@Suite(.serialized, .timeLimit(.minutes(5))) struct TurnFlowTests {
    let scene: FlowScene
    private let workers = 2

    init() throws { scene = try FlowScene() }

    /// A PDF like no other: what follows its end is nothing to a reader.
    private func uniquePDF(_ number: Int) throws -> Data {
        try Data(contentsOf: FlowScene.fixture("pdf/english.pdf")) + Data("% \(number)\n".utf8)
    }

    @Test(.enabled(if: geteuid() == 0, "needs a second account"))
    func `one file of an account is not kept waiting by the many of another`() async throws {
        let other = try scene.makeInbox("other", owner: FlowScene.otherUID)
        let many = 300
        for number in 0..<many { try scene.drop(uniquePDF(number), as: "\(number).pdf") }
        let daemon = try await scene.start(
            settings: "workers: {count: \(workers)}", others: [other])
        try await daemon.line(.documentCompleted)
        try scene.put(uniquePDF(-1), at: other + "/bob.pdf", owner: FlowScene.otherUID)
        try await daemon.ended(["bob.pdf"])
        try await daemon.ended((0..<many).map { "\($0).pdf" })
        try await daemon.stop()

        let lines = daemon.program.lines.map(\.members)
        let claimed = try #require(
            lines.firstIndex { $0["event"] == "drop claimed" && $0["path"] == "bob.pdf" })
        let id = try #require(lines[claimed]["document"])
        let starts = lines[claimed...].filter {
            $0["event"] == "stage started" && $0["stage"] == "info"
        }
        let before = starts.prefix { $0["document"] != id }.count
        #expect(before < starts.count)
        #expect(before <= 2 * workers)
        // It came in the midst of them, or nothing was shown.
        #expect(starts.count > 3 * workers)
    }

    @Test func `the same content under other names is read once`() async throws {
        let names = (1...5).map { "\($0).pdf" }
        let daemon = try await scene.start(settings: "workers: {count: 2}")
        for name in names { try scene.drop("pdf/english.pdf", as: name) }
        try await daemon.ended(names)
        try scene.drop("pdf/english.pdf", as: "later.pdf")
        try await daemon.ended(["later.pdf"])
        try await daemon.stop()
        let read = daemon.lines(.stageStarted).compactMap { $0["stage"] }.sorted()
        #expect(read == ["info", "text", "thumbnail"])
        for name in names + ["later.pdf"] {
            #expect(try scene.status(name).state == "completed")
            #expect(try scene.names(in: name + ".results").count == 4)
        }
        try await scene.expectClean()
    }

    @Test(.enabled(if: geteuid() == 0, "needs a second account"))
    func `accounts share nothing but the bytes`() async throws {
        let other = try scene.makeInbox("other", owner: FlowScene.otherUID)
        let daemon = try await scene.start(others: [other])
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await daemon.ended(["a.pdf"])
        let bytes = try Data(contentsOf: FlowScene.fixture("pdf/english.pdf"))
        try scene.put(bytes, at: other + "/b.pdf", owner: FlowScene.otherUID)
        try await daemon.ended(["b.pdf"])
        try await daemon.stop()
        #expect(daemon.lines(.stageStarted).count { $0["stage"] == "text" } == 2)
    }

    @Test func `an attempt is on record before its worker starts, and our own death apart`()
        async throws
    {
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        let worker = RunningProgram.builtPrograms.appending(path: "ingest-worker").path
        for deaths in 1...2 {
            let (end, output) = try await RunningProgram.run(
                "MortalDaemon", [scene.inbox, scene.state, worker, "stageStarted", "1"])
            #expect(end == .killed(signal: SIGKILL), "\(output)")
            let info = try #require(try RecordedState(scene).stages("a.pdf")["info"])
            #expect(info == ("processing", 1, deaths - 1))
        }
        try await scene.runOnce()
        let info = try #require(try RecordedState(scene).stages("a.pdf")["info"])
        #expect(info == ("completed", 1, 2))
    }
}
