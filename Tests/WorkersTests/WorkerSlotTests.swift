import Glibc
import Rules
import SystemPackage
import Testing
import WorkerProtocol

@testable import Workers

@Suite struct WorkerSlotTests {
    private static let text = StageRequest.text(pageLimit: 10, byteLimit: 1000)

    @Test func `stopping interrupts the stage that runs and all that would follow`() async throws {
        let bench = try WorkerBench(misdeed: "spins")
        let outcomes = try await bench.run { session in
            let running = session.run(Self.text, limits: .ample) { _ in bench.slot.stop() }
            return [running, session.run(Self.text, limits: .ample) { _ in }]
        }
        let later = try await bench.outcome()
        #expect((outcomes + [later]).map(\.isInterrupted) == [true, true, true])
        #expect(bench.lines.count == 1, "only the first stage has seen a worker")
        #expect(bench.remains.isEmpty)
    }

    @Test func `cancelling the task interrupts its document and no other`() async throws {
        let bench = try WorkerBench(misdeed: "spins")
        let (begun, signal) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            try await bench.run { session in
                let outcome = session.run(Self.text, limits: .ample) { _ in signal.yield() }
                return (outcome, session.isInterrupted)
            }
        }
        for await _ in begun { break }
        task.cancel()
        let (outcome, isInterrupted) = try await task.value
        #expect(outcome.isInterrupted)
        #expect(isInterrupted)
        let next = try await bench.run { $0.isInterrupted }
        #expect(!next)
        #expect(bench.remains.isEmpty)
    }

    @Test func `what the body throws comes back`() async throws {
        struct Surprise: Error {}
        let bench = try WorkerBench(misdeed: "none")
        await #expect(throws: Surprise.self) {
            try await bench.run { _ in throw Surprise() }
        }
        #expect(try await bench.outcome().result == .text(characters: 1))
    }

    @Test func `a session runs on the slot's own thread`() async throws {
        let bench = try WorkerBench(misdeed: "none")
        let names = try await [
            bench.run { _ in try threadName() }, bench.run { _ in try threadName() },
        ]
        #expect(names == ["worker-0", "worker-0"])
    }

    @Test func `a worker starts with its three descriptors and nothing else`() async throws {
        let bench = try WorkerBench(misdeed: "inspects")
        signal(SIGPIPE, SIG_IGN)
        let facts = try await bench.run { session in
            var artifacts = ArtifactCollector()
            _ = session.run(Self.text, limits: .ample) { artifacts.take($0) }
            return artifacts.texts["text.txt"].map { $0.split(separator: "\n") } ?? []
        }
        #expect(
            facts == [
                "open [0, 1, 2]", "environment [\"SWIFT_BACKTRACE=enable=no\"]", "blocked []",
                "ignored []", "leads session false", "leads group false", "directory /",
                "blob access 0", "arguments [\"inspects\"]",
            ])
    }

    @Test func `many slots work side by side`() async throws {
        let benches = try (0..<8).map { _ in try WorkerBench(misdeed: "none") }
        try await withThrowingTaskGroup(of: StageResult?.self) { group in
            for bench in benches { group.addTask { try await bench.outcome().result } }
            for try await result in group { #expect(result == .text(characters: 1)) }
        }
        #expect(benches.flatMap(\.remains).isEmpty)
    }
}

/// The calling thread's name, as the kernel has it.
private func threadName() throws -> String {
    let file = try FileDescriptor.open("/proc/thread-self/comm", .readOnly)
    return try file.closeAfter {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = try bytes.withUnsafeMutableBytes { try file.read(into: $0) }
        return String(decoding: bytes.prefix(count - 1), as: UTF8.self)
    }
}
