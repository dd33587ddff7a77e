import Foundation
import Testing

/// A state directory that came to harm is told so, and mended where nothing can be lost by it.
@Suite(.timeLimit(.minutes(5))) struct FsckTests {
    let scene: FlowScene
    private var state: DamagedState { DamagedState(scene: scene) }

    init() throws { scene = try FlowScene() }

    private func fill() async throws {
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try scene.drop("csv/participants-cp949.csv", as: "b.csv")
        try await scene.runOnce()
    }

    private func fsck(
        _ arguments: String...
    ) async throws -> (end: RunningProgram.End, findings: [[String: Any]], text: String) {
        let (end, text) = try await RunningProgram.run(
            "ingestd", ["fsck", "--json", "--state", scene.state] + arguments)
        let findings = text.split(separator: "\n").compactMap { line in
            (try? JSONSerialization.jsonObject(with: Data(line.utf8))) as? [String: Any]
        }
        return (end, findings, text)
    }

    private func codes(_ findings: [[String: Any]], isRepaired: Bool = false) -> Set<String> {
        Set(
            findings.filter { $0["repaired"] as? Bool == isRepaired }
                .compactMap { $0["code"] as? String })
    }

    @Test(arguments: StateDamage.all)
    func `damage is found by its code, and mended where nothing can be lost`(
        damage: StateDamage
    ) async throws {
        try await fill()
        try damage.inflict(state)
        let dirty: RunningProgram.End = damage.isHarm ? .exited(65) : .exited(0)

        let found = try await fsck()
        #expect(codes(found.findings) == damage.codes, "\(found.text)")
        #expect(found.end == dirty, "\(found.text)")

        let repaired = try await fsck("--repair")
        let after = try await fsck()
        switch damage.repair {
        case .whole:
            #expect(repaired.end == .exited(0), "\(repaired.text)")
            #expect(codes(repaired.findings, isRepaired: true) == damage.codes)
            #expect(after.findings.isEmpty && after.end == .exited(0), "\(after.text)")
        case .left:
            #expect(repaired.end == dirty, "\(repaired.text)")
            #expect(
                codes(after.findings) == damage.codes.subtracting(damage.mended), "\(after.text)")
            #expect(after.end == dirty)
        }
    }

    @Test func `a repair leaves documents, results and rows as they were`() async throws {
        try await fill()
        let before = try RecordedState(scene).documents()
        let bytes = try scene.bytes("a.pdf.results/original.pdf")
        try state.overwrite(state.original("a.pdf"), at: 20, with: [0xee])
        try state.tamper("DELETE FROM account; UPDATE document SET state = 'failed'")
        #expect(try await fsck("--repair").end == .exited(0))
        #expect(try RecordedState(scene).documents() == before)
        #expect(try Data(contentsOf: URL(filePath: state.original("a.pdf"))) == bytes)
        let quarantine = try FileManager.default.contentsOfDirectory(
            atPath: scene.state + "/quarantine")
        #expect(quarantine.contains { $0.hasPrefix("blobs-") })
        #expect(quarantine.contains { $0.hasPrefix("catalog.sqlite3-") })
        try await scene.runOnce()
        try await scene.expectClean()
    }

    @Test func `in haste content is not read, yet a blob that lost its end is seen`() async throws {
        try await fill()
        try state.overwrite(state.original("a.pdf"), at: 20, with: [0xee])
        #expect(try await fsck("--quick").findings.isEmpty)
        truncate(try state.original("a.pdf"), 9)
        #expect(codes(try await fsck("--quick").findings) == ["blob_damaged"])
    }

    @Test func `a status file is mended in its owner's name`() async throws {
        try await fill()
        truncate(scene("a.pdf.status.json"), 200)
        #expect(try await fsck("--repair").end == .exited(0))
        #expect(try scene.facts("a.pdf.status.json").st_uid == FlowScene.uid)
        #expect(try scene.status("a.pdf").state == "completed")
    }

    @Test func `beside a daemon it looks, but neither repairs nor calls its work left over`()
        async throws
    {
        let daemon = try await scene.start()
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await daemon.ended(["a.pdf"])
        try Data([1]).write(to: URL(filePath: scene.state + "/staging/1-1"))
        let look = try await fsck()
        #expect(look.findings.isEmpty && look.end == .exited(0), "\(look.text)")
        #expect(try await fsck("--repair").end == .exited(75))
        try await daemon.stop()
    }

    @Test func `where no state is none is made`() async throws {
        for arguments in [["fsck", "--repair"], ["fsck"], ["gc"], ["gc", "--dry-run"]] {
            let (end, text) = try await RunningProgram.run(
                "ingestd", arguments + ["--state", scene.state])
            #expect(end == .exited(66), "\(text)")
        }
        #expect(!FileManager.default.fileExists(atPath: scene.state))
    }

    @Test(.enabled(if: geteuid() == 0)) func `a state is closed to those whose it is not`()
        async throws
    {
        try await fill()
        for arguments in [["fsck"], ["fsck", "--repair"], ["gc"], ["gc", "--dry-run"]] {
            let program = RunningProgram.builtPrograms.appending(path: "ingestd").path
            let (end, text) = try await RunningProgram.run(
                "/usr/bin/setpriv",
                ["--reuid", "\(FlowScene.otherUID)", "--clear-groups", program] + arguments
                    + ["--state", scene.state])
            #expect(end == .exited(77), "\(text)")
        }
    }

    @Test(.enabled(if: geteuid() == 0))
    func `a state that is mounted read-only is read all the same`()
        async throws
    {
        try await fill()
        let look = """
            mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && "$@"
            """
        let program = RunningProgram.builtPrograms.appending(path: "ingestd").path
        // The catalogue was closed well, and no log is beside it.
        #expect(!FileManager.default.fileExists(atPath: scene.state + "/catalog.sqlite3-wal"))
        for arguments in [["fsck"], ["gc", "--dry-run"]] {
            let (end, text) = try await RunningProgram.run(
                "/usr/bin/unshare",
                ["-m", "sh", "-c", look, "sh", scene.state, program] + arguments
                    + ["--state", scene.state])
            #expect(end == .exited(0), "\(text)")
        }
    }

    @Test func `a catalogue of another version is refused by name`() async throws {
        try await fill()
        try state.tamper("INSERT INTO grdb_migrations VALUES ('v99')")
        let commands = [
            ["run", "--once", "--config", scene.config], ["fsck", "--state", scene.state],
            ["fsck", "--repair", "--state", scene.state], ["gc", "--state", scene.state],
        ]
        for arguments in commands {
            let (end, text) = try await RunningProgram.run("ingestd", arguments)
            #expect(end == .exited(78), "\(arguments): \(text)")
            #expect(text.contains("a later version of ingestd"))
        }
        let (end, text) = try await RunningProgram.run(
            "ingestd", ["doctor", "--config", scene.config])
        #expect(end == .exited(69) && text.contains("a later ingestd has written"), "\(text)")
        try state.tamper("DELETE FROM grdb_migrations")
        for arguments in [["fsck", "--state", scene.state], ["gc", "--state", scene.state]] {
            let (end, text) = try await RunningProgram.run("ingestd", arguments)
            #expect(end == .exited(75), "\(arguments): \(text)")
        }
    }

    @Test func `what an owner puts in the place of sidecars harms nobody`() async throws {
        for name in ["a", "b", "c", "d", "e", "f"] {
            try scene.drop("pdf/english.pdf", as: name + ".pdf")
        }
        try await scene.runOnce()
        let names = ["a", "b", "c", "d"].map { scene("\($0).pdf.status.json") }
        for name in names { unlink(name) }
        symlink("/etc/shadow", names[0])
        mkfifo(names[1], 0o644)
        mkdir(names[2], 0o755)
        try Data("{\"schema\":\"ingestd/status/1\",\n".utf8).write(to: URL(filePath: names[3]))
        truncate(names[3], 1 << 40)
        try FileManager.default.removeItem(atPath: scene("e.pdf.results"))
        symlink("/etc", scene("e.pdf.results"))
        unlink(scene("f.pdf.results/text.txt"))
        mkfifo(scene("f.pdf.results/text.txt"), 0o644)
        let found = try await fsck()
        #expect(found.end == .exited(0), "\(found.text)")
        #expect(codes(found.findings) == ["inbox_unavailable"], "\(found.text)")
        #expect(try await fsck("--repair").end == .exited(0))
    }

    @Test func `lost content is brought back only from the very bytes`() async throws {
        try await fill()
        let blob = try state.original("a.pdf")
        let size = try scene.facts("a.pdf.results/original.pdf").st_size
        try FileManager.default.removeItem(atPath: blob)
        // As large as they were, and other bytes; then far more than there were.
        for other in [size, 1 << 40] {
            truncate(scene("a.pdf.results/original.pdf"), 0)
            truncate(scene("a.pdf.results/original.pdf"), other)
            #expect(codes(try await fsck("--repair").findings).contains("blob_missing"))
            #expect(!FileManager.default.fileExists(atPath: blob))
        }
        let staged = try FileManager.default.contentsOfDirectory(atPath: scene.state + "/staging")
        #expect(staged == [])
    }

    @Test func `damage without a copy is set aside, and not called repaired`() async throws {
        try await fill()
        let blob = try state.original("a.pdf")
        try state.overwrite(blob, at: 20, with: [0xee])
        unlink(scene("a.pdf.results/original.pdf"))
        let repaired = try await fsck("--repair")
        #expect(repaired.end == .exited(65))
        #expect(codes(repaired.findings, isRepaired: true) == [], "\(repaired.text)")
        #expect(codes(repaired.findings) == ["blob_missing"])
        #expect(repaired.text.contains("in quarantine"))
        #expect(!FileManager.default.fileExists(atPath: blob))
    }

    @Test(.enabled(if: geteuid() == 0)) func `what root has mended the daemon's user goes on with`()
        async throws
    {
        chmod(scene.folder, 0o711)
        let daemon = try await scene.start(
            over: [scene.inbox], as: FlowScene.serviceUID, capabilities: "setuid setgid lease kill")
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await daemon.ended(["a.pdf"])
        try await daemon.stop()
        for folder in ["blobs", "staging", "tmp", "lock"] {
            try FileManager.default.removeItem(atPath: scene.state + "/" + folder)
        }
        #expect(try await fsck("--repair").end == .exited(0))
        for name in try FileManager.default.subpathsOfDirectory(atPath: scene.state) {
            var facts = stat()
            lstat(scene.state + "/" + name, &facts)
            #expect(facts.st_uid == FlowScene.serviceUID, "\(name)")
        }
        let next = try await scene.start(
            over: [scene.inbox], as: FlowScene.serviceUID, capabilities: "setuid setgid lease kill")
        try scene.drop("csv/participants-cp949.csv", as: "b.csv")
        try await next.ended(["b.csv"])
        try await next.stop()
        try await scene.expectClean()
    }

    @Test func `every code is found by some damage`() throws {
        let page = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "docs/operations.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        let codes = text.split(separator: "\n").compactMap { line in
            line.wholeMatch(of: /\| `([a-z_]+)` \| (?:wrong|note) \|.*/).map { String($0.1) }
        }
        #expect(Set(codes) == StateDamage.all.reduce(into: []) { $0.formUnion($1.codes) })
    }
}

/// What nothing refers to goes, beside a running daemon only after a day.
@Suite(.timeLimit(.minutes(5))) struct GcTests {
    let scene: FlowScene

    init() throws { scene = try FlowScene() }

    private func gc(_ arguments: String...) async throws -> [String: Any] {
        let (end, text) = try await RunningProgram.run(
            "ingestd", ["gc", "--json", "--state", scene.state] + arguments)
        #expect(end == .exited(0), "\(text)")
        let value = try JSONSerialization.jsonObject(with: Data(text.utf8))
        return try #require(value as? [String: Any])
    }

    /// Leaves a blob of one byte that no row names.
    private func strew() throws {
        let path = scene.state + "/blobs/00"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try Data([1]).write(to: URL(filePath: path + "/" + String(repeating: "0", count: 64)))
    }

    @Test func `while no daemon runs all that is of no use goes, and nothing else`() async throws {
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await scene.runOnce()
        try strew()
        try DamagedState(scene: scene).tamper(
            "UPDATE stage SET resultId = NULL WHERE name = 'text'")
        try Data([1]).write(to: URL(filePath: scene.state + "/staging/1-1"))
        for mode in [["--dry-run"], []] {
            let told = mode.isEmpty ? try await gc() : try await gc("--dry-run")
            #expect(told["blobs"] as? Int == 2, "\(told)")
            #expect(told["results"] as? Int == 1)
            #expect(told["rows"] as? Int == 1)
            #expect(told["staged"] as? Int == 1)
        }
        let again = try await gc()
        #expect(again["blobs"] as? Int == 0 && again["bytes"] as? Int == 0, "\(again)")
        try await scene.expectClean()
    }

    @Test func `beside a daemon young blobs stay, and rows too`() async throws {
        let daemon = try await scene.start()
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await daemon.ended(["a.pdf"])
        try strew()
        let told = try await gc()
        #expect(told["beside_daemon"] as? Bool == true)
        #expect(told["blobs"] as? Int == 0 && told["too_young"] as? Int == 1, "\(told)")
        try await daemon.stop()
        try await scene.expectClean(leftovers: true)
    }
}
