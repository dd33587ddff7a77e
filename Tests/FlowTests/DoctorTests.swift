import Foundation
import Rules
import Testing

/// What `ingestd doctor --json` found.
private struct Diagnosis {
    let end: RunningProgram.End
    let output: String
    let checks: [[String: Any]]

    init(_ arguments: [String]) async throws {
        (end, output) = try await RunningProgram.run("ingestd", ["doctor", "--json"] + arguments)
        let value = try? JSONSerialization.jsonObject(with: Data(output.utf8))
        checks = (value as? [String: Any])?["checks"] as? [[String: Any]] ?? []
    }

    /// The result of one check about an inbox, the state or the system.
    func result(_ check: String, about: String) -> String? {
        found(check, about: about)["result"] as? String
    }

    func found(_ check: String, about: String) -> [String: Any] {
        checks.first { $0["check"] as? String == check && $0["about"] as? String == about } ?? [:]
    }
}

@Suite(.serialized, .timeLimit(.minutes(5))) struct DoctorTests {
    let scene: FlowScene

    init() throws { scene = try FlowScene() }

    private func canaries(in folder: String = "") throws -> [String] {
        try scene.names(in: folder).filter { $0.hasPrefix(".ingestd-") }
    }

    @Test func `a running daemon answers the canary, and says nothing of it`() async throws {
        let daemon = try await scene.start()
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await daemon.ended(["a.pdf"])
        let diagnosis = try await Diagnosis(["--config", scene.config])
        #expect(diagnosis.end == .exited(0), "\(diagnosis.output)")
        for check in ["folder", "account", "permissions", "room", "lease", "event", "canary"]
        where check != "folder" {
            #expect(
                diagnosis.result(check, about: scene.inbox) == "ok",
                "\(check): \(diagnosis.output)")
        }
        let canary = diagnosis.found("canary", about: scene.inbox)
        #expect(canary["event_seconds"] is Double && canary["answer_seconds"] is Double)
        #expect(diagnosis.found("daemon", about: "state")["pid"] as? Int == Int(daemon.program.pid))
        #expect(diagnosis.found("watches", about: "inotify")["folders"] as? Int == 1)
        #expect(try canaries().isEmpty)
        try await daemon.stop()
        let said = daemon.program.lines.map(\.text).filter { $0.contains("canary") }
        #expect(said.isEmpty, "\(said)")
        #expect(try !scene.text("inbox.status.json").contains("canary"))
        #expect(try scene.names().allSatisfy { !$0.contains("canary") })
    }

    @Test func `without a daemon only the kernel is proved, and nothing is left`() async throws {
        try scene.configure()
        let diagnosis = try await Diagnosis(["--config", scene.config])
        #expect(diagnosis.end == .exited(0), "\(diagnosis.output)")
        #expect(diagnosis.result("event", about: scene.inbox) == "ok", "\(diagnosis.output)")
        #expect(diagnosis.result("canary", about: scene.inbox) == "warning")
        #expect(diagnosis.result("daemon", about: "state") == "warning")
        #expect(try canaries().isEmpty)
        let (end, text) = try await RunningProgram.run(
            "ingestd", ["doctor", "--config", scene.config])
        #expect(end == .exited(0))
        #expect(text.contains("0 errors, "), "\(text)")
    }

    @Test func `a daemon that does not serve an inbox does not answer there`() async throws {
        let daemon = try await scene.start()
        let other = try scene.makeInbox("other")
        let diagnosis = try await Diagnosis([
            "--config", scene.config, "--inbox", other,
        ])
        #expect(diagnosis.end == .exited(69), "\(diagnosis.output)")
        #expect(diagnosis.result("canary", about: scene.inbox) == "ok", "\(diagnosis.output)")
        let canary = diagnosis.found("canary", about: other)
        #expect(canary["result"] as? String == "error", "\(diagnosis.output)")
        #expect((canary["remedy"] as? String)?.contains("restart") == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: other).isEmpty)
        try await daemon.stop()
    }

    @Test(.enabled(if: geteuid() == 0)) func `every match of a pattern is looked at`() async throws
    {
        try scene.makeInbox("people", owner: 0)
        let alice = try scene.makeInbox("people/alice")
        let system = try scene.makeInbox("people/system", owner: 7)
        let daemon = try await scene.start(others: ["\(scene.folder)/people/*"])
        let diagnosis = try await Diagnosis(["--config", scene.config])
        #expect(diagnosis.end == .exited(0), "\(diagnosis.output)")
        #expect(diagnosis.result("canary", about: alice) == "ok", "\(diagnosis.output)")
        #expect(diagnosis.result("pattern", about: system) == "warning", "\(diagnosis.output)")
        #expect(diagnosis.found("watches", about: "inotify")["folders"] as? Int == 2)
        try await daemon.stop()
    }

    @Test func `what a dead doctor left is gone once a daemon serves`() async throws {
        let canary = ".ingestd-canary-0123456789abcdef"
        try scene.drop(Data(), as: canary)
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await scene.runOnce()
        #expect(!scene.exists(canary))
    }

    @Test(.enabled(if: geteuid() == 0)) func `an inbox that cannot be written is an error`()
        async throws
    {
        chmod(scene.inbox, 0o555)
        let gone = scene.folder + "/gone"
        try scene.configure(others: [gone])
        let diagnosis = try await Diagnosis(["--config", scene.config])
        #expect(diagnosis.end == .exited(69), "\(diagnosis.output)")
        let permissions = diagnosis.found("permissions", about: scene.inbox)
        #expect(permissions["result"] as? String == "error", "\(diagnosis.output)")
        let remedy = permissions["remedy"] as? String ?? ""
        #expect(remedy.hasPrefix("setpriv --reuid=\(FlowScene.uid) "), "\(remedy)")
        #expect(remedy.hasSuffix(" chmod u+w \(scene.inbox)"), "\(remedy)")
        #expect(diagnosis.result("writable", about: scene.inbox) == "error")
        #expect(diagnosis.result("folder", about: gone) == "error")
    }

    @Test(.enabled(if: geteuid() == 0)) func `a mount that is read-only or its own is told`()
        async throws
    {
        func mount(_ arguments: [String]) async throws -> Bool {
            try await RunningProgram.run("/bin/mount", arguments).0
                == .exited(0)
        }
        let inbox = try scene.makeInbox("tmpfs")
        // Not every place where tests run may mount.
        guard try await mount(["-t", "tmpfs", "-o", "size=1m,uid=40001,gid=40001", "none", inbox])
        else {
            return
        }
        defer { umount2(inbox, 0) }
        try scene.configure(others: [inbox])
        let writable = try await Diagnosis(["--config", scene.config])
        let found = writable.found("file_system", about: inbox)
        #expect(found["file_system"] as? String == "tmpfs", "\(writable.output)")
        #expect(found["events"] as? Bool == true)
        #expect(writable.result("event", about: inbox) == "ok", "\(writable.output)")
        #expect(writable.result("room", about: inbox) == "warning", "\(writable.output)")
        #expect(try await mount(["-o", "remount,ro", inbox]))
        let readOnly = try await Diagnosis(["--config", scene.config])
        #expect(readOnly.end == .exited(69))
        let permissions = readOnly.found("permissions", about: inbox)
        #expect(permissions["result"] as? String == "error", "\(readOnly.output)")
        #expect((permissions["remedy"] as? String)?.contains("findmnt") == true)
    }

    @Test(.enabled(if: geteuid() == 0)) func `a state that accounts cannot pass is an error`()
        async throws
    {
        mkdir(scene.state, 0o700)
        let daemon = try await scene.start()
        let warning = try await daemon.line(.stateClosed)
        #expect(warning["path"] == scene.state)
        let diagnosis = try await Diagnosis(["--config", scene.config])
        #expect(diagnosis.end == .exited(69))
        #expect(
            diagnosis.found("passage", about: "state")["remedy"] as? String
                == "chmod o+x \(scene.state)", "\(diagnosis.output)")
        try await daemon.stop()
    }

    @Test func `a daemon with another state is waited for where a status file tells of one`()
        async throws
    {
        let daemon = try await scene.start()
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await daemon.ended(["a.pdf"])
        let other = scene.folder + "/elsewhere"
        let diagnosis = try await Diagnosis(["--inbox", scene.inbox, "--state", other])
        let canary = diagnosis.found("canary", about: scene.inbox)
        #expect(canary["result"] as? String == "ok", "\(diagnosis.output)")
        #expect((canary["finding"] as? String)?.contains(other) == true)
        let none = diagnosis.found("daemon", about: "state")["finding"] as? String
        #expect(none?.contains("none runs on \(other)") == true)
        try await daemon.stop()
    }

    @Test func `a daemon that was halted is an error`() async throws {
        let daemon = try await scene.start()
        daemon.program.send(SIGSTOP)
        let diagnosis = try await Diagnosis(["--config", scene.config])
        daemon.program.send(SIGCONT)
        #expect(diagnosis.result("daemon", about: "state") == "error", "\(diagnosis.output)")
        try await daemon.stop()
    }

    @Test func `a state that others may write is an error`() async throws {
        try scene.configure()
        try FileManager.default.createDirectory(
            atPath: scene.state, withIntermediateDirectories: false)
        chmod(scene.state, 0o777)
        let open = try await Diagnosis(["--config", scene.config])
        #expect(open.end == .exited(69))
        #expect(
            open.found("directory", about: "state")["remedy"] as? String
                == "chmod go-w \(scene.state)")
        chmod(scene.state, 0o711)
        let closed = try await Diagnosis(["--config", scene.config])
        #expect(closed.result("directory", about: "state") == "ok", "\(closed.output)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: scene.state).isEmpty)
    }
}
