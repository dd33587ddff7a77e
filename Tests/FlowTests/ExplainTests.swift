import Foundation
import Rules
import Testing

@Suite(.timeLimit(.minutes(5))) struct ExplainTests {
    let scene: FlowScene

    init() throws { scene = try FlowScene() }

    private func expect(_ reason: Reason) async throws {
        try reason.prepare(scene)
        try scene.configure(inbox: reason.inbox)
        let slash = reason.path.isEmpty ? "" : "/"
        let said = try await Explained([
            "--config", scene.config, scene.inbox + slash + reason.path,
        ])
        #expect(said.verdict == reason.verdict, "\(said.output)")
        #expect(said.end == .exited(reason.exit), "\(said.output)")
        for key in ["sentence", "rule", "origin", "remedy"] {
            #expect(!said[key].isEmpty, "no \(key): \(said.output)")
        }
        for (key, text) in reason.says where key != "next_look" {
            #expect(said[key].contains(text), "\(key): \(said.output)")
        }
        let look = said.members["next_look"] as? [String: Any]
        let rule = try #require(look?["rule"] as? String, "\(said.output)")
        #expect(rule.contains(reason.says["next_look"] ?? rule), "\(said.output)")
    }

    @Test(arguments: Reason.all) func `each reason is told`(reason: Reason) async throws {
        try await expect(reason)
    }

    @Test(.enabled(if: geteuid() == 0), arguments: Reason.permissions)
    func `a missing permission is told with what mends it`(reason: Reason) async throws {
        try await expect(reason)
    }

    @Test(.enabled(if: geteuid() == 0), arguments: [true, false])
    func `a chmod that is advised is enough`(isFolder: Bool) async throws {
        try scene.drop(Reason.pdf, as: "x/it's mine.pdf")
        chmod(isFolder ? scene("x") : scene("x/it's mine.pdf"), isFolder ? 0o400 : 0)
        try scene.configure()
        let question = ["--config", scene.config, scene("x/it's mine.pdf")]
        for _ in 0..<2 {
            let said = try await Explained(question)
            guard said.verdict == "refused" else { break }
            #expect(said["remedy"].hasPrefix("setpriv --reuid=\(FlowScene.uid) "), "\(said.output)")
            let shell = try await RunningProgram.run(
                "/bin/sh", ["-c", said["remedy"]])
            #expect(shell.0 == .exited(0), "\(shell.1)")
        }
        let said = try await Explained(question)
        #expect(said.verdict == "waiting", "\(said.output)")
    }

    @Test(.enabled(if: geteuid() == 0)) func `an immutable file is told, and root no chattr`()
        async throws
    {
        try scene.drop(Reason.pdf, as: "a.pdf")
        func chattr(_ flag: String) async throws -> Bool {
            try await RunningProgram.run(
                "/usr/bin/chattr", [flag, scene("a.pdf")]
            ).0 == .exited(0)
        }
        // Not every file system has such flags.
        guard try await chattr("+i") else { return }
        try scene.configure()
        let said = try await Explained(["--config", scene.config, scene("a.pdf")])
        #expect(try await chattr("-i"))
        #expect(said["remedy"].contains("lsattr shows what protects a.pdf"), "\(said.output)")
    }

    @Test func `a program that has a file open for writing is named`() async throws {
        try scene.drop(Reason.pdf, as: "a.pdf")
        try scene.configure()
        let script = "exec 3>>\(scene("a.pdf")); echo ready; exec tail -f /dev/null"
        let writer = try RunningProgram("/bin/sh", ["-c", script])
        _ = try await writer.awaited("its word") { $0.first { $0.text == "ready" } }
        let said = try await Explained(["--config", scene.config, scene("a.pdf")])
        writer.send(SIGKILL)
        _ = try await writer.ended()
        #expect(said.verdict == "waiting", "\(said.output)")
        let pid = writer.pid
        #expect(said["sentence"].contains("(pid \(pid), uid"), "\(said.output)")
        let writers = try #require(said.members["writers"] as? [[String: Any]], "\(said.output)")
        #expect(writers.map { $0["pid"] as? Int } == [Int(pid)])
        #expect(writers.map { $0["how"] as? String } == ["open"])
    }

    @Test func `a program that only has a file mapped is named too`() async throws {
        try scene.drop(Reason.pdf, as: "a.pdf")
        try scene.configure()
        let file = open(scene("a.pdf"), O_RDWR | O_CLOEXEC)
        let map = mmap(nil, 15, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
        close(file)
        defer { munmap(map, 15) }
        let said = try await Explained(["--config", scene.config, scene("a.pdf")])
        #expect(said.verdict == "waiting", "\(said.output)")
        let writers = try #require(said.members["writers"] as? [[String: Any]], "\(said.output)")
        let own = writers.first { $0["pid"] as? Int == Int(getpid()) }
        #expect(own?["how"] as? String == "mapped", "\(said.output)")
    }

    @Test(.enabled(if: geteuid() == 0))
    func `an ordinary user is told what they may see, and no more`() async throws {
        try scene.drop(Reason.pdf, as: "a.pdf")
        try scene.drop(Reason.pdf, as: "closed/b.pdf")
        try scene.drop(Reason.pdf, as: "secret.pdf")
        chmod(scene("closed"), 0o700)
        chmod(scene("secret.pdf"), 0o600)
        try scene.configure()
        func ask(_ name: String, as uid: uid_t) async throws -> Explained {
            try await Explained(["--config", scene.config, scene(name)], as: uid)
        }
        let own = try await ask("a.pdf", as: FlowScene.uid)
        #expect(own.verdict == "waiting" && own.end == .exited(0), "\(own.output)")
        let other = try await ask("a.pdf", as: FlowScene.otherUID)
        #expect(other.verdict == "waiting", "\(other.output)")
        #expect(other.members["not_seen"] is Int, "\(other.output)")
        let closed = try await ask("closed/b.pdf", as: FlowScene.otherUID)
        #expect(closed.verdict == "forbidden" && closed.end == .exited(77), "\(closed.output)")
        let unread = try await ask("secret.pdf", as: FlowScene.otherUID)
        #expect(unread["sentence"].contains("You may not read it"), "\(unread.output)")
        chmod(scene.inbox, 0o700)
        let inbox = try await ask("a.pdf", as: FlowScene.otherUID)
        #expect(inbox.end == .exited(77), "\(inbox.output)")
    }

    @Test func `an inbox is found by config, by name, by its own status file, or not at all`()
        async throws
    {
        try scene.drop(Reason.pdf, as: "sub/a.pdf")
        try scene.configure()
        let outside = try await Explained(["--config", scene.config, scene.folder + "/state"])
        #expect(outside.verdict == "missing" && outside.end == .exited(66), "\(outside.output)")
        let file = try await Explained(["--config", scene.config, scene.config])
        #expect(file.verdict == "outside" && file.end == .exited(65), "\(file.output)")
        #expect(file["origin"].contains(scene.config))
        let named = try await Explained(["--inbox", scene.inbox, scene("sub/a.pdf")])
        #expect(named.verdict == "waiting", "\(named.output)")
        #expect(named["settings"].contains("--inbox"))
        try #"{"schema":"ingestd/status/inbox/1","#.appending("\n \"owner\":\"x\"}\n")
            .write(toFile: scene("inbox.status.json"), atomically: false, encoding: .utf8)
        let found = try await Explained([scene("sub/a.pdf")])
        #expect(found["inbox"] == scene.inbox, "\(found.output)")
        #expect(found["settings"].contains("inbox.status.json"))
        let gone = try await Explained([
            "--inbox", scene.folder + "/no", scene.folder + "/no/a.pdf",
        ])
        #expect(gone.verdict == "unavailable" && gone.end == .exited(69), "\(gone.output)")
        let bad = try await RunningProgram.run(
            "ingestd", ["explain", "--config", scene.inbox + "/sub/a.pdf", "x"])
        #expect(bad.0 == .exited(78), "\(bad.1)")
    }

    @Test func `the moment of the next look is told`() async throws {
        let daemon = try await scene.start(
            inbox: "settle: 1h\n    settle_without_proof: 1h")
        try scene.drop(Reason.pdf, as: "a.pdf")
        try await daemon.line(.dropNoticed, "a.pdf")
        try await daemon.stop()
        let said = try await Explained(["--config", scene.config, scene("a.pdf")])
        let look = try #require(said.members["next_look"] as? [String: Any], "\(said.output)")
        #expect(look["at"] is NSNull && look["rule"] as? String == "when ingestd starts")
        #expect(said["rule"].contains("1h after its writer closed it"), "\(said.output)")
        // Whom no config tells of a state directory knows of no daemon that does not run.
        let trusting = try await Explained([scene("a.pdf")])
        let there = try #require(trusting.members["next_look"] as? [String: Any])
        let told = try scene.text("inbox.status.json")
        let moment = try #require(there["at"] as? String, "\(trusting.output)")
        #expect(told.contains(moment), "\(told)")
    }

    @Test(.enabled(if: geteuid() == 0))
    func `a folder that a pattern matches is explained by it, and one that it does not serve`()
        async throws
    {
        try scene.makeInbox("people", owner: 0)
        let alice = try scene.makeInbox("people/alice")
        let system = try scene.makeInbox("people/system", owner: 7)
        try scene.put(Reason.pdf, at: alice + "/sub/a.pdf")
        try scene.put(Reason.pdf, at: system + "/a.pdf")
        try scene.configure(others: ["\(scene.folder)/people/*"])
        let question = ["--config", scene.config]
        let said = try await Explained(question + [alice + "/sub/a.pdf"])
        #expect(said.verdict == "waiting", "\(said.output)")
        #expect(said["inbox"] == alice)
        #expect(said["settings"].hasSuffix("pattern \(scene.folder)/people/*"), "\(said.output)")
        let refused = try await Explained(question + [system + "/a.pdf"])
        #expect(refused.verdict == "refused", "\(refused.output)")
        #expect(refused["sentence"].contains("system user"), "\(refused.output)")
        let own = try await Explained(question + [alice + "/sub/a.pdf"], as: FlowScene.uid)
        #expect(own.verdict == "waiting", "\(own.output)")
        let others = try await Explained(question + [system + "/a.pdf"], as: FlowScene.uid)
        #expect(others.verdict == "refused", "\(others.output)")
    }

    @Test func `what the daemon said is told again: taken, held, waiting`() async throws {
        let settings = "limits: {default: {bytes: \(2 * 2432 - 1)}}"
        let daemon = try await scene.start(settings: settings)
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await daemon.ended(["a.pdf"])
        try scene.drop("pdf/english.pdf", as: "b.pdf")
        try await daemon.line(.dropHeld, "b.pdf")
        try scene.drop(Data(), as: "c.pdf")
        try await daemon.line(.dropNoticed, "c.pdf")
        let running = try await Explained(["--config", scene.config, scene("c.pdf")])
        #expect(running["daemon"].contains("pid \(daemon.program.pid)"), "\(running.output)")
        // Only now everything is written that was said.
        try await daemon.stop()

        let taken = try await Explained(["--config", scene.config, scene("a.pdf")])
        #expect(taken.verdict == "taken" && taken.end == .exited(0), "\(taken.output)")
        #expect(taken["results"] == scene("a.pdf.results"))
        #expect(taken["sentence"].contains("results are in a.pdf.results"))
        #expect(taken["document"].count == 36)
        let held = try await Explained(["--config", scene.config, scene("b.pdf")])
        #expect(held.verdict == "held" && held.end == .exited(0), "\(held.output)")
        #expect(held.members["bytes_short"] as? Int == 1)
        #expect(held["sentence"].contains("short by 1 byte"))
        let waiting = try await Explained(["--config", scene.config, scene("c.pdf")])
        #expect(waiting["message"].contains("empty"), "\(waiting.output)")

        let (end, text) = try await RunningProgram.run(
            "ingestd", ["explain", "--config", scene.config, scene("b.pdf"), scene("a.pdf")])
        #expect(end == .exited(0))
        #expect(text.hasPrefix("b.pdf waits for room:"), "\(text)")
        #expect(text.contains("\n\na.pdf was taken and is done"), "\(text)")

        // What the owner tidied away is not said to be there.
        unlink(scene("a.pdf.status.json"))
        let unknown = try await Explained(["--config", scene.config, scene("a.pdf")])
        #expect(unknown.verdict == "missing", "\(unknown.output)")
        #expect(unknown["sentence"].contains("no status file of it; a.pdf.results is there"))
    }

    @Test func `results that were tidied away are told as gone`() async throws {
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await scene.runOnce()
        try FileManager.default.removeItem(atPath: scene("a.pdf.results"))
        let said = try await Explained(["--config", scene.config, scene("a.pdf")])
        #expect(said["sentence"].contains("the results are gone"), "\(said.output)")
        #expect(said.members["results"] == nil, "\(said.output)")
        #expect(said["remedy"] == "`ingestd restore \(scene("a.pdf"))`")
    }

    @Test(.enabled(if: geteuid() == 0))
    func `what root pastes cannot be turned on somebody else's file`() async throws {
        try scene.drop(Reason.pdf, as: "a.pdf")
        chmod(scene("a.pdf"), 0)
        try scene.configure()
        let said = try await Explained(["--config", scene.config, scene("a.pdf")])
        // The owner is quicker: by now the name is a link to what is not theirs.
        let secret = scene.folder + "/secret"
        try Data("secret".utf8).write(to: URL(filePath: secret))
        chmod(secret, 0)
        unlink(scene("a.pdf"))
        symlink(secret, scene("a.pdf"))
        let (end, output) = try await RunningProgram.run("/bin/sh", ["-c", said["remedy"]])
        #expect(end != .exited(0), "\(said["remedy"]): \(output)")
        var facts = stat()
        #expect(stat(secret, &facts) == 0 && facts.st_mode & 0o777 == 0)
    }

    @Test(.enabled(if: geteuid() == 0))
    func `whoever may not look is told so, and that no config was read`() async throws {
        try scene.drop(Reason.pdf, as: "home/a.pdf")
        chmod(scene("home"), 0o700)
        let said = try await Explained([scene("home/a.pdf")], as: FlowScene.otherUID)
        #expect(said.verdict == "forbidden" && said.end == .exited(77), "\(said.output)")
        #expect(said["sentence"].contains("You may not look there"), "\(said.output)")
        #expect(said["origin"].contains("/etc/ingestd/ingestd.yaml"), "\(said.output)")
    }

    @Test(.enabled(if: geteuid() == 0))
    func `content that somebody else may still be writing is not judged`() async throws {
        try scene.drop(Data("hello\n".utf8), as: "a.pdf")
        try scene.configure()
        let said = try await Explained(
            ["--config", scene.config, scene("a.pdf")], as: FlowScene.otherUID)
        #expect(said.verdict == "waiting", "\(said.output)")
        #expect(said["sentence"].contains("may still be being written"), "\(said.output)")
    }

    @Test func `a link to another inbox is a link in this one`() async throws {
        let status = Data(#"{"schema":"ingestd/status/inbox/1","#.appending("\n}\n").utf8)
        let other = try scene.makeInbox("other")
        try scene.put(status, at: other + "/inbox.status.json")
        try scene.put(status, at: scene("inbox.status.json"))
        symlink(other, scene("sub"))
        let said = try await Explained([scene("sub/a.pdf")])
        #expect(said["inbox"] == scene.inbox, "\(said.output)")
        #expect(said["sentence"].contains("sub is a link"), "\(said.output)")
    }

    @Test func `the origin of open_writer_timeout is the config`() async throws {
        try scene.drop(Reason.pdf, as: "a.pdf")
        try scene.configure(inbox: "open_writer_timeout: 1h")
        let file = open(scene("a.pdf"), O_WRONLY | O_CLOEXEC)
        let said = try await Explained(["--config", scene.config, scene("a.pdf")])
        close(file)
        #expect(said["rule"].contains("open_writer_timeout"), "\(said.output)")
        #expect(said["origin"].contains(scene.config), "\(said.output)")
    }
}
