import Foundation
import Rules
import Testing

/// What `ingestd quota` tells, and whom.
@Suite(.serialized, .timeLimit(.minutes(5))) struct QuotaCommandTests {
    let scene: FlowScene

    init() throws { scene = try FlowScene() }

    private func quota(
        _ arguments: [String], as uid: uid_t? = nil
    ) async throws -> (RunningProgram.End, String) {
        let words = ["quota"] + arguments + ["--config", scene.config]
        guard let uid, geteuid() == 0 else { return try await RunningProgram.run("ingestd", words) }
        let program = RunningProgram.builtPrograms.appending(path: "ingestd").path
        return try await RunningProgram.run(
            "/usr/bin/setpriv",
            ["--reuid", "\(uid)", "--regid", "\(uid)", "--clear-groups", program] + words)
    }

    private func accounts(_ output: String) throws -> [[String: Any]] {
        let value = try JSONSerialization.jsonObject(with: Data(output.utf8))
        return try #require(value as? [[String: Any]])
    }

    private static let settings = "limits: {default: {bytes: 10kB, files: 2}}"

    /// A PDF and a table are taken, and a third file is held; the daemon is gone.
    private func prepare() async throws {
        let daemon = try await scene.start(settings: Self.settings)
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try scene.drop("csv/participants-cp949.csv", as: "b.csv")
        try await daemon.ended(["a.pdf", "b.csv"])
        try scene.drop("pdf/korean.pdf", as: "c.pdf")
        try await daemon.line(.dropHeld, "c.pdf")
        try await daemon.stop()
    }

    private func expectWhole(_ account: [String: Any]) throws {
        func number(_ key: String, _ member: String) -> Int? {
            (account[key] as? [String: Any])?[member] as? Int
        }
        let table = try Data(contentsOf: FlowScene.fixture("csv/participants-cp949.csv")).count
        let state = RecordedState(scene)
        #expect(account["uid"] as? Int == Int(FlowScene.uid))
        #expect(number("used", "bytes") == 2432 + table && number("used", "files") == 2)
        #expect(number("reserved", "bytes") == 0 && number("reserved", "files") == 0)
        #expect(number("limit", "bytes") == 10_000 && number("limit", "files") == 2)
        #expect(number("held", "bytes") == 1651 && number("held", "files") == 1)
        let kinds = try #require(account["kinds"] as? [String: [String: Int]])
        #expect(kinds["pdf"] == ["bytes": 2432, "files": 1])
        #expect(kinds["csv"] == ["bytes": table, "files": 1])
        #expect(number("derived", "results_bytes") == (try state.derived("results")))
        #expect(number("derived", "imports_bytes") == (try state.derived("imports")))
        #expect(account["derived_limit_bytes"] as? Int == 100_000)
    }

    @Test func `all that is counted is told, by name, by number, and of everybody`() async throws {
        try await prepare()
        for arguments in [["--json"], ["\(FlowScene.uid)", "--json"]] {
            let (end, output) = try await quota(arguments)
            #expect(end == .exited(0), "\(output)")
            let accounts = try accounts(output)
            #expect(accounts.count == 1)
            try expectWhole(try #require(accounts.first))
        }
        let (_, table) = try await quota([])
        #expect(table.contains("1.7 kB in 1 file"), "\(table)")
        let (_, facts) = try await quota(["\(FlowScene.uid)"])
        #expect(facts.contains("used"), "\(facts)")
        #expect(facts.contains("of 10.0 kB"), "\(facts)")
    }

    @Test(.enabled(if: geteuid() == 0, "somebody else is needed"))
    func `whoever may not read the catalogue sees their own, and nobody else's`() async throws {
        try await prepare()
        let (end, output) = try await quota(["--json"], as: FlowScene.uid)
        #expect(end == .exited(0), "\(output)")
        try expectWhole(try #require(try accounts(output).first))
        let (other, words) = try await quota(["\(FlowScene.uid)"], as: FlowScene.otherUID)
        #expect(other == .exited(77), "\(words)")
        let (none, _) = try await quota([], as: FlowScene.otherUID)
        #expect(none == .exited(77))
    }

    @Test func `who is not known and what is not there have their codes`() async throws {
        try scene.configure()
        let (missing, words) = try await quota([])
        #expect(missing == .exited(66), "\(words)")
        try await scene.runOnce()
        let (unknown, _) = try await quota(["nobody-of-this-name"])
        #expect(unknown == .exited(66))
        let (empty, said) = try await quota([])
        #expect(empty == .exited(0))
        #expect(said == "nothing has been taken yet\n")
        // Somebody who is known and has nothing.
        let (zero, facts) = try await quota(["0", "--json"])
        #expect(zero == .exited(0))
        #expect(try accounts(facts).first?["user"] as? String == "root")
    }
}
