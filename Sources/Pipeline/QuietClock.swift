import Dispatch
import Synchronization

/// The continuous clock, with sleepers that cost nothing while they sleep.
///
/// The sleeper of Swift's own clocks is woken through a pool of threads that, once used, looks after
/// itself every second for good; an idle daemon would never rest.
/// Rule: docs/design.md, "Rest".
public struct QuietClock: Clock {
    /// The moments of the continuous clock.
    public typealias Instant = ContinuousClock.Instant

    /// Runs the timers' handlers; each only wakes its sleeper.
    fileprivate static let queue = DispatchQueue(label: "timers")

    public init() {}

    /// The moment of the call.
    public var now: Instant { ContinuousClock.now }
    /// How far apart two moments are at least.
    public var minimumResolution: Duration { ContinuousClock().minimumResolution }

    /// Returns at the deadline or soon after: an hour may take a second more.
    ///
    /// - Throws: `CancellationError` when the task is cancelled first.
    // tidy: it is the clock that others sleep by, and wakes by an event.
    public func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        let sleeper = Sleeper()
        let wait = deadline - now
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                sleeper.lieDown(continuation, for: wait, tolerance: tolerance ?? wait / 3600)
            }
        } onCancel: {
            sleeper.rouse(cancelled: true)
        }
    }
}

/// One task that sleeps until its time or its cancellation, whichever comes first.
private final class Sleeper: Sendable {
    private enum State {
        case awake
        case asleep(CheckedContinuation<Void, any Error>, Alarm)
        case cancelled
        case over
    }

    private let state = Mutex(State.awake)

    func lieDown(
        _ continuation: CheckedContinuation<Void, any Error>, for wait: Duration,
        tolerance: Duration
    ) {
        let alarm = Alarm(timer: DispatchSource.makeTimerSource(queue: QuietClock.queue))
        alarm.timer.schedule(deadline: .now() + wait.interval, leeway: tolerance.interval)
        alarm.timer.setEventHandler { self.rouse(cancelled: false) }
        let isCancelled = state.withLock { state in
            switch state {
            case .awake:
                state = .asleep(continuation, alarm)
                return false
            case .cancelled, .asleep, .over:
                state = .over
                return true
            }
        }
        alarm.timer.activate()
        guard isCancelled else { return }
        alarm.timer.cancel()
        continuation.resume(throwing: CancellationError())
    }

    func rouse(cancelled: Bool) {
        let continuation = state.withLock { state in
            switch state {
            case .awake:
                state = .cancelled
                return CheckedContinuation<Void, any Error>?.none
            case .asleep(let continuation, let alarm):
                alarm.timer.cancel()
                state = .over
                return continuation
            case .cancelled, .over:
                return nil
            }
        }
        if cancelled {
            continuation?.resume(throwing: CancellationError())
        } else {
            continuation?.resume()
        }
    }
}

/// A timer that any thread may start or cancel.
// tidy: libdispatch's objects may be used from anywhere, which its protocols do not say.
private struct Alarm: @unchecked Sendable {
    let timer: any DispatchSourceTimer
}

extension Duration {
    /// Bounded by what the timer can count, some 290 years.
    fileprivate var interval: DispatchTimeInterval {
        let parts = max(.zero, self).components
        let (seconds, isTooLong) = parts.seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !isTooLong else { return .never }
        return .nanoseconds(Int(seconds) + Int(parts.attoseconds / 1_000_000_000))
    }
}
