import Glibc
import Rules
import Synchronization
import SystemPackage

/// A worker that waits for another document of the account whose documents it has seen.
struct IdleWorker {
    let process: WorkerProcess
    let account: Account
}

/// What all sessions of a slot share: its template, and a worker that waits.
// tidy: `idle` and `template` belong to the slot's thread alone, and all else is Sendable by itself.
final class SlotContext: @unchecked Sendable {
    /// Touched by the slot's thread only.
    var idle: IdleWorker?
    /// Touched by the slot's thread only.
    private(set) var template: WorkerTemplate?
    let journal: Journal
    private let launcher: WorkerLauncher
    private let reducedConfinementWasReported = Atomic(false)

    init(launcher: WorkerLauncher, journal: @escaping Journal) {
        self.launcher = launcher
        self.journal = journal
    }

    /// A fresh child of the template, over a blob. A template that is not fit any more is replaced first.
    func launch(
        over blob: FileDescriptor, under limits: WorkerLimits
    ) throws(WorkerError) -> WorkerProcess {
        if let template, template.isFit {
            do {
                return try template.fork(over: blob, under: limits)
            } catch .templateGone {
                // It died while it had nothing in hand: that is nobody's fault.
            }
        }
        try renewTemplate()
        guard let template else { preconditionFailure("a template was just started") }
        do {
            let process = try template.fork(over: blob, under: limits)
            report(template.newLines(), of: template.pid, [:])
            return process
        } catch {
            discardTemplate()
            throw error
        }
    }

    /// Has a template ready, and no worker.
    func standBy() {
        endIdle()
        guard template?.isFit != true else { return }
        do throws(WorkerError) {
            try renewTemplate()
        } catch {
            journal(JournalLine(.workerUnavailable, [.detail: error.failure.detail]))
        }
    }

    /// Ends the worker that waits, if there is one.
    func endIdle() {
        guard let idle else { return }
        self.idle = nil
        _ = idle.process.reap()
    }

    /// Lets the template go; its child must have been reaped.
    ///
    /// That is done after every misdeed too: what a document learns of the memory of a worker that it takes
    /// down is of no use against the next.
    func discardTemplate() {
        _ = template?.leave()
        template = nil
    }

    private func renewTemplate() throws(WorkerError) {
        discardTemplate()
        template = try launcher.launchTemplate()
    }

    /// Passes on what a worker or a template wrote to its log.
    func report(_ lines: [String], of pid: pid_t, _ subject: [JournalField: String]) {
        for line in lines {
            var fields = subject
            fields[.pid] = "\(pid)"
            if line.hasPrefix(WorkerLog.reducedConfinement) {
                guard isFirstReportOfReducedConfinement() else { continue }
                fields[.reason] = line
                journal(JournalLine(.confinementReduced, fields))
            } else if line != WorkerLog.missingNamespaces {
                fields[.text] = line
                journal(JournalLine(.workerSaid, fields))
            }
        }
    }

    /// True once: every template on a kernel without Landlock says the same.
    private func isFirstReportOfReducedConfinement() -> Bool {
        !reducedConfinementWasReported.exchange(true, ordering: .relaxed)
    }
}
