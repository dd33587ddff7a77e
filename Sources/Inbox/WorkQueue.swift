import Glibc

/// The work that waits for a mount's threads, first come first served.
// tidy: a mutex of the C library guards it, for the standard library has no condition to wait for.
final class WorkQueue: @unchecked Sendable {
    typealias Work = @Sendable (inout ThreadIdentity) -> Void

    enum Answer {
        case queued, queuedWithTooFewThreads, full
    }

    // Everything below is touched only while `lock` is held; hence the unchecked Sendable.
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let arrival = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var waiting: [Work] = []
    private var nextIndex = 0
    private var threadCount = 0
    private var idleCount = 0
    private var isClosed = false

    init() {
        pthread_mutex_init(lock, nil)
        pthread_cond_init(arrival, nil)
    }

    deinit {
        pthread_cond_destroy(arrival)
        pthread_mutex_destroy(lock)
        arrival.deallocate()
        lock.deallocate()
    }

    /// Adds work; where more waits than threads are idle, a place for one more thread is taken at
    /// once.
    func append(_ work: @escaping Work, limit: Int, threadLimit: Int) -> Answer {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        guard waiting.count - nextIndex < limit else { return .full }
        waiting.append(work)
        if idleCount < waiting.count - nextIndex, threadCount < threadLimit {
            threadCount += 1
            return .queuedWithTooFewThreads
        }
        pthread_cond_signal(arrival)
        return .queued
    }

    /// Gives back the place of a thread that did not start.
    ///
    /// - Returns: whether nobody is left to do the work, which is then taken out of the queue.
    func threadFailed() -> Bool {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        threadCount -= 1
        guard threadCount == 0, waiting.count > nextIndex else { return false }
        waiting.removeLast()
        return true
    }

    /// Waits for work; nil once the queue is closed and empty.
    func next() -> Work? {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while nextIndex == waiting.count {
            if isClosed { return nil }
            idleCount += 1
            pthread_cond_wait(arrival, lock)
            idleCount -= 1
        }
        let work = waiting[nextIndex]
        nextIndex += 1
        if nextIndex == waiting.count {
            waiting.removeAll(keepingCapacity: true)
            nextIndex = 0
        }
        return work
    }

    /// Lets the threads end once they have done what waits.
    func close() {
        pthread_mutex_lock(lock)
        isClosed = true
        pthread_cond_broadcast(arrival)
        pthread_mutex_unlock(lock)
    }
}
