import Foundation
import Glibc
import Testing

/// A deletion or a restore that is cut off anywhere is finished at the next start.
///
/// Rule: docs/design.md, "Deletion".
@Suite(.serialized, .timeLimit(.minutes(5))) struct DeletionCrashTests {
    static let checkpoints = ["deleted", "tidied", "rowsRemoved", "purged", "collected"]

    let scene: FlowScene
    private var state: RecordedState { RecordedState(scene) }

    init() throws {
        scene = try FlowScene()
        try scene.drop("csv/participants-cp949.csv", as: "gala/d.csv")
        try scene.drop("pdf/english.pdf", as: "a.pdf")
    }

    /// Runs a daemon whose clock is ahead, and lets it die at a checkpoint or end by itself.
    static func live(
        _ scene: FlowScene, dyingAt checkpoint: String? = nil, days: Int = 0
    ) async throws {
        let worker = RunningProgram.builtPrograms.appending(path: "ingest-worker").path
        let (end, output) = try await RunningProgram.run(
            "MortalDaemon",
            [
                scene.inbox, scene.state, worker, checkpoint ?? "completed",
                checkpoint == nil ? "1000" : "1", "rows=remove", "days=\(days)",
            ])
        #expect(
            end == (checkpoint == nil ? .exited(0) : .killed(signal: SIGKILL)),
            "\(checkpoint ?? "") \(output)")
    }

    private func expectDeleted() async throws {
        #expect(try scene.names(in: "gala") == [])
        #expect(try state.charge() == (2432, 1))
        #expect(try state.imported("SELECT count(*) FROM participants") == [0])
        #expect(try state.documents().map(\.path) == ["a.pdf"])
        #expect(try state.count("trash") == 1)
        try await scene.expectClean(leftovers: true)
    }

    @Test(arguments: ["deleted", "tidied", "rowsRemoved", "requestRecorded"])
    func `a deletion`(checkpoint: String) async throws {
        try await Self.live(scene)
        try scene.drop(Data(), as: "gala/d.csv.delete")
        try await Self.live(scene, dyingAt: checkpoint)
        #expect(scene.exists("gala/d.csv.delete"))
        // What comes under the name meanwhile is another document, which nobody asked to delete.
        try await Self.live(scene)
        try await expectDeleted()
    }

    @Test(arguments: ["deleted", "tidied", "rowsRemoved", "requestRecorded"])
    func `a deletion, and the name is used again before the next start`(checkpoint: String)
        async throws
    {
        try await Self.live(scene)
        try scene.drop(Data(), as: "gala/d.csv.delete")
        try await Self.live(scene, dyingAt: checkpoint)
        try scene.drop(Data("name,email\nAnn,ann@example.org\n".utf8), as: "gala/d.csv")
        try await Self.live(scene)
        #expect(!scene.exists("gala/d.csv.delete"))
        #expect(try scene.status("gala/d.csv").state == "completed")
        #expect(try scene.text("gala/d.csv.results/original.csv").contains("Ann"))
        #expect(try state.imported("SELECT email FROM participants") == ["ann@example.org"])
        #expect(try state.documents().map(\.path) == ["a.pdf", "gala/d.csv"])
        #expect(try state.count("trash") == 1)
        try await scene.expectClean(leftovers: true)
    }

    @Test(arguments: ["requestRecorded", "stageStarted", "rowsImported", "published", "completed"])
    func `a restore`(checkpoint: String) async throws {
        try await Self.live(scene)
        let before = try scene.bytes("gala/d.csv.results/original.csv")
        try scene.drop(Data(), as: "gala/d.csv.delete")
        try await Self.live(scene)
        try await expectDeleted()
        try scene.drop(Data(), as: "gala/d.csv.restore")
        try await Self.live(scene, dyingAt: checkpoint)
        try await Self.live(scene)
        #expect(!scene.exists("gala/d.csv.restore"))
        #expect(try scene.status("gala/d.csv").state?.hasPrefix("completed") == true)
        #expect(try scene.bytes("gala/d.csv.results/original.csv") == before)
        #expect(try state.imported("SELECT count(*) FROM participants") == [9])
        #expect(try state.count("trash") == 0)
        #expect(try state.documents().map(\.path) == ["a.pdf", "gala/d.csv"])
        try await scene.expectClean(leftovers: true)
    }

    @Test(arguments: ["purged", "collected"])
    func `emptying the trash`(checkpoint: String) async throws {
        try await Self.live(scene)
        try scene.drop(Data(), as: "gala/d.csv.delete")
        try await Self.live(scene)
        try await Self.live(scene, dyingAt: checkpoint, days: 9)
        try await Self.live(scene, days: 9)
        #expect(try state.count("trash") == 0)
        #expect(try state.count("unusedBlob") == 0)
        #expect(try state.documents().map(\.path) == ["a.pdf"])
        try await scene.expectClean()
    }
}
