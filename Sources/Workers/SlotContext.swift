import Rules
import Synchronization

/// A worker that waits for a document.
struct IdleWorker {
    let process: WorkerProcess
    /// Whose documents it has seen; nil for one that has seen none, and is anybody's.
    let account: Account?

    /// Whether it may be given a document of this account; nil asks for one that has seen none.
    func suits(_ other: Account?) -> Bool { account == nil || account == other }
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

    /// Keeps a process that has seen nothing, and none else.
    func standBy(under limits: WorkerLimits) {
        if let idle, idle.process.documentCount > 0 || idle.process.hasEnded {
            self.idle = nil
            _ = idle.process.reap()
        }
        guard idle == nil else { return }
        do throws(WorkerError) {
            idle = IdleWorker(process: try launcher.launchStandby(under: limits), account: nil)
        } catch {
            journal(JournalLine(.workerUnavailable, [.detail: error.failure.detail]))
        }
    }

    /// True once: every worker of a kernel without Landlock says the same.
    func isFirstReportOfReducedConfinement() -> Bool {
        !reducedConfinementWasReported.exchange(true, ordering: .relaxed)
    }
}
