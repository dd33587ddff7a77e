import CLinux
import Confinement
import Glibc
import Testing

@Suite struct ConfinementTests {
    /// What the filter ends the process for.
    @Test(arguments: [
        "unlink", "rename", "write-file", "socket", "unix-socket", "connect", "send", "exec",
        "exec-descriptor", "fork", "kill-parent", "trace-parent", "read-memory", "mount", "unshare",
        "become-root", "memory-file", "io-uring", "userfaultfd", "bpf", "perf", "keyring",
        "shared-memory", "run-memory", "map-code", "pidfd", "signal-thread", "stat",
    ])
    func `a confined process is killed for trying`(attempt: String) throws {
        #expect(try probe("confined", attempt) == .killed(signal: SIGSYS))
    }

    /// What libraries try in good faith, and can do without.
    @Test(arguments: ["open", "create", "fork-3", "allow-dumps", "raise-limit"])
    func `a confined process is refused`(attempt: String) throws {
        #expect(try probe("confined", attempt) == .exited(10))
    }

    @Test func `a confined process that does nothing forbidden lives`() throws {
        #expect(try probe("confined", "nothing") == .exited(0))
    }

    /// Shows that the probe itself can do what the wall then stops.
    @Test(arguments: ["open", "socket", "unix-socket", "memory-file", "run-memory", "map-code"])
    func `the same attempt succeeds in the open field`(attempt: String) throws {
        #expect(try probe("open-field", attempt) == .exited(0))
    }

    @Test func `Landlock alone keeps files closed`() throws {
        #expect(try probe("landlock", "open") == .exited(10))
        #expect(try probe("landlock", "unix-socket") == .exited(0))
    }

    @Test(arguments: [
        (Int32(1), UInt64(0x1fff), UInt64(0), UInt64(0), 8), (2, 0x3fff, 0, 0, 8),
        (3, 0x7fff, 0, 0, 8), (4, 0x7fff, 3, 0, 16), (5, 0xffff, 3, 0, 16), (6, 0xffff, 3, 3, 24),
        (7, 0xffff, 3, 3, 24),
    ])
    func `each Landlock is asked for all it knows and no more`(
        abi: Int32, files: UInt64, network: UInt64, scope: UInt64, length: Int
    ) {
        let (ruleset, size) = Landlock.ruleset(abi: abi)
        #expect(ruleset.handled_access_fs == files)
        #expect(ruleset.handled_access_net == network)
        #expect(ruleset.scoped == scope)
        #expect(size == length)
    }

    private func probe(_ wall: String, _ attempt: String) throws -> SpawnedProgram.End {
        try SpawnedProgram("ConfinementProbe", arguments: [wall, attempt]).end()
    }
}
