import GRDB
import Rules
import Synchronization

/// Lets writes that come while a commit is under way share the next one, and its sync.
///
/// A write that comes alone waits for nobody. Each is all or nothing by itself: one that fails is
/// undone without the others, and a commit that fails is told to all of them.
/// Rule: docs/design.md, "Catalogue".
final class SharedCommits: Sendable {
    /// At so many a commit takes no further ones along: past that, sharing saves little and waiting
    /// grows.
    static let batchLimit = 256

    /// Writes that were asked for together, and whoever waits for their end.
    struct Write: Sendable {
        /// Whether the commit is to outlast a power cut.
        let isDurable: Bool
        let count: Int
        /// Performs one of them; asked again where all were undone because of one that failed.
        let perform: @Sendable (_ index: Int, Database) throws -> Void
        /// Told once: for each nil when it is committed.
        let end: @Sendable ([(any Error)?]) -> Void
    }

    private struct State {
        /// Bounded by the tasks that wait, each for its own.
        var waiting: [Write] = []
        var isUnderWay = false
    }

    private let queue: DatabaseQueue
    private let state = Mutex(State())

    init(queue: DatabaseQueue) { self.queue = queue }

    /// Adds writes; they are performed as soon as the ones before them are committed.
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
            var count = 0
            let batch = Array(
                state.waiting.prefix { write in
                    defer { count += write.count }
                    return count == 0 || count + write.count <= Self.batchLimit
                })
            state.waiting.removeFirst(batch.count)
            return batch
        }
    }

    private static func commit(_ batch: [Write], to db: Database) {
        let isDurable = batch.contains(where: \.isDurable)
        var ends = batch.map { [(any Error)?](repeating: nil, count: $0.count) }
        do {
            // Mostly nothing fails. To be able to undo one write alone costs more than the write: the
            // database then keeps a copy of each page that the others change.
            try db.transaction(isDurable: isDurable) {
                for write in batch {
                    for index in 0..<write.count { try write.perform(index, db) }
                }
            }
        } catch {
            do {
                try db.transaction(isDurable: isDurable) {
                    for (place, write) in batch.enumerated() {
                        for index in 0..<write.count {
                            ends[place][index] = try db.attempt { try write.perform(index, $0) }
                        }
                    }
                }
            } catch {
                ends = ends.map { $0.map { $0 ?? error } }
            }
        }
        for (write, end) in zip(batch, ends) { write.end(end) }
    }
}

extension Database {
    /// Runs `body` so that it can be undone by itself; returns why it was.
    ///
    /// - Throws: what undid the whole transaction, as a full or failing disk may.
    fileprivate func attempt(_ body: (Database) throws -> Void) throws -> (any Error)? {
        do {
            try inSavepoint {
                try body(self)
                return .commit
            }
            return nil
        } catch {
            guard isInsideTransaction else { throw error }
            return error
        }
    }

    /// One transaction, whose commit is synced if it is to be durable.
    func transaction(isDurable: Bool, _ body: () throws -> Void) throws {
        if !isDurable { try execute(sql: "PRAGMA synchronous = NORMAL") }
        defer { if !isDurable { restoreDurability() } }
        try inTransaction {
            try body()
            return .commit
        }
    }

    private func restoreDurability() {
        do {
            try execute(sql: "PRAGMA synchronous = FULL")
        } catch {
            // To go on would break the promise of every later commit.
            preconditionFailure("the catalogue cannot be made durable again: \(error)")
        }
    }
}
