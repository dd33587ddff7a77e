import Foundation
import Glibc
import Rules
import Testing

/// The same asked for on the command line.
@Suite(.serialized, .timeLimit(.minutes(5))) struct RequestCommandTests {
    let scene: FlowScene

    init() throws { scene = try FlowScene() }

    private func run(
        _ arguments: [String], as uid: uid_t? = nil
    ) async throws -> (RunningProgram.End, String) {
        guard let uid, geteuid() == 0 else {
            return try await RunningProgram.run("ingestd", arguments)
        }
        let program = RunningProgram.builtPrograms.appending(path: "ingestd").path
        return try await RunningProgram.run(
            "/usr/bin/setpriv",
            ["--reuid", "\(uid)", "--regid", "\(uid)", "--clear-groups", program] + arguments)
    }

    private func started() async throws -> DaemonProcess {
        let daemon = try await scene.start()
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await daemon.ended(["a.pdf"])
        return daemon
    }

    @Test(.enabled(if: geteuid() == 0, "an operator is somebody else than the owner"))
    func `an operator asks through the state directory`() async throws {
        let daemon = try await started()
        let (end, output) = try await run(
            ["thumbnail", "--page", "2", "--config", scene.config, scene("a.pdf")])
        #expect(end == .exited(0), "\(output)")
        #expect(output.contains("thumbnail-2 asked for"))
        #expect(!output.contains("no daemon runs"))
        try await daemon.line(.requestAccepted, "a.pdf.thumbnail-2")
        try await daemon.line(.documentCompleted, "a.pdf", count: 2)
        try await daemon.stop()
        let left = try FileManager.default.contentsOfDirectory(atPath: scene.state + "/requests")
        #expect(left == [])
        #expect(!scene.exists("a.pdf.thumbnail-2"))
    }

    @Test(.enabled(if: geteuid() == 0, "an operator is somebody else than the owner"))
    func `what an operator asks while no daemon runs is done at the next start`() async throws {
        try await started().stop()
        let (end, output) = try await run(
            ["refresh", "--config", scene.config, "--json", scene("a.pdf")])
        #expect(end == .exited(0), "\(output)")
        #expect(output.contains("\"daemon_runs\":false"), "\(output)")
        let daemon = try await scene.start()
        try await daemon.line(.documentCompleted, "a.pdf")
        try await daemon.stop()
        #expect(daemon.lines(.stageStarted).count == 3)
    }

    @Test(.enabled(if: geteuid() == 0, "an operator is somebody else than the owner"))
    func `about what was never taken an operator cannot ask`() async throws {
        try await started().stop()
        let (end, output) = try await run(["retry", "--config", scene.config, scene("b.pdf")])
        #expect(end == .exited(66), "\(output)")
        #expect(output.contains("was never taken"))
    }

    @Test func `an owner asks in the inbox`() async throws {
        let daemon = try await started()
        // The config of another's is closed to them: the inbox is known by its status file.
        let (end, output) = try await run(["refresh", scene("a.pdf")], as: FlowScene.uid)
        #expect(end == .exited(0), "\(output)")
        try await daemon.line(.documentCompleted, "a.pdf", count: 2)
        try await daemon.stop()
        #expect(!scene.exists("a.pdf.refresh"))
    }

    @Test func `what cannot be asked is said`() async throws {
        try await started().stop()
        let arguments = ["--config", scene.config]
        for (path, code) in [("/nowhere/a.pdf", 66), (scene("a.txt"), 65)] as [(String, Int32)] {
            let (end, output) = try await run(["retry"] + arguments + [path])
            #expect(end == .exited(code), "\(path): \(output)")
        }
        let (end, _) = try await run(["thumbnail", "--page", "0"] + arguments + [scene("a.pdf")])
        #expect(end == .exited(64))
    }

    @Test func `nonsense in the folder of requests is logged and removed`() async throws {
        let daemon = try await started()
        let path = scene.state + "/requests/nonsense"
        try "retry everything".write(toFile: path, atomically: true, encoding: .utf8)
        try await daemon.line(.requestIgnored, path)
        try await daemon.stop()
        #expect(access(path, F_OK) != 0)
    }
}
