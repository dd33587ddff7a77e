import Synchronization

/// Wakes the one task that waits for something to do; ringing twice wakes it once.
final class Bell: Sendable {
    private enum State {
        case quiet, rung
        case awaited(CheckedContinuation<Void, Never>)
    }

    private let state = Mutex(State.quiet)

    /// Whether the next wait returns at once.
    var isRung: Bool {
        state.withLock { state in
            switch state {
            case .rung: true
            case .quiet, .awaited: false
            }
        }
    }

    func ring() {
        let sleeper: CheckedContinuation<Void, Never>? = state.withLock { state in
            switch state {
            case .quiet, .rung:
                state = .rung
                return nil
            case .awaited(let continuation):
                state = .quiet
                return continuation
            }
        }
        sleeper?.resume()
    }

    /// Returns at once where the bell was rung since the last time, else when it is; on
    /// cancellation too.
    func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isRung = state.withLock { state in
                    switch state {
                    case .quiet:
                        state = .awaited(continuation)
                        return false
                    case .rung:
                        state = .quiet
                        return true
                    case .awaited:
                        preconditionFailure("one task waits for a bell")
                    }
                }
                if isRung { continuation.resume() }
            }
        } onCancel: {
            ring()
        }
    }

    /// The same, but no longer than `limit`; nil waits for the bell alone.
    func wait(atMost limit: Duration?, by time: IntakeTime) async {
        await withTaskGroup { group in
            if let limit {
                group.addTask {
                    await time.pause(limit)
                    // A pause that was cut short rings no bell: the next wait would be no wait.
                    if !Task.isCancelled { self.ring() }
                }
            }
            await wait()
            group.cancelAll()
        }
    }
}
