/// Where one stage of one document stands.
///
/// Rule: docs/design.md, "Stage states".
public enum StageState: Sendable, Hashable {
    case pending
    /// Attempts are counted from one.
    case processing(attempt: Int)
    /// `attempt` attempts are spent; the next begins no earlier than `until`.
    case retrying(attempt: Int, until: Timestamp, after: Failure?)
    case completed
    case failed(Failure)
    case skipped

    public var isOver: Bool {
        switch self {
        case .completed, .failed, .skipped: true
        case .pending, .processing, .retrying: false
        }
    }

    /// Whether the next attempt may have no other document beside it in its process: one before it
    /// took its worker down, or may have. Our own interruption forgets why an attempt was spent.
    public var mustBeAlone: Bool {
        guard case .retrying(let attempt, _, let failure) = self else { return false }
        return failure.map { $0.code.remedy == .onceMoreAlone } ?? (attempt > 0)
    }
}

/// What can happen to a stage.
public enum StageEvent: Sendable, Hashable {
    case started
    case finished
    /// ingestd itself was stopped or died: nobody's fault, no attempt is spent.
    case interrupted(at: Timestamp)
    case failed(Failure, at: Timestamp, jitter: Double)
    /// A required stage before it failed, or its result is there already.
    case foundNeedless
}

/// An event that cannot happen in a state: a broken promise of our own.
public struct IllegalTransition: Error, Sendable {
    public let state: StageState
    public let event: StageEvent
}

extension StageState {
    /// Decides the state that follows `event`. Reads no clock, touches no disk.
    ///
    /// - Throws: ``IllegalTransition`` when the event cannot happen in this state.
    /// Rule: docs/design.md, "Stage states".
    public func following(
        _ event: StageEvent, retries: RetrySchedule
    ) throws(IllegalTransition) -> StageState {
        switch (self, event) {
        case (.pending, .started):
            return .processing(attempt: 1)
        case (.retrying(let attempt, _, _), .started):
            return .processing(attempt: attempt + 1)
        case (.pending, .foundNeedless), (.retrying, .foundNeedless):
            return .skipped
        case (.processing, .finished):
            return .completed
        case (.processing(let attempt), .interrupted(let now)):
            return .retrying(attempt: attempt - 1, until: now, after: nil)
        case (.processing(let attempt), .failed(let failure, let now, let jitter)):
            switch retries.verdict(on: failure, attempt: attempt, jitter: jitter) {
            case .again(let spent, let wait):
                return .retrying(attempt: spent, until: now + wait, after: failure)
            case .final:
                return .failed(failure)
            }
        case (.pending, .finished), (.pending, .interrupted), (.pending, .failed),
            (.retrying, .finished), (.retrying, .interrupted), (.retrying, .failed),
            (.processing, .started), (.processing, .foundNeedless),
            (.completed, _), (.failed, _), (.skipped, _):
            throw IllegalTransition(state: self, event: event)
        }
    }
}
