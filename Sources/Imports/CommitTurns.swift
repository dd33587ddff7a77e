import Synchronization

/// Lets the commits into one account's database follow one another, however long each takes.
///
/// SQLite would have the next one ask for its turn again and again, and give up after a while.
final class CommitTurns: Sendable {
    /// One account's.
    final class Turn: Sendable {
        private let lock = Mutex(())

        /// Runs `body` once the commits that came before are over; blocks until then.
        func take<Value, Failure>(_ body: () throws(Failure) -> Value) throws(Failure) -> Value {
            try lock.withLock { _ throws(Failure) in try body() }
        }
    }

    /// By the account's uid; as many as there are accounts that import.
    private let turns = Mutex<[UInt32: Turn]>([:])

    func turn(of uid: UInt32) -> Turn {
        turns.withLock { turns in
            let turn = turns[uid] ?? Turn()
            turns[uid] = turn
            return turn
        }
    }
}
