import Foundation
import Rules
import Testing

/// Starting, stopping, and starting again.
@Suite(.serialized, .timeLimit(.minutes(5))) struct StopTests {
    let scene: FlowScene

    init() throws { scene = try FlowScene() }

    @Test func `a stop in the midst of work loses nothing and spends no attempt`() async throws {
        let daemon = try await scene.start(settings: FlowScene.oneBusyWorker)
        // A page that no computer finishes: its worker is at work until it is told to stop.
        try scene.drop("pdf/endless.pdf")
        try await daemon.line(.stageStarted) { $0["stage"] == "text" }
        for number in 1...5 { try scene.drop("pdf/english.pdf", as: "\(number).pdf") }
        try await daemon.line(.dropClaimed, "1.pdf")
        try await daemon.stop()
        #expect(daemon.lines(.documentCompleted).isEmpty)
        #expect(try RecordedState(scene).staged().isEmpty)

        let names = (1...5).map { "\($0).pdf" } + ["endless.pdf"]
        let again = try await scene.start(
            settings: "stages: {text: {soft: 1s, hard: 20s}, thumbnail: {soft: 1s, hard: 20s}}")
        try await again.ended(names)
        try await again.stop()
        for name in names {
            #expect(try scene.status(name)["status"] == "completed", "\(name)")
            #expect(try scene.status(name).number("attempt") == 1, "\(name)")
            #expect(!scene.exists(name))
        }
        #expect(try RecordedState(scene).mostAttempts() == 1)
        try await scene.expectClean()
    }

    @Test func `a drop that goes while nobody looks takes its status file along`() async throws {
        let limit = "limits: {default: {bytes: 2431}}"
        let long = String(repeating: "n", count: 240) + ".pdf"
        try scene.makeFolder("sub")
        let names = ["gone.pdf", "sub/gone.pdf", long]
        for name in names + ["stays.pdf"] { try scene.drop("pdf/english.pdf", as: name) }
        try await scene.runOnce(settings: limit)
        let sidecars = try scene.allPaths().filter { $0.hasSuffix(".status.json") }
        #expect(sidecars.count == 5, "four drops' and the inbox's: \(sidecars)")
        for name in names { try FileManager.default.removeItem(atPath: scene(name)) }

        let daemon = try await scene.start(settings: limit)
        try await daemon.line(.dropVanished, "gone.pdf")
        try await daemon.line(.dropVanished, "sub/gone.pdf")
        try await daemon.stop()
        let left = try scene.allPaths().filter { $0.hasSuffix(".status.json") }
        #expect(Set(left) == ["stays.pdf.status.json", "inbox.status.json"], "\(left)")
    }

    @Test func `a stop in the midst of an import imports its rows once`() async throws {
        var table = "name,email\n"
        for number in 1...60_000 { table += "Person \(number),p\(number)@example.com\n" }
        let daemon = try await scene.start()
        try scene.drop(Data(table.utf8), as: "people.csv")
        try await daemon.line(.stageStarted) { $0["stage"] == "import" }
        try await daemon.stop()

        let again = try await scene.start()
        // On a busy machine the import may have come to its end before the stop came.
        if daemon.lines(.documentCompleted).isEmpty { try await again.ended(["people.csv"]) }
        try await again.stop()
        let result = try scene.status("people.csv").result
        #expect(result["processed_count"] as? Int == 60_000)
        #expect(result["duplicates_skipped"] as? Int == 0)
        let state = RecordedState(scene)
        #expect(try state.imported("SELECT count(*) FROM participants") == [60_000])
        #expect(try state.mostAttempts() == 1)
        try await scene.expectClean()
    }

    @Test func `a run that takes what is there can be stopped while it waits for a drop to settle`()
        async throws
    {
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        let daemon = try await scene.start(inbox: "settle_without_proof: 1h", isOnce: true)
        try await daemon.line(.dropNoticed, "a.pdf")
        try await daemon.stop()
        #expect(scene.exists("a.pdf"))
    }

    @Test func `the status of a document that waits for its turn is written anew at the start`()
        async throws
    {
        let settings = FlowScene.oneBusyWorker
        let daemon = try await scene.start(settings: settings)
        try scene.drop("pdf/endless.pdf")
        try await daemon.line(.stageStarted) { $0["stage"] == "text" }
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await daemon.line(.dropRemoved, "a.pdf")
        try await daemon.stop()
        let told = try scene.status("a.pdf")
        #expect(told.state == "queued")
        try FileManager.default.removeItem(atPath: scene("a.pdf.status.json"))

        let again = try await scene.start(settings: settings)
        // It stays behind the endless one: no line of the log tells of it, only the file itself.
        while !scene.exists("a.pdf.status.json"), !Task.isCancelled { await Task.yield() }
        try await again.stop()
        #expect(try scene.status("a.pdf").text == told.text)
    }

    @Test func `what was dropped while no daemon ran is found at the start`() async throws {
        let daemon = try await scene.start()
        try await daemon.stop()
        try scene.drop("pdf/english.pdf", as: "sub/deep/a.pdf")
        let again = try await scene.start()
        try await again.ended(["sub/deep/a.pdf"])
        try await again.stop()
        #expect(try scene.status("sub/deep/a.pdf").state == "completed")
    }

    @Test func `a second daemon on the same state is refused, and does no harm`() async throws {
        let daemon = try await scene.start()
        let (end, output) = try await RunningProgram.run(
            "ingestd", ["run", "--inbox", scene.inbox, "--state", scene.state])
        #expect(end == .exited(75))
        #expect(output.contains("another ingestd works in \(scene.state)"))
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await daemon.ended(["a.pdf"])
        try await daemon.stop()
    }

    @Test func `the service manager hears of start, life and stop`() async throws {
        let ear = try ServiceManagerEar(in: scene.folder)
        try scene.configure()
        let program = RunningProgram.builtPrograms.appending(path: "ingestd").path
        let daemon = DaemonProcess(
            program: try RunningProgram(
                "/usr/bin/env",
                [
                    "NOTIFY_SOCKET=\(ear.path)", "WATCHDOG_USEC=100000", program, "run",
                    "--config", scene.config,
                ]))
        // It is alive before all inboxes are served, and may say so.
        let early = try await ear.heard("READY=1")
        #expect(early.allSatisfy { $0 == "WATCHDOG=1" }, "\(early)")
        for _ in 1...3 { try await ear.heard("WATCHDOG=1") }
        daemon.program.send(SIGHUP)
        try await daemon.line(.configReloaded)
        let afterwards = try await ear.heard("READY=1")
        #expect(afterwards.contains { $0.hasPrefix("RELOADING=1\nMONOTONIC_USEC=") })
        daemon.program.send(SIGTERM)
        try await ear.heard("STOPPING=1")
        let end = try await daemon.program.ended()
        #expect(end == .exited(0))
        #expect(daemon.lines(.catalogueFailed).isEmpty)
    }

    @Test func `a config that is wrong is not taken on reload, and the old one holds`()
        async throws
    {
        let daemon = try await scene.start()
        try scene.configure(settings: "limist: {default: {files: 0}}")
        daemon.program.send(SIGHUP)
        let refusal = try await daemon.line(.configRefused)
        #expect(refusal["detail"]?.contains("limits") == true)
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await daemon.ended(["a.pdf"])
        try await daemon.stop()
    }
}
