import Foundation
import Rules
import Testing

/// What `ingestd explain --json` said of one path.
struct Explained {
    let end: RunningProgram.End
    let output: String
    let members: [String: Any]

    subscript(key: String) -> String { members[key] as? String ?? "" }
    var verdict: String { self["verdict"] }

    /// Asks with these arguments; `uid` asks as that user.
    init(_ arguments: [String], as uid: uid_t? = nil) async throws {
        let command = ["explain", "--json"] + arguments
        (end, output) =
            if let uid {
                try await RunningProgram.run(
                    "/usr/bin/setpriv",
                    ["--reuid=\(uid)", "--regid=\(uid)", "--clear-groups"]
                        + [RunningProgram.builtPrograms.appending(path: "ingestd").path] + command)
            } else {
                try await RunningProgram.run("ingestd", command)
            }
        let value = try? JSONSerialization.jsonObject(with: Data(output.utf8))
        members = (value as? [[String: Any]])?.first ?? [:]
    }
}

/// One reason: how a file comes to be in that state, and what is said of it.
struct Reason: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let path: String
    let verdict: String
    let exit: Int32
    /// What the keys must contain.
    var says: [String: String] = [:]
    /// Further lines for the inbox.
    var inbox = ""
    var prepare: @Sendable (FlowScene) throws -> Void = { _ in }

    static let pdf = Data("%PDF-1.4\n%%EOF\n".utf8)

    static let all: [Reason] = [
        Reason(
            testDescription: "nothing", path: "a.pdf", verdict: "missing", exit: 66,
            says: ["sentence": "There is no a.pdf"]),
        Reason(
            testDescription: "unfinished name", path: "a.pdf.part", verdict: "ignored", exit: 65,
            says: ["rule": "ends in .part", "origin": "built in", "next_look": "never"]
        ) { try $0.drop(pdf, as: "a.pdf.part") },
        Reason(
            testDescription: "glob", path: "old/a.pdf", verdict: "ignored", exit: 65,
            says: ["rule": "ignore: old", "origin": "ingestd.yaml", "sentence": "The folder old"],
            inbox: "ignore: [old]"
        ) { try $0.drop(pdf, as: "old/a.pdf") },
        Reason(
            testDescription: "hidden folder", path: ".trash/x/a.pdf", verdict: "ignored", exit: 65,
            says: ["rule": "folder begins with .", "sentence": "The folder .trash"]
        ) { try $0.drop(pdf, as: ".trash/x/a.pdf") },
        Reason(
            testDescription: "not recursive", path: "sub/a.pdf", verdict: "ignored", exit: 65,
            says: ["rule": "recursive: false", "origin": "ingestd.yaml"], inbox: "recursive: false"
        ) { try $0.drop(pdf, as: "sub/a.pdf") },
        Reason(
            testDescription: "status file", path: "a.pdf.status.json", verdict: "ignored", exit: 65,
            says: ["sentence": "what ingestd writes beside a file"]
        ) { try $0.drop(pdf, as: "a.pdf.status.json") },
        Reason(
            testDescription: "results", path: "a.pdf.results/text.txt", verdict: "ignored",
            exit: 65, says: ["sentence": "a.pdf.results holds"]
        ) { try $0.drop(pdf, as: "a.pdf.results/text.txt") },
        Reason(
            testDescription: "request", path: "a.pdf.retry", verdict: "ignored", exit: 65,
            says: ["sentence": "something about a.pdf"]
        ) { try $0.drop(Data(), as: "a.pdf.retry") },
        Reason(
            testDescription: "the inbox itself", path: "", verdict: "folder", exit: 0,
            says: ["sentence": "This is the inbox of"]),
        Reason(
            testDescription: "a folder", path: "sub", verdict: "folder", exit: 0,
            says: ["sentence": "files in it are taken"]
        ) { try $0.makeFolder("sub") },
        Reason(
            testDescription: "link", path: "a.pdf", verdict: "refused", exit: 65,
            says: ["rule": "link_refused", "next_look": "when the file changes"]
        ) { symlink("/etc/passwd", $0("a.pdf")) },
        Reason(
            testDescription: "a link above", path: "sub/passwd", verdict: "refused", exit: 65,
            says: ["sentence": "sub is a link"]
        ) { symlink("/etc", $0("sub")) },
        Reason(
            testDescription: "FIFO", path: "a.pdf", verdict: "refused", exit: 65,
            says: ["rule": "not_a_file", "remedy": "rm "]
        ) { mkfifo($0("a.pdf"), 0o644) },
        Reason(
            testDescription: "second link", path: "a.pdf", verdict: "refused", exit: 65,
            says: ["rule": "link_refused", "remedy": "-samefile"]
        ) {
            try $0.drop(pdf, as: "a.pdf")
            link($0("a.pdf"), $0.folder + "/other")
        },
        Reason(
            testDescription: "empty", path: "a.pdf", verdict: "waiting", exit: 0,
            says: ["rule": "empty_file after 10m"]
        ) { try $0.drop(Data(), as: "a.pdf") },
        Reason(
            testDescription: "wrong content", path: "a.pdf", verdict: "refused", exit: 65,
            says: ["rule": "type_mismatch", "sentence": "the content is plain text"]
        ) { try $0.drop(Data("hello\n".utf8), as: "a.pdf") },
        Reason(
            testDescription: "wrong extension", path: "a.docx", verdict: "refused", exit: 65,
            says: ["rule": "unsupported_type"]
        ) { try $0.drop(pdf, as: "a.docx") },
        Reason(
            testDescription: "too large", path: "a.pdf", verdict: "refused", exit: 65,
            says: ["rule": "pdf_size_limit: 10 bytes", "sentence": "too large by 5 bytes"],
            inbox: "pdf_size_limit: 10"
        ) { try $0.drop(pdf, as: "a.pdf") },
        Reason(
            testDescription: "sound, and nobody there", path: "a.pdf", verdict: "waiting", exit: 0,
            says: ["sentence": "no ingestd runs", "daemon": "none runs"]
        ) { try $0.drop(pdf, as: "a.pdf") },
    ]

    /// Those that only somebody else than root can meet, told from the bits of modes.
    static let permissions: [Reason] = [
        Reason(
            testDescription: "unreadable", path: "a.pdf", verdict: "refused", exit: 65,
            says: ["rule": "not_readable", "remedy": "chmod u+r "]
        ) {
            try $0.drop(pdf, as: "a.pdf")
            chmod($0("a.pdf"), 0o200)
        },
        Reason(
            testDescription: "somebody else's unreadable", path: "a.pdf", verdict: "refused",
            exit: 65, says: ["rule": "not_readable", "remedy": "uid 0 or root"]
        ) {
            try $0.put(pdf, at: $0("a.pdf"), owner: 0)
            chmod($0("a.pdf"), 0o640)
        },
        Reason(
            testDescription: "closed folder", path: "x/y/a.pdf", verdict: "refused", exit: 65,
            says: ["sentence": "the folder x,", "remedy": "chmod u+x "]
        ) {
            try $0.drop(pdf, as: "x/y/a.pdf")
            chmod($0("x"), 0o600)
        },
        Reason(
            testDescription: "unlisted folder", path: "x/a.pdf", verdict: "refused", exit: 65,
            says: ["sentence": "the folder x,", "remedy": "chmod u+r "]
        ) {
            try $0.drop(pdf, as: "x/a.pdf")
            chmod($0("x"), 0o300)
        },
        Reason(
            testDescription: "read-only folder", path: "x/a.pdf", verdict: "refused", exit: 65,
            says: ["rule": "not_removable", "remedy": "chmod u+w "]
        ) {
            try $0.drop(pdf, as: "x/a.pdf")
            chmod($0("x"), 0o500)
        },
        Reason(
            testDescription: "sticky folder", path: "x/a.pdf", verdict: "refused", exit: 65,
            says: ["rule": "not_removable", "remedy": "chown 40001 "]
        ) {
            try $0.makeFolder("x")
            chown($0("x"), 0, 0)
            chmod($0("x"), 0o1777)
            try $0.put(pdf, at: $0("x/a.pdf"), owner: FlowScene.otherUID)
        },
    ]
}

@Suite(.timeLimit(.minutes(2))) struct ExplainTests {
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
            #expect(said["remedy"].hasPrefix("chmod "), "\(said.output)")
            let shell = try await RunningProgram.run(
                "/bin/sh", ["-c", said["remedy"]])
            #expect(shell.0 == .exited(0), "\(shell.1)")
        }
        let said = try await Explained(question)
        #expect(said.verdict == "waiting", "\(said.output)")
    }

    @Test(.enabled(if: geteuid() == 0)) func `an immutable file is told with its chattr`()
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
        #expect(said["remedy"] == "chattr -i -a \(scene("a.pdf"))", "\(said.output)")
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
        let told = try scene.text("inbox.status.json")
        let moment = try #require(look["at"] as? String, "\(said.output)")
        #expect(told.contains(moment), "\(told)")
        #expect(said["rule"].contains("1h after its writer closed it"), "\(said.output)")
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
    }
}
