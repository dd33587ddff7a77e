import Synchronization
import Testing

@testable import Pipeline

/// Pieces of one large task, side by side.
@Suite struct BatchesTests {
    @Test(arguments: [0, 1, 2, 7], [1, 2])
    func `each piece is worked on once`(count: Int, lanes: Int) async throws {
        let done = Mutex<[Int]>([])
        try await Batches.work(through: Array(0..<count), lanes: lanes) { batch in
            done.withLock { $0.append(batch) }
        }
        #expect(done.withLock { $0.sorted() } == Array(0..<count))
    }

    @Test func `whoever is cancelled begins no further piece`() async throws {
        let begun = Mutex(0)
        let handle = Mutex<Task<Void, any Error>?>(nil)
        let (signal, gate) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            // Not before it can be got at.
            for await _ in signal { break }
            try await Batches.work(through: Array(0..<1000), lanes: 2) { _ in
                begun.withLock { $0 += 1 }
                handle.withLock { $0?.cancel() }
            }
        }
        handle.withLock { $0 = task }
        gate.yield()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect((1...2).contains(begun.withLock { $0 }))
    }

    @Test func `what fails is told`() async {
        struct Trouble: Error {}
        await #expect(throws: Trouble.self) {
            try await Batches.work(through: Array(0..<10), lanes: 2) { batch in
                if batch == 3 { throw Trouble() }
            }
        }
    }
}
