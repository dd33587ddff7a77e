import Rules
import Synchronization

/// A worker that has done with one document and may be given another of the same account.
struct IdleWorker {
    let process: WorkerProcess
    let account: Account
}

/// What all sessions of a slot share.
// tidy: `idle` belongs to the slot's thread alone, and all else is Sendable by itself.
final class SlotContext: @unchecked Sendable {
    /// Touched by the slot's thread only.
    var idle: IdleWorker?
    let launcher: WorkerLauncher
    let journal: Journal
    private let reducedConfinementWasReported = Atomic(false)

    init(launcher: WorkerLauncher, journal: @escaping Journal) {
        self.launcher = launcher
        self.journal = journal
    }

    /// True once: every worker of a kernel without Landlock says the same.
    func isFirstReportOfReducedConfinement() -> Bool {
        !reducedConfinementWasReported.exchange(true, ordering: .relaxed)
    }
}
