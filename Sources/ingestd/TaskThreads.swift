import CLinux
import Dispatch
import Glibc
import Synchronization

/// The few threads that all tasks of a command run on.
///
/// Swift's own pool looks after itself every second for as long as the process lives, and so would
/// wake a daemon that has nothing to do. Rule: docs/design.md, "Rest".
// tidy: a mutex of the C library guards it, for the standard library has no condition to wait for.
final class TaskThreads: TaskExecutor, @unchecked Sendable {
    /// Fewer would let one task that computes hold up all others.
    private static let leastThreads = 2

    // Everything below is touched only while `lock` is held; hence the unchecked Sendable.
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let arrival = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var jobs: [UnownedJob] = []
    private var nextIndex = 0

    /// As many threads as processors; they live as long as the process.
    private init() {
        pthread_mutex_init(lock, nil)
        pthread_cond_init(arrival, nil)
        let count = max(Self.leastThreads, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        for _ in 0..<count { startThread() }
    }

    /// Runs `body` and all tasks that it starts, and returns when it has ended.
    ///
    /// - Throws: what `body` throws.
    static func run(_ body: @escaping @Sendable () async throws -> Void) throws {
        let end = Ending()
        // tidy: the one task that all others descend from.
        Task(executorPreference: TaskThreads()) {
            do {
                try await body()
                end.tell(.success(()))
            } catch {
                end.tell(.failure(error))
            }
        }
        try end.wait().get()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        pthread_mutex_lock(lock)
        jobs.append(job)
        pthread_cond_signal(arrival)
        pthread_mutex_unlock(lock)
    }

    private func startThread() {
        var thread = pthread_t()
        let own = Unmanaged.passRetained(self)
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<TaskThreads>.fromOpaque(argument).takeRetainedValue().work()
                return nil
            }, own.toOpaque())
        precondition(code == 0, "a process that has just begun can start a few threads")
        pthread_detach(thread)
    }

    private func work() {
        // Only for people who look at the process: a thread without its name does the same.
        _ = clinux_thread_name("ingestd-tasks")
        while true { next().runSynchronously(on: asUnownedTaskExecutor()) }
    }

    private func next() -> UnownedJob {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while nextIndex == jobs.count { pthread_cond_wait(arrival, lock) }
        let job = jobs[nextIndex]
        nextIndex += 1
        if nextIndex == jobs.count {
            jobs.removeAll(keepingCapacity: true)
            nextIndex = 0
        }
        return job
    }
}

/// How a command's tasks came to their end, for the main thread that waits for it.
private final class Ending: Sendable {
    private let isTold = DispatchSemaphore(value: 0)
    private let result = Mutex<Result<Void, any Error>?>(nil)

    func tell(_ result: Result<Void, any Error>) {
        self.result.withLock { $0 = result }
        isTold.signal()
    }

    func wait() -> Result<Void, any Error> {
        isTold.wait()
        guard let result = result.withLock({ $0 }) else {
            preconditionFailure("who signals has left a result")
        }
        return result
    }
}
