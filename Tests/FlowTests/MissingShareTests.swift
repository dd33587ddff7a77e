import Foundation
import Rules
import Testing

/// Inboxes whose share the system is told to mount and has not: programs run with an `/etc/fstab`
/// of the test's own, in a mount namespace of their own.
@Suite(
    .serialized, .enabled(if: geteuid() == 0 && access("/etc/fstab", F_OK) == 0),
    .timeLimit(.minutes(5)))
struct MissingShareTests {
    let scene: FlowScene

    init() throws { scene = try FlowScene() }

    /// The arguments of `unshare` that run ingestd where the inbox belongs on a share.
    private func unshared(_ arguments: [String]) throws -> [String] {
        let table = scene.folder + "/fstab"
        try "server:/in \(scene.inbox) nfs defaults 0 0\n"
            .write(toFile: table, atomically: true, encoding: .utf8)
        let program = RunningProgram.builtPrograms.appending(path: "ingestd").path
        let script = #"mount --bind "$1" /etc/fstab && shift && exec "$@""#
        return ["--mount", "/bin/sh", "-c", script, "sh", table, program] + arguments
    }

    private static let unshare = "/usr/bin/unshare"

    @Test func `a daemon does not serve the folder beneath it`() async throws {
        try scene.configure()
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        let daemon = DaemonProcess(
            program: try RunningProgram(
                Self.unshare, try unshared(["run", "--config", scene.config])))
        let refusal = try await daemon.line(.inboxRefused)
        #expect(refusal["detail"]?.hasSuffix("mount \(scene.inbox)") == true, "\(refusal)")
        try await daemon.line(.daemonReady)
        try await daemon.stop()
        #expect(try scene.names() == ["a.pdf"])
    }

    @Test func `doctor and explain name the mount that is missing`() async throws {
        try scene.configure()
        let (end, output) = try await RunningProgram.run(
            Self.unshare, try unshared(["doctor", "--config", scene.config]))
        #expect(end == .exited(69), "\(output)")
        #expect(output.contains("folder: the share is not mounted"), "\(output)")
        #expect(output.contains("    mount \(scene.inbox)\n"), "\(output)")
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        let (verdict, words) = try await RunningProgram.run(
            Self.unshare,
            try unshared(["explain", "--config", scene.config, scene("a.pdf")]))
        #expect(verdict == .exited(69), "\(words)")
        #expect(words.contains("is not mounted") && words.contains("mount \(scene.inbox)"))
    }
}
