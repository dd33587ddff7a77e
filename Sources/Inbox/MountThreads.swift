import CLinux
import Glibc
import SystemPackage

/// The few threads that may block on one mount; a mount that hangs stops these and no others.
///
/// Threads start when work waits and none is idle, and end with the last reference to the pool.
final class MountThreads: Sendable {
    /// How many threads a mount gets: enough to keep a disk busy, few enough to lose to a hung
    /// share.
    static let threadLimit = 4
    /// How many operations may wait; every caller waits for its own, so this many callers hang.
    static let queueLimit = 4096

    private let queue = WorkQueue()

    deinit { queue.close() }

    /// Queues one piece of work: it gets the identity of the thread that runs it.
    ///
    /// The pool lives until the work is done, though nobody waits for that any more: a mount that
    /// hangs never gets a second pool.
    ///
    /// - Throws: ``InboxError/mountBusy(limit:)``, ``InboxError/noThread(_:)``.
    func submit(_ work: @escaping WorkQueue.Work) throws(InboxError) {
        let held: WorkQueue.Work = { identity in withExtendedLifetime(self) { work(&identity) } }
        switch queue.append(held, limit: Self.queueLimit, threadLimit: Self.threadLimit) {
        case .queued: return
        case .full: throw .mountBusy(limit: Self.queueLimit)
        case .queuedWithTooFewThreads:
            let code = startThread()
            guard code != 0, queue.threadFailed() else { return }
            throw .noThread(Errno(rawValue: code))
        }
    }

    /// Runs `body` as `owner` and hands on what it returns or throws.
    ///
    /// - Throws: ``InboxError``; else what `body` throws.
    func run<Result: Sendable>(
        as owner: Owner, _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            do {
                try submit { identity in
                    continuation.resume(
                        with: Swift.Result {
                            try identity.become(owner)
                            return try body()
                        })
                }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    private func startThread() -> Int32 {
        var thread = pthread_t()
        let queue = Unmanaged.passRetained(queue)
        let code = pthread_create(&thread, nil, ownerThreadMain, queue.toOpaque())
        guard code == 0 else {
            queue.release()
            return code
        }
        pthread_detach(thread)
        return 0
    }
}

/// What an owner thread does from its start to its end; outside of any actor by intent.
private func ownerThreadMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let queue = Unmanaged<WorkQueue>.fromOpaque(argument).takeRetainedValue()
    // Only for people who look at the process: a thread without its name does the same.
    _ = clinux_thread_name("ingestd-owner")
    // Signals belong to the daemon's main thread; here they would only interrupt calls.
    var signals = sigset_t()
    sigfillset(&signals)
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    var identity = ThreadIdentity()
    while let work = queue.next() { work(&identity) }
    return nil
}
