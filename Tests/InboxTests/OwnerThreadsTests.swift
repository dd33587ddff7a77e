import Glibc
import Synchronization
import Testing

@testable import Inbox

@Suite(.timeLimit(.minutes(5))) struct OwnerThreadsTests {
    let threads = OwnerThreads()

    @Test func `a way that hangs stops only those who go it`() async throws {
        var gate: [Int32] = [-1, -1]
        #expect(pipe(&gate) == 0)
        let (closed, open) = (gate[0], gate[1])
        try await withThrowingTaskGroup { group in
            // More than a pool has threads.
            for _ in 0..<(2 * MountThreads.threadLimit) {
                group.addTask {
                    try await threads.threads(onTheWayTo: "/hung").run(as: .ofProcess()) {
                        var byte: UInt8 = 0
                        _ = read(closed, &byte, 1)
                    }
                }
            }
            let other = threads.threads(onTheWayTo: "/well")
            #expect(try await other.run(as: .ofProcess()) { 7 } == 7)
            #expect(try await threads.run(as: .ofProcess(), onMount: 1) { 8 } == 8)
            close(open)
            try await group.waitForAll()
        }
        close(closed)
    }

    @Test func `threads end with the last who holds their pool`() async throws {
        weak var pool: MountThreads?
        func use() async throws {
            let held = threads.threads(ofMount: 3)
            pool = held
            #expect(try await held.run(as: .ofProcess()) { 1 } == 1)
            #expect(threads.threads(ofMount: 3) === held)
        }
        try await use()
        // Its thread lets go of it a moment after the answer.
        while pool != nil, !Task.isCancelled { await Task.yield() }
        #expect(pool == nil)
    }

    @Test func `a way that hangs keeps its few threads though nobody waits any more`() async throws
    {
        var gate: [Int32] = [-1, -1]
        #expect(pipe(&gate) == 0)
        let (closed, open) = (gate[0], gate[1])
        weak var pool: MountThreads?
        func giveUp() async throws {
            let held = threads.threads(onTheWayTo: "/hung")
            pool = held
            await #expect(throws: InboxError.silent(after: .zero)) {
                try await held.run(
                    as: .ofProcess(), answeringWithin: .zero, by: ContinuousClock()
                ) {
                    var byte: UInt8 = 0
                    _ = read(closed, &byte, 1)
                }
            }
        }
        try await giveUp()
        #expect(threads.threads(onTheWayTo: "/hung") === pool)
        close(open)
        while pool != nil, !Task.isCancelled { await Task.yield() }
        #expect(pool == nil)
        close(closed)
    }
}
