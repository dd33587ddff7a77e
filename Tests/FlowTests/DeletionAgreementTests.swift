import Foundation
import Glibc
import Rules
import Testing

/// However a deletion is asked for, everything agrees afterwards, and nobody else notices.
@Suite(
    .serialized, .enabled(if: geteuid() == 0, "there is another account"),
    .timeLimit(.minutes(2)))
struct DeletionAgreementTests {
    private static let settings = "on_delete: remove"
    private static let names = ["a.pdf", "gala/d.csv"]
    private static let sizes = [2432, 733]

    let scene: FlowScene
    private let other: String
    private var state: RecordedState { RecordedState(scene) }

    init() throws {
        scene = try FlowScene()
        other = try scene.makeInbox("other", owner: FlowScene.otherUID)
    }

    private func contents() throws -> [Data] {
        try ["pdf/english.pdf", "csv/participants-cp949.csv"].map {
            try Data(contentsOf: FlowScene.fixture($0))
        }
    }

    /// Both accounts have the same content under the same names.
    private func dropEverywhere() throws {
        for (name, bytes) in zip(Self.names, try contents()) {
            try scene.drop(bytes, as: name)
            try scene.put(bytes, at: other + "/" + name, owner: FlowScene.otherUID)
        }
    }

    private func ask(_ verb: String, byCommand: Bool) async throws {
        for name in Self.names {
            guard byCommand else {
                try scene.drop(Data(), as: "\(name).\(verb)")
                continue
            }
            let (end, output) = try await RunningProgram.run(
                "ingestd", [verb, "--config", scene.config, scene(name)])
            #expect(end == .exited(0), "\(output)")
        }
    }

    /// Runs a daemon over both inboxes until it has said something of each document.
    private func run(
        _ event: JournalEvent, count: Int = 1, _ body: () async throws -> Void = {}
    ) async throws {
        let daemon = try await scene.start(inbox: Self.settings, others: [other])
        try await body()
        for name in Self.names { try await daemon.line(event, name, count: count) }
        try await daemon.stop()
    }

    /// Everything that can be seen of the other account's documents.
    private func others() throws -> [String: Data] {
        let names = try FileManager.default.subpathsOfDirectory(atPath: other)
            .filter { !$0.hasSuffix("inbox.status.json") }
        return try names.reduce(into: [:]) { found, name in
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: other + "/" + name, isDirectory: &isFolder)
            guard !isFolder.boolValue else { return }
            found[name] = try Data(contentsOf: URL(filePath: other + "/" + name))
        }
    }

    @Test(arguments: [false, true], [false, true])
    func `sidecars, quota, blobs, artifacts and rows agree`(
        byCommand: Bool, isStopped: Bool
    ) async throws {
        try dropEverywhere()
        // Of each name there are two, one for each account.
        try await run(.documentCompleted, count: 2)
        let before = try others()
        let results = try Self.names.map { try scene.names(in: $0 + ".results") }

        if isStopped { try await ask("delete", byCommand: byCommand) }
        try await run(.documentDeleted) {
            if !isStopped { try await ask("delete", byCommand: byCommand) }
        }
        #expect(try scene.allPaths() == ["gala", "inbox.status.json"])
        #expect(try state.charge() == (0, 0))
        #expect(try state.charge(of: FlowScene.otherUID).files == 2)
        #expect(try state.count("document WHERE uid = \(FlowScene.uid)") == 0)
        #expect(try state.count("trash WHERE isToTidy = 0 AND expiresAt > 0") == 2)
        let rows = "SELECT count(*) FROM participants"
        #expect(try state.imported(rows) == [0])
        #expect(try state.imported(rows, uid: FlowScene.otherUID) == [9])
        // Kept for whoever has them, and for the trash.
        for digest in try state.digests(of: "trash") { #expect(state.hasBlob(digest)) }
        #expect(try others() == before)
        try await scene.expectClean(leftovers: true)

        if isStopped { try await ask("restore", byCommand: byCommand) }
        try await run(.documentCompleted) {
            if !isStopped { try await ask("restore", byCommand: byCommand) }
        }
        #expect(try Self.names.map { try scene.names(in: $0 + ".results") } == results)
        for (name, bytes) in zip(Self.names, try contents()) {
            let original = "original." + URL(filePath: name).pathExtension
            #expect(try scene.bytes("\(name).results/\(original)") == bytes)
        }
        #expect(try state.charge() == (Self.sizes.reduce(0, +), 2))
        #expect(try state.imported(rows) == [9])
        #expect(try state.count("trash") == 0)
        #expect(try others() == before)
        try await scene.expectClean(leftovers: true)
    }

    @Test func `forgotten for good it leaves nothing, and the other account all of its own`()
        async throws
    {
        try dropEverywhere()
        try await run(.documentCompleted, count: 2)
        let before = try others()
        let blobs = try state.count("blob")
        try await ask("delete", byCommand: false)
        let daemon = try await scene.start(
            inbox: Self.settings, settings: "trash: 0s", others: [other])
        for name in Self.names { try await daemon.line(.documentForgotten, name) }
        try await daemon.stop()
        #expect(try state.count("trash") == 0)
        #expect(try state.count("document") == 2)
        #expect(try state.count("artifact WHERE resultId NOT IN (SELECT resultId FROM stage)") == 0)
        // What both had made alike is one blob still; the tokens were each one's own.
        #expect(try state.count("blob") < blobs)
        for digest in try state.digests(of: "blob") { #expect(state.hasBlob(digest)) }
        #expect(try others() == before)
        try await scene.expectClean(leftovers: true)
    }
}
