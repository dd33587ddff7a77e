import Glibc
import Rules
import Synchronization
import SystemPackage

/// A place for one worker process at a time, with a template that it is forked from and a thread of its
/// own that starts, feeds, limits and reaps it.
public final class WorkerSlot: Sendable {
    private struct Occupation {
        var isStopped = false
        var interruption: Interruption?
    }

    /// Counted from zero; the thread is called `worker-` and this.
    public let number: Int
    private let thread: SlotThread
    private let context: SlotContext
    private let occupation = Mutex(Occupation())

    /// - Throws: `internal` when the system has no thread or descriptor left.
    public init(
        number: Int, launcher: WorkerLauncher, journal: @escaping Journal
    ) throws(Failure) {
        self.number = number
        context = SlotContext(launcher: launcher, journal: journal)
        do {
            thread = try SlotThread(name: "worker-\(number)")
        } catch {
            throw WorkerError.launchFailed(what: "make worker slot \(number)", error).failure
        }
    }

    deinit { thread.end() }

    /// Runs `body` on the slot's thread with a session over one document's blob, and ends its
    /// process afterwards.
    ///
    /// Cancelling the calling task, or ``stop()``, ends the stage that runs as
    /// ``WorkerOutcome/interrupted`` and every later one of the session at once; `body` still
    /// decides what to return. At most one call at a time.
    ///
    /// - Parameters:
    ///   - blob: open for reading only, as the worker gets it so; stays the caller's to close.
    ///   - account: whose document it is, where its process may go on to another of the same account;
    ///     nil gives it a process that no other document sees. Whoever passes it must call ``rest()``
    ///     once there is nothing more to do.
    ///   - subject: the fields that each log line about this document bears.
    /// - Throws: what `body` throws; a ``Failure`` when the system has no descriptor left.
    public func run<Value: Sendable>(
        over blob: FileDescriptor, of account: Account? = nil,
        subject: [JournalField: String] = [:],
        _ body: @escaping @Sendable (WorkerSession) throws -> Value
    ) async throws -> Value {
        let interruption: Interruption
        do {
            interruption = try Interruption()
        } catch {
            throw WorkerError.launchFailed(what: "make room for a worker", error).failure
        }
        occupy(with: interruption)
        defer { vacate() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                thread.start { [context] in
                    let session = WorkerSession(
                        over: blob, of: account, slot: context, interruption: interruption,
                        subject: subject)
                    let result = Result { try body(session) }
                    session.close()
                    return { continuation.resume(with: result) }
                }
            }
        } onCancel: {
            interruption.raise()
        }
    }

    /// Ends the process that was kept for an account's next document. The slot must be free.
    public func rest() async { await perform { $0.endIdle() } }

    /// Ends what is left of the slot's processes, in order. The slot must be free; used again, it
    /// starts afresh.
    public func end() async {
        await perform { context in
            context.endIdle()
            context.discardTemplate()
        }
    }

    /// Has a template ready that is confined and has seen no document; a process that was kept for an
    /// account's next document ends. The slot must be free.
    ///
    /// Where none can be started that is said, and the next document tries again.
    public func standBy() async { await perform { $0.standBy() } }

    /// Whether no process is kept for another document. The slot must be free.
    var isCold: Bool { context.idle == nil }

    /// The template that is ready. The slot must be free.
    var templatePid: pid_t? { context.template?.pid }

    private func perform(_ body: @escaping @Sendable (SlotContext) -> Void) async {
        await withCheckedContinuation { continuation in
            thread.start { [context] in
                body(context)
                return { continuation.resume() }
            }
        }
    }

    /// Interrupts what runs, and everything that is yet to come. Returns at once; the call to
    /// ``run(over:subject:_:)`` then ends by itself.
    public func stop() {
        occupation.withLock { occupation in
            occupation.isStopped = true
            occupation.interruption?.raise()
        }
    }

    private func occupy(with interruption: Interruption) {
        occupation.withLock { occupation in
            precondition(occupation.interruption == nil, "a slot runs one document at a time")
            occupation.interruption = interruption
            if occupation.isStopped { interruption.raise() }
        }
    }

    private func vacate() {
        occupation.withLock { $0.interruption = nil }
    }
}
