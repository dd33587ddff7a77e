import Rules
import SystemPackage
import Testing
import WorkerProtocol

@testable import Workers

@Suite struct WorkerLauncherTests {
    @Test func `the command line tells how to be confined`() {
        let launcher = WorkerLauncher(
            executable: "/opt/worker", arguments: ["first"],
            identity: WorkerIdentity(uid: 990, gid: 991), requiresLandlock: true)
        #expect(
            launcher.commandLine == [
                "/opt/worker", "first", "--uid", "990", "--gid", "991", "--require-landlock",
            ])
    }

    @Test func `output and log make no difference to a process, and short times are whole seconds`()
    {
        let limits = WorkerLimits(
            softDeadline: .milliseconds(1500), hardDeadline: .milliseconds(2500),
            memory: .mebibytes(1), outputLimit: .zero)
        var other = limits
        other.outputLimit = .mebibytes(1)
        #expect(other.ofChild == limits.ofChild)
        #expect(
            limits.ofChild == ChildLimits(memory: .mebibytes(1), cpuSeconds: 15, softSeconds: 1))
    }

    @Test(arguments: [
        ("templateLeaves", "it ended, exit status 9"),
        ("templateLies", "it answered what was not asked"),
        ("templateRefuses", "fork a worker: "),
    ])
    func `a template that is none starts no worker`(misdeed: String, why: String) async throws {
        let bench = try WorkerBench(misdeed: misdeed)
        guard case .notStarted(let failure) = try await bench.outcome() else {
            Issue.record("it started")
            return
        }
        #expect(failure.detail.contains(why), "\(failure)")
        #expect(bench.slot.templatePid == nil)
    }

    @Test func `a worker that leaves in order passes the rehearsal`() throws {
        #expect(try misbehaving("none").rehearse(under: .ample) == ["at work"])
    }

    @Test(arguments: [
        ("leaves", "try out the worker: at work (exit status 7)"),
        ("unheard-of", ", exit status 64"),
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
