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
            var artifacts = ArtifactCollector()
            _ = session.run(.text(pageLimit: 1, byteLimit: 1), limits: .ample) {
                artifacts.take($0)
            }
            return artifacts.honestPid
        }
        return try #require(text.flatMap { pid_t($0) })
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

    @Test func `a session that is to be alone from here on leaves a process that has seen others`()
        async throws
    {
        let bench = try WorkerBench(misdeed: "none")
        let first = try await pid(bench, Self.alice)
        let pids = try await bench.run(of: Self.alice) { session in
            (0..<4).map { round -> pid_t? in
                if round > 0 { session.beAlone() }
                var artifacts = ArtifactCollector()
                _ = session.run(.text(pageLimit: 1, byteLimit: 1), limits: .ample) {
                    artifacts.take($0)
                }
                return artifacts.honestPid.flatMap { pid_t($0) }
            }
        }
        let shared = try #require(pids[0])
        let alone = try #require(pids[1])
        #expect(alone != first && alone != shared)
        #expect(kill(shared, 0) != 0)
        // It has seen this document only, and goes on with it.
        #expect(pids[2] == alone && pids[3] == alone)
        #expect(bench.slot.isCold, "no other document meets it")
        #expect(kill(alone, 0) != 0)
        let next = try await pid(bench, Self.alice)
        #expect(next != alone)
        await bench.slot.rest()
    }

    @Test func `a session that is to be alone from its beginning takes over no process`()
        async throws
    {
        let bench = try WorkerBench(misdeed: "none")
        let first = try await pid(bench, Self.alice)
        let pid = try await bench.run(of: Self.alice) { session -> pid_t? in
            session.beAlone()
            var artifacts = ArtifactCollector()
            _ = session.run(.text(pageLimit: 1, byteLimit: 1), limits: .ample) {
                artifacts.take($0)
            }
            return artifacts.honestPid.flatMap { pid_t($0) }
        }
        #expect(pid != nil && pid != first)
        #expect(kill(first, 0) != 0)
        #expect(bench.slot.isCold)
    }

    @Test func `a template that stands by has seen nobody, and its children go to whoever comes`()
        async throws
    {
        let bench = try WorkerBench(misdeed: "none")
        await bench.slot.standBy()
        let template = try #require(bench.slot.templatePid)
        await bench.slot.standBy()
        #expect(bench.slot.templatePid == template, "one that stands by already is left alone")
        let first = try await pid(bench, Self.alice)
        #expect(try await pid(bench, Self.bob) != first)
        #expect(bench.slot.templatePid == template)
        await bench.slot.standBy()
        #expect(bench.slot.isCold, "nobody's data outlives the work")
        #expect(bench.slot.templatePid == template)
        await bench.slot.end()
        #expect(kill(template, 0) != 0)
        #expect(bench.slot.templatePid == nil)
        #expect(try await pid(bench, nil) != first, "a slot that was ended starts afresh")
        await bench.slot.end()
    }

    @Test func `a template that died while it stood by is replaced and costs nobody an attempt`()
        async throws
    {
        let bench = try WorkerBench(misdeed: "none")
        await bench.slot.standBy()
        let dead = try #require(bench.slot.templatePid)
        kill(dead, SIGKILL)
        var facts = siginfo_t()
        // Returns once it is dead, and leaves it to be reaped by its owner.
        waitid(P_PID, id_t(dead), &facts, WEXITED | WNOWAIT)
        _ = try await pid(bench, Self.alice)
        #expect(bench.slot.templatePid != dead)
        await bench.slot.end()
    }

    @Test
    func
        `a template that dies over a document takes its child along, and the document is not to blame`()
        async throws
    {
        let bench = try WorkerBench(misdeed: "templateDiesOverChild")
        let outcome = try await bench.outcome()
        guard case .notStarted(let failure) = outcome else {
            Issue.record("it was blamed: \(outcome)")
            return
        }
        #expect(failure.detail.contains("it died over its child"))
        #expect(bench.slot.templatePid == nil)
        // Whoever adopts it reaps it in their own time.
        let child = try #require(bench.lines.last?.fields[.pid].flatMap { pid_t($0) })
        try awaitEnd(of: child)
    }

    @Test
    func `a misdeed ends the template as well, so that the next child's memory lies elsewhere`()
        async throws
    {
        let bench = try WorkerBench(misdeed: "faults")
        await bench.slot.standBy()
        let template = try #require(bench.slot.templatePid)
        _ = try await bench.outcome()
        #expect(bench.slot.templatePid == nil)
        #expect(kill(template, 0) != 0)
    }

    @Test func `a template has so many children and no more`() async throws {
        let bench = try WorkerBench(misdeed: "none")
        var templates: Set<pid_t> = []
        for _ in 0...WorkerTemplate.childLimit {
            _ = try await pid(bench, nil)
            templates.insert(try #require(bench.slot.templatePid))
        }
        #expect(templates.count == 2)
        await bench.slot.end()
    }

    @Test
    func `a process that has grown leaves the next document to another, and nobody is blamed`()
        async throws
    {
        let bench = try WorkerBench(misdeed: "declinesSecond")
        let first = try await pid(bench, Self.alice)
        #expect(!bench.slot.isCold)
        #expect(try await pid(bench, Self.alice) != first)
        #expect(bench.lines.allSatisfy { $0.event == .workerSaid })
        await bench.slot.end()
    }

    @Test func `large documents do not follow each other in a process`() async throws {
        let half = WorkerProcess.byteLimit.bytes / 2
        let bench = try WorkerBench(misdeed: "none", blobSize: half + 1)
        let first = try await pid(bench, Self.alice)
        #expect(try await pid(bench, Self.alice) != first)
        let small = try WorkerBench(misdeed: "none", blobSize: half)
        let begin = SuspendingClock.now
        let other = try await pid(small, Self.alice)
        let next = try await pid(small, Self.alice)
        let last = try await pid(small, Self.alice)
        // On a slow machine its age may end a process before.
        if SuspendingClock.now - begin < WorkerProcess.lifetime {
            #expect(next == other)
            #expect(last != next)
        }
        for slot in [bench.slot, small.slot] { await slot.end() }
    }

    @Test(arguments: [1, 2, 5, 19, 120, 1800])
    func `the last document of a process has all the processor time that its stages may take`(
        hardSeconds: Int
    ) {
        let limits = WorkerLimits.hard(.seconds(hardSeconds)).ofChild
        let age = WorkerProcess.lifetime(under: limits)
        #expect(age > .zero && age <= WorkerProcess.lifetime)
        #expect(age + .seconds(hardSeconds) * 4 <= .seconds(limits.cpuSeconds))
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
