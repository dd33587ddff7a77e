import GRDB
import Rules
import Synchronization

/// Lets writes that come while a commit is under way share the next one, and its sync.
///
/// A write that comes alone waits for nobody. Each is all or nothing by itself: one that fails is
/// undone without the others, and a commit that fails is told to all of them.
/// Rule: docs/design.md, "Catalogue".
final class SharedCommits: Sendable {
    /// How many writes share a commit at most: past that, sharing saves little and waiting grows.
    static let batchLimit = 64

    /// A write, and whoever waits for its end.
    struct Write: Sendable {
        let perform: @Sendable (Database) throws -> Void
        /// Told once: nil when it is committed.
        let end: @Sendable ((any Error)?) -> Void
    }

    private struct State {
        /// Bounded by the tasks that wait, each for its own.
        var waiting: [Write] = []
        var isUnderWay = false
    }

    private let queue: DatabaseQueue
    private let state = Mutex(State())

    init(queue: DatabaseQueue) { self.queue = queue }

    /// Adds a write; it is performed as soon as the ones before it are committed.
    func add(_ write: Write) {
        let isFirst = state.withLock { state in
            state.waiting.append(write)
            defer { state.isUnderWay = true }
            return !state.isUnderWay
        }
        if isFirst { begin() }
    }

    private func begin() {
        queue.asyncWriteWithoutTransaction { [self] db in
            Self.commit(takeBatch(), to: db)
            let isMore = state.withLock { state in
                state.isUnderWay = !state.waiting.isEmpty
                return state.isUnderWay
            }
            // Whoever else waits for the database has its turn in between.
            if isMore { begin() }
        }
    }

    private func takeBatch() -> [Write] {
        state.withLock { state in
            let batch = Array(state.waiting.prefix(Self.batchLimit))
            state.waiting.removeFirst(batch.count)
            return batch
        }
    }

    private static func commit(_ batch: [Write], to db: Database) {
        var ends = [(any Error)?](repeating: nil, count: batch.count)
        do {
            try db.inTransaction {
                for (index, write) in batch.enumerated() {
                    do {
                        try db.inSavepoint {
                            try write.perform(db)
                            return .commit
                        }
                    } catch {
                        ends[index] = error
                        // A full or failing disk may undo the whole transaction at once.
                        guard db.isInsideTransaction else { throw error }
                    }
                }
                return .commit
            }
        } catch {
            ends = ends.map { $0 ?? error }
        }
        for (write, error) in zip(batch, ends) { write.end(error) }
    }
}
