import Synchronization

/// Tells when all who are expected have arrived.
final class Muster: Sendable {
    private let missing: Mutex<Int>
    private let signal = Signal()

    init(expecting count: Int) {
        missing = Mutex(count)
        if count == 0 { signal.raise() }
    }

    /// So many more are expected, as one of those says who has not arrived yet.
    func expect(_ count: Int) { missing.withLock { $0 += count } }

    /// One of them is here.
    func arrive() {
        let isComplete = missing.withLock { missing in
            missing -= 1
            return missing == 0
        }
        if isComplete { signal.raise() }
    }

    /// Returns once all are here, or the time is over.
    ///
    /// - Parameter timeout: nil waits for them alone.
    /// - Returns: false when the task was cancelled.
    func wait(atMost timeout: Duration?) async -> Bool { await signal.wait(atMost: timeout) }
}
