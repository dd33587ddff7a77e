import Rules
import Synchronization

/// What all sessions of a slot share.
final class SlotContext: Sendable {
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
