import Rules
import WorkerProtocol

/// How one stage in a worker ended.
public enum WorkerOutcome: Sendable {
    /// All replies were handed over, and the worker says that it is done.
    case finished(StageResult)
    /// The worker gave up in so many words, or had to be stopped: `timeout`, `worker_crashed`,
    /// `memory_exceeded`, `output_too_large`. What was handed over is not to be used.
    case failed(Failure)
    /// No worker could be started: the document was not looked at and is owed its attempt.
    case notStarted(Failure)
    /// The slot was stopped or the caller cancelled: nobody's fault.
    case interrupted
    /// The caller could not take a reply; this is what it threw. The worker was killed.
    case sinkFailed(any Error)
}
