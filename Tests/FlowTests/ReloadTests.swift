import Foundation
import Rules
import Testing

/// What a reload takes and what it leaves.
@Suite(.timeLimit(.minutes(5))) struct ReloadTests {
    let scene: FlowScene

    init() throws { scene = try FlowScene() }

    @Test func `what only a restart changes is named`() async throws {
        let daemon = try await scene.start()
        try scene.configure(inbox: "poll: 3s", settings: "workers: {count: 1}")
        daemon.program.send(SIGHUP)
        let warning = try await daemon.line(.changesIgnored)
        #expect(warning["reason"] == "inboxes, workers")
        try scene.configure(settings: "limits: {default: {files: 3}}")
        daemon.program.send(SIGHUP)
        try await daemon.line(.configReloaded, count: 2)
        try await daemon.stop()
        #expect(daemon.lines(.changesIgnored).count == 1)
    }

    @Test func `without a config file nothing is reloaded`() async throws {
        let program = try RunningProgram(
            "ingestd", ["run", "--inbox", scene.inbox, "--state", scene.state])
        let daemon = DaemonProcess(program: program)
        func said(_ event: JournalEvent) async throws {
            _ = try await program.awaited(event.rawValue) { lines in
                lines.first { $0.text.contains(event.rawValue) }
            }
        }
        try await said(.daemonReady)
        daemon.program.send(SIGHUP)
        try await said(.nothingToReload)
        try await daemon.stop()
        #expect(
            program.lines.allSatisfy { !$0.text.contains(JournalEvent.configReloaded.rawValue) })
    }
}
