import Rules
import SystemPackage
import Testing

@testable import Workers

@Suite struct WorkerLauncherTests {
    @Test func `the command line tells identity and limits`() {
        let launcher = WorkerLauncher(
            executable: "/opt/worker", arguments: ["first"],
            identity: WorkerIdentity(uid: 990, gid: 991))
        let limits = WorkerLimits(
            softDeadline: .milliseconds(1500), hardDeadline: .milliseconds(2500),
            memory: .mebibytes(1), outputLimit: .zero)
        #expect(
            launcher.commandLine(under: limits) == [
                "/opt/worker", "first", "--uid", "990", "--gid", "991", "--memory", "1048576",
                "--cpu-seconds", "12", "--soft-seconds", "1",
            ])
    }

    @Test func `output and log make no difference to a process`() {
        let launcher = WorkerLauncher(executable: "/opt/worker")
        var other = WorkerLimits.ample
        other.outputLimit = .zero
        #expect(launcher.commandLine(under: other) == launcher.commandLine(under: .ample))
    }

    @Test func `a worker that leaves in order passes the rehearsal`() throws {
        #expect(try misbehaving("none").rehearse(under: .ample) == ["at work"])
    }

    @Test(arguments: [
        ("leaves", "try out the worker: at work (exit status 7)"),
        ("unheard-of", "try out the worker: exit status 64"),
        ("traps", "SIG"),
    ])
    func `one that does not is told of`(misdeed: String, detail: String) throws {
        let failure = #expect(throws: Failure.self) {
            try misbehaving(misdeed).rehearse(under: .ample)
        }
        #expect(failure?.code == .internalError)
        #expect(failure?.detail.contains(detail) == true, "\(String(describing: failure))")
    }

    @Test func `one that stays is not waited for`() throws {
        let failure = #expect(throws: Failure.self) {
            try misbehaving("outstays").rehearse(under: .ample, deadline: .milliseconds(500))
        }
        #expect(failure?.detail == "try out the worker: it did not end within 0.5 seconds")
    }

    private func misbehaving(_ misdeed: String) throws -> WorkerLauncher {
        WorkerLauncher(
            executable: try ownDirectory().appending("MisbehavingWorker"), arguments: [misdeed])
    }
}
