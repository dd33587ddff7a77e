import CLinux
import Foundation
import Rules
import Testing

/// A worker that dies takes its own document along, and no other.
@Suite(.serialized, .timeLimit(.minutes(5))) struct WorkerDeathTests {
    let scene: FlowScene

    init() throws { scene = try FlowScene() }

    /// A program that ends by a signal over a document with the word, and else is the real worker.
    private func makeMortalWorker() throws -> String {
        let worker = RunningProgram.builtPrograms.appending(path: "ingest-worker").path
        return try makeWorker("diesOfContent '\(worker)'")
    }

    /// A program that is the misbehaving worker with its misdeed.
    private func makeWorker(_ misdeed: String) throws -> String {
        try Self.makeWorker(misdeed, in: scene)
    }

    /// The same for other suites.
    static func makeWorker(_ misdeed: String, in scene: FlowScene) throws -> String {
        let path = scene.folder + "/other-worker"
        let program = RunningProgram.builtPrograms.appending(path: "MisbehavingWorker").path
        let script = """
            #!/bin/sh
            exec '\(program)' \(misdeed) "$@"

            """
        try script.write(toFile: path, atomically: false, encoding: .utf8)
        FlowScene.awaitUnwritten(path)
        chmod(path, 0o755)
        return path
    }

    @Test func `a document that kills its worker fails after two attempts, and harms no other`()
        async throws
    {
        let program = try makeMortalWorker()
        let daemon = try await scene.start(settings: "workers: {count: 2, program: \(program)}")
        var names = ["deadly.pdf"]
        try scene.drop(Data("%PDF-1.7 deadly".utf8), as: "deadly.pdf")
        // A worker that has served another would take it: this program looks at its first alone.
        try await daemon.ended(names)
        for number in 1...6 {
            names.append("\(number).pdf")
            try scene.drop("pdf/english.pdf", as: "\(number).pdf")
        }
        try await daemon.ended(names)
        try await daemon.stop()

        let status = try scene.status("deadly.pdf")
        #expect(status.state == "failed")
        #expect(status.code == "worker_crashed")
        #expect(status.number("attempt") == 2)
        #expect(status.number("max_attempts") == 2)
        #expect(status.stage("info")["attempt"] as? Int == 2)
        #expect(try scene.names(in: "deadly.pdf.results") == ["original.pdf"])
        for name in names.dropFirst() {
            #expect(try scene.status(name).state == "completed", "\(name)")
            #expect(try scene.status(name).number("attempt") == 1, "\(name)")
        }
        try await scene.expectClean()
    }

    @Test func `what killed its workers is not tried again when it comes under another name`()
        async throws
    {
        let program = try makeMortalWorker()
        let daemon = try await scene.start(settings: "workers: {count: 2, program: \(program)}")
        let deadly = Data("%PDF-1.7 deadly".utf8)
        // All of one content: while the first is read the others wait for what it comes to.
        let names = (1...4).map { "\($0).pdf" }
        for name in names { try scene.drop(deadly, as: name) }
        try await daemon.ended(names)
        try scene.drop(deadly, as: "later.pdf")
        try await daemon.ended(["later.pdf"])
        try await daemon.stop()
        #expect(daemon.lines(.workerKilled).count == 2)
        for name in names + ["later.pdf"] {
            #expect(try scene.status(name).code == "worker_crashed", "\(name)")
            #expect(try scene.names(in: name + ".results") == ["original.pdf"])
        }
        try await scene.expectClean()
    }

    @Test func `the first pages of a text that is cut off for good are kept and told of`()
        async throws
    {
        let program = try makeWorker("stallsInText")
        let daemon = try await scene.start(
            settings: "workers: {count: 1, program: \(program)}\n"
                + "stages: {text: {soft: 1s, hard: 2s}}")
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await daemon.ended(["a.pdf"])
        try await daemon.stop()

        let status = try scene.status("a.pdf")
        #expect(status.state == "completed_with_warnings")
        #expect(status.stage("text")["attempt"] as? Int == 2)
        #expect(
            status.warnings == [
                "The text ends after page 2: reading on took too long (timeout)."
            ])
        #expect(status.result["text_characters"] as? Int == 6)
        #expect(try scene.text("a.pdf.results/text.txt") == "one\u{c}two\u{c}")
        try await scene.expectClean()
    }

    @Test func `a daemon that is killed takes its templates and their children along`()
        async throws
    {
        let daemon = try await scene.start(
            settings: "\(FlowScene.patience)\nworkers: {count: 2}")
        // Pages that no computer finishes: both workers are at work until something ends them.
        for (number, name) in ["a.pdf", "b.pdf"].enumerated() {
            let endless = try Data(contentsOf: FlowScene.fixture("pdf/endless.pdf"))
            try scene.drop(endless + Data("\n% \(name)\n".utf8), as: name)
            try await daemon.line(.stageStarted, count: number + 1) { $0["stage"] == "text" }
        }
        // For each slot a keeper, its template and the template's child; a stage is on record before its
        // worker starts.
        var watched: [Int32] = []
        defer { for descriptor in watched { close(descriptor) } }
        while watched.count < (geteuid() == 0 ? 6 : 4), !Task.isCancelled {
            for descriptor in watched { close(descriptor) }
            // One that came to its end meanwhile is none of them.
            watched = try Self.descendants(of: daemon.program.pid).map { linux_pidfd_open($0) }
                .filter { $0 >= 0 }
            await Task.yield()
        }
        daemon.program.send(SIGKILL)
        _ = try await daemon.program.ended()
        for descriptor in watched {
            var end = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            #expect(poll(&end, 1, 20_000) == 1)
        }
    }

    /// All processes that a process started, and those that these started.
    private static func descendants(of process: pid_t) throws -> [pid_t] {
        var children: [pid_t: [pid_t]] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: "/proc") {
            guard let pid = pid_t(name),
                // A process may have gone since the folder was read.
                let text = FileManager.default.contents(atPath: "/proc/\(pid)/stat")
            else { continue }
            let fields = String(decoding: text, as: UTF8.self).split(separator: ")").last?
                .split(separator: " ")
            if let parent = fields?.dropFirst().first.flatMap({ pid_t($0) }) {
                children[parent, default: []].append(pid)
            }
        }
        var found: [pid_t] = []
        var next = children[process] ?? []
        while let pid = next.popLast() {
            found.append(pid)
            next += children[pid] ?? []
        }
        return found
    }

    @Test func `a worker that cannot be had is said before anything is taken`() async throws {
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try scene.configure(settings: "workers: {program: /bin/false}")
        let daemon = try DaemonProcess(
            arguments: ["run", "--once", "--config", scene.folder + "/ingestd.yaml"])
        #expect(try await daemon.program.ended() != .exited(0))
        #expect(scene.exists("a.pdf"))
    }
}
