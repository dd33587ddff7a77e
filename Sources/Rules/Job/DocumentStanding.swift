/// A stage's failure, with the stage's name.
public struct StageFailure: Sendable, Hashable {
    public var stage: StageName
    public var failure: Failure

    public init(stage: StageName, failure: Failure) {
        self.stage = stage
        self.failure = failure
    }
}

/// Where a claimed document stands: a fold over its stages and nothing else.
///
/// Rule: docs/formats.md, "Status files".
public struct DocumentStanding: Sendable, Hashable {
    /// One of the states that a claimed document can have.
    public var state: DocumentState
    /// Why it failed, or why it is being tried again.
    public var failure: StageFailure?
    /// The optional stages that failed: warnings of a document that is otherwise well.
    public var optionalFailures: [StageFailure]
    /// When the next attempt begins, where the document is waiting for one.
    public var nextAttemptAt: Timestamp?
    /// The attempt under way or last made, counted from one.
    public var attempt: Int

    public var status: DocumentStatus { state.status }
}

extension Job {
    /// Folds the stages into one standing.
    ///
    /// A document is over only when every stage is: one whose required stage failed is `failed`
    /// once its sidecars stand.
    ///
    /// - Parameter hasWarnings: whether something else than a failed stage is to be warned about.
    public func standing(hasWarnings: Bool) -> DocumentStanding {
        var tally = StageTally()
        for stage in stages { tally.count(stage) }
        return DocumentStanding(
            state: state(of: tally, hasWarnings: hasWarnings),
            failure: tally.requiredFailures.first ?? tally.setbacks.last,
            optionalFailures: tally.optionalFailures,
            nextAttemptAt: tally.isRunning ? nil : tally.nextAttemptAt,
            attempt: tally.attempt)
    }

    private func state(of tally: StageTally, hasWarnings: Bool) -> DocumentState {
        if tally.unfinished == 0 {
            if !tally.requiredFailures.isEmpty { return .failed }
            let isClean = tally.optionalFailures.isEmpty && !hasWarnings
            return isClean ? .completed : .completedWithWarnings
        }
        if tally.isRunning { return .running }
        if tally.nextAttemptAt != nil { return .retrying }
        return tally.hasBegun ? .running : .queued
    }
}

/// What a pass over the stages counts.
private struct StageTally {
    var unfinished = 0
    var isRunning = false
    /// Whether any stage but the claim's own is past pending.
    var hasBegun = false
    var attempt = 1
    var nextAttemptAt: Timestamp?
    var requiredFailures: [StageFailure] = []
    var optionalFailures: [StageFailure] = []
    /// Failures that another attempt may mend.
    var setbacks: [StageFailure] = []

    mutating func count(_ stage: JobStage) {
        if stage.state != .pending, stage.name != .store { hasBegun = true }
        if !stage.state.isOver { unfinished += 1 }
        switch stage.state {
        case .pending, .completed, .skipped:
            break
        case .processing(let current):
            isRunning = true
            attempt = max(attempt, current)
        case .retrying(let spent, let until, let failure):
            attempt = max(attempt, spent)
            nextAttemptAt = min(nextAttemptAt ?? until, until)
            if let failure {
                setbacks.append(StageFailure(stage: stage.name, failure: failure))
            }
        case .failed(let failure):
            let told = StageFailure(stage: stage.name, failure: failure)
            if stage.isRequired {
                requiredFailures.append(told)
            } else {
                optionalFailures.append(told)
            }
        }
    }
}
