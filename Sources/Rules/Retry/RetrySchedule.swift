/// How often and when a failed stage is tried again.
///
/// Rule: docs/design.md, "Retry".
public struct RetrySchedule: Sendable, Hashable {
    /// Attempts in all where waiting may help.
    public var waitingAttempts: Int
    /// Attempts in all for a document that took its worker down.
    public var aloneAttempts: Int
    /// The longest wait before the second attempt; it doubles with each further one.
    public var firstWait: Duration
    public var longestWait: Duration
    /// The wait while the store takes no writes; promised to be under 15 s.
    public var storeWait: Duration

    public init(
        waitingAttempts: Int = 4, aloneAttempts: Int = 2, firstWait: Duration = .seconds(10),
        longestWait: Duration = .seconds(600), storeWait: Duration = .seconds(10)
    ) {
        precondition(waitingAttempts >= 1 && aloneAttempts >= 1, "a stage has at least one attempt")
        self.waitingAttempts = waitingAttempts
        self.aloneAttempts = aloneAttempts
        self.firstWait = firstWait
        self.longestWait = longestWait
        self.storeWait = storeWait
    }

    /// What follows a failed attempt.
    public enum Verdict: Sendable, Hashable {
        /// Try again after the wait; `spent` attempts count as used.
        case again(spent: Int, after: Duration)
        case final
    }

    /// Decides what follows a failed attempt.
    ///
    /// - Parameters:
    ///   - attempt: the attempt that failed, counted from one.
    ///   - jitter: a random number in 0..<1; the wait is that share of its bound, but at least a tenth.
    public func verdict(on failure: Failure, attempt: Int, jitter: Double) -> Verdict {
        switch failure.code.remedy {
        case .none:
            return .final
        case .onceMoreAlone:
            return attempt < aloneAttempts ? .again(spent: attempt, after: .zero) : .final
        case .waiting:
            guard attempt < waitingAttempts else { return .final }
            let bound = min(longestWait, firstWait * (1 << min(attempt - 1, 20)))
            return .again(spent: attempt, after: bound * max(0.1, jitter))
        case .whenStoreRecovers:
            return .again(spent: attempt - 1, after: storeWait)
        }
    }

    /// The number that a status file shows as `max_attempts`.
    public func attemptLimit(after failure: Failure?) -> Int {
        switch failure?.code.remedy {
        case .onceMoreAlone: aloneAttempts
        case nil, .some(.none), .waiting, .whenStoreRecovers: waitingAttempts
        }
    }
}
