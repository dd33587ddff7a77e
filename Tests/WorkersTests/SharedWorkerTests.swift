import Glibc
import Rules
import Testing
import WorkerProtocol

@testable import Workers

/// Which documents a worker process sees one after the other.
@Suite struct SharedWorkerTests {
    private static let alice = Account(uid: 40_001, name: "alice")
    private static let bob = Account(uid: 40_002, name: "bob")

    /// Runs one stage as a document of the account's; returns the pid that its worker says it has.
    private func pid(_ bench: WorkerBench, _ account: Account?) async throws -> pid_t {
        let text = try await bench.run(of: account) { session in
            var gathered: [UInt8] = []
            var isPid = false
            _ = session.run(.text(pageLimit: 1, byteLimit: 1), limits: .ample) { reply in
                switch reply {
                case .artifactBegun(let name, _): isPid = name == "pid.txt"
                case .artifactBytes(let bytes) where isPid: gathered += bytes
                default: break
                }
            }
            return String(decoding: gathered, as: UTF8.self)
        }
        return try #require(pid_t(text))
    }

    @Test func `documents of one account follow each other in a process until the slot rests`()
        async throws
    {
        let bench = try WorkerBench(misdeed: "none")
        let begin = SuspendingClock.now
        var first = try await pid(bench, Self.alice)
        let next = try await pid(bench, Self.alice)
        // On a machine so slow that its age has ended the process, there is nothing to see.
        if SuspendingClock.now - begin < WorkerProcess.lifetime { #expect(next == first) }
        first = next
        await bench.slot.rest()
        #expect(kill(first, 0) != 0, "a slot that rests keeps no process")
        let second = try await pid(bench, Self.alice)
        #expect(second != first)
        await bench.slot.rest()
    }

    @Test func `another account never meets the process`() async throws {
        let bench = try WorkerBench(misdeed: "none")
        let first = try await pid(bench, Self.alice)
        let second = try await pid(bench, Self.bob)
        #expect(second != first)
        #expect(kill(first, 0) != 0, "it is gone before the other account's document is begun")
        await bench.slot.rest()
    }

    @Test func `a document that names no account has a process of its own`() async throws {
        let bench = try WorkerBench(misdeed: "none")
        let first = try await pid(bench, nil)
        #expect(kill(first, 0) != 0)
        #expect(try await pid(bench, Self.alice) != first)
        await bench.slot.rest()
    }

    @Test func `a process that stands by serves whoever comes first, and nobody after them`()
        async throws
    {
        for first in [Self.alice, nil] {
            let bench = try WorkerBench(misdeed: "none")
            await bench.slot.standBy(under: .ample)
            let ready = try #require(bench.slot.idlePid)
            await bench.slot.standBy(under: .ample)
            #expect(bench.slot.idlePid == ready, "one that stands by already is left alone")
            #expect(try await pid(bench, first) == ready)
            #expect(try await pid(bench, Self.bob) != ready)
            await bench.slot.standBy(under: .ample)
            let next = try #require(bench.slot.idlePid)
            #expect(try await pid(bench, nil) == next, "it had seen nobody's document")
            await bench.slot.rest()
            #expect(kill(next, 0) != 0)
        }
    }

    @Test func `a process that died while it stood by costs nobody an attempt`() async throws {
        let bench = try WorkerBench(misdeed: "none")
        await bench.slot.standBy(under: .ample)
        let dead = try #require(bench.slot.idlePid)
        kill(dead, SIGKILL)
        var facts = siginfo_t()
        // Returns once it is dead, and leaves it to be reaped by its owner.
        waitid(P_PID, id_t(dead), &facts, WEXITED | WNOWAIT)
        #expect(try await pid(bench, Self.alice) != dead)
        await bench.slot.rest()
    }

    @Test func `a process sees so many documents and no more`() async throws {
        let bench = try WorkerBench(misdeed: "none")
        var pids: [pid_t] = []
        for _ in 0...WorkerProcess.documentLimit { pids.append(try await pid(bench, Self.alice)) }
        // On a slow machine its age may end a process before.
        let shares = Dictionary(grouping: pids) { $0 }.values.map(\.count)
        #expect(shares.allSatisfy { $0 <= WorkerProcess.documentLimit })
        #expect(shares.contains { $0 > 1 })
        await bench.slot.rest()
    }

    @Test func `a process that a document failed in is not used again`() async throws {
        let bench = try WorkerBench(misdeed: "refuses")
        _ = try await bench.run(of: Self.alice) {
            $0.run(.text(pageLimit: 1, byteLimit: 1), limits: .ample) { _ in }
        }
        #expect(bench.remains.isEmpty)
        #expect(bench.slot.isCold)
    }
}
