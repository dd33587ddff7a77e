import Foundation
import Glibc
import Testing

/// The daemon's life is cut at each row of the table of states, and nothing is lost or doubled.
///
/// Rule: docs/design.md, "Invariants and the order of writes".
@Suite(.serialized, .timeLimit(.minutes(5))) struct CrashTests {
    /// A death: by SIGKILL, when a checkpoint is passed for the n-th time.
    struct Death: Sendable, CustomStringConvertible {
        let checkpoint: String
        let count: Int

        var description: String { "\(checkpoint) \(count)" }
    }

    /// The moments at which a crash must lose nothing, in the words of the program that dies there.
    static let checkpoints = [
        "reserved", "copying", "stored", "committed", "removed", "stageStarted", "stageMade",
        "rowsImported", "stageFinished", "published", "completed",
    ]

    /// Two PDFs with the same content, another, and a table: what goes in.
    private static let drops = [
        "a.pdf": "pdf/english.pdf", "b.pdf": "pdf/korean.pdf", "sub/c.pdf": "pdf/english.pdf",
        "gala/d.csv": "csv/participants-cp949.csv",
    ]

    let scene: FlowScene

    init() throws {
        scene = try FlowScene()
        for (name, fixture) in Self.drops { try scene.drop(fixture, as: name) }
    }

    @Test func `the table has a row for each checkpoint there is`() async throws {
        let (_, usage) = try await RunningProgram.run("MortalDaemon", [])
        let known = try #require(usage.firstMatch(of: /checkpoints: (.*)/)).1
        // The last ones are RequestTests' and DeletionCrashTests'.
        #expect(
            known.split(separator: " ").map(String.init)
                == Self.checkpoints + ["requestRecorded"] + DeletionCrashTests.checkpoints)
    }

    @Test(arguments: checkpoints)
    func `a crash at its first passing is mended at the next start`(checkpoint: String)
        async throws
    {
        try await die([Death(checkpoint: checkpoint, count: 1)])
        try await finish()
        try await expectWhole()
    }

    @Test(arguments: checkpoints)
    func `crash after crash at later passings loses nothing either`(checkpoint: String)
        async throws
    {
        // A table is imported once; after that there is nothing left to die at.
        let first = Death(checkpoint: checkpoint, count: checkpoint == "rowsImported" ? 1 : 2)
        try await die([first])
        // All drops are claimed side by side: the first death may have been the last at that row.
        try await die([Death(checkpoint: checkpoint, count: 1)], isCertain: false)
        try await finish()
        try await expectWhole()
    }

    @Test(arguments: [
        // A drop that was committed is claimed no more: its removal alone is made up for.
        [Death(checkpoint: "committed", count: 1), Death(checkpoint: "stored", count: 1)],
        [Death(checkpoint: "stored", count: 1), Death(checkpoint: "reserved", count: 1)],
        // What another document of the same bytes has made is there already.
        [Death(checkpoint: "stageMade", count: 1), Death(checkpoint: "stageFinished", count: 2)],
        [Death(checkpoint: "rowsImported", count: 1), Death(checkpoint: "published", count: 1)],
        [Death(checkpoint: "published", count: 1), Death(checkpoint: "published", count: 1)],
    ])
    func `a second crash in the midst of mending the first is mended as well`(deaths: [Death])
        async throws
    {
        try await die(Array(deaths.prefix(1)))
        // What was side by side with the first may leave nothing for the second.
        try await die(Array(deaths.dropFirst()), isCertain: false)
        try await finish()
        try await expectWhole()
    }

    @Test(arguments: 1...6)
    func `any crashes in any order lose nothing`(round: Int) async throws {
        var chance = SystemRandomNumberGenerator()
        let deaths = (1...3).map { _ in
            Death(
                checkpoint: Self.checkpoints.randomElement(using: &chance) ?? "stored",
                count: Int.random(in: 1...4, using: &chance))
        }
        // The deaths themselves are the seed: written into the table above, they come again.
        try await die(deaths, isCertain: false)
        try await finish()
        try await expectWhole("\(deaths)")
    }

    /// Lets one daemon after the other die.
    ///
    /// - Parameter isCertain: whether each of them comes to its death.
    private func die(_ deaths: [Death], isCertain: Bool = true) async throws {
        for death in deaths {
            let (end, output) = try await mortalDaemon(death)
            if isCertain {
                #expect(end == .killed(signal: SIGKILL), "\(death): \(output)")
            } else {
                #expect(end == .killed(signal: SIGKILL) || end == .exited(0), "\(output)")
            }
        }
    }

    private func finish() async throws {
        let (end, output) = try await mortalDaemon(Death(checkpoint: "completed", count: 1000))
        #expect(end == .exited(0), "\(output)")
    }

    private func mortalDaemon(_ death: Death) async throws -> (RunningProgram.End, String) {
        let worker = RunningProgram.builtPrograms.appending(path: "ingest-worker").path
        return try await RunningProgram.run(
            "MortalDaemon",
            [scene.inbox, scene.state, worker, death.checkpoint, "\(death.count)"])
    }

    /// Every drop is one document, charged once, published whole; nothing else is left.
    private func expectWhole(_ story: String = "") async throws {
        let story = Comment(rawValue: story)
        let state = RecordedState(scene)
        let documents = try state.documents()
        #expect(documents.map(\.path) == Self.drops.keys.sorted(), story)
        #expect(documents.allSatisfy { $0.state == "completed" && $0.version == nil }, story)
        #expect(
            try state.charge() == (documents.map(\.size).reduce(0, +), documents.count), story)
        // Our own death is nobody's attempt.
        #expect(try state.mostAttempts() == 1, story)
        for table in ["reservation", "removal"] {
            #expect(try state.count(table) == 0, story)
        }
        #expect(try state.staged().isEmpty, story)

        var expected = ["inbox.status.json", "sub", "gala"]
        for (name, fixture) in Self.drops {
            let results = name + ".results"
            let kept = results + "/original." + (name.split(separator: ".").last ?? "")
            let made =
                name.hasSuffix(".pdf")
                ? ["info.json", "text.txt", "thumbnail.jpg"]
                : ["import.json", "rejects.csv", "tokens.csv"]
            expected += [name + ".status.json", results, kept] + made.map { results + "/" + $0 }
            let status = try scene.status(name)
            #expect(status.state == "completed", story)
            #expect(status.number("attempt") == 1, story)
            #expect(
                try scene.bytes(kept) == Data(contentsOf: FlowScene.fixture(fixture)), story)
        }
        #expect(try scene.allPaths() == expected.sorted(), story)
        try expectRowsOnce(story)
        try await scene.expectClean(leftovers: true)
    }

    private func expectRowsOnce(_ story: Comment) throws {
        let rows: [String] = try RecordedState(scene).imported(
            "SELECT email || ',' || token FROM participants ORDER BY email")
        let told = try scene.text("gala/d.csv.results/tokens.csv").split(separator: "\r\n")
        #expect(rows.count == 9, story)
        #expect(told.dropFirst().map(String.init) == rows, story)
        let result = try scene.status("gala/d.csv").result
        #expect(result["processed_count"] as? Int == 9, story)
        #expect(result["duplicates_skipped"] as? Int == 1, story)
    }
}
