import Glibc
import Pipeline
import Rules
import UnixSignals

/// What ties a running daemon to whoever started it: signals, readiness, the watchdog.
struct Lifeline: Sendable {
    let daemon: Daemon
    let manager: ServiceManager?
    let stopTimeout: Duration
    let journal: Journal

    /// From now on these signals end nothing by themselves; what comes before ``obey(_:reload:)`` is kept.
    static func trapSignals() async -> UnixSignalsSequence {
        await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
    }

    /// Stops at SIGTERM and SIGINT, reloads at SIGHUP; returns when cancelled.
    ///
    /// A stop that takes longer than `stopTimeout` is cut off: a crash at any instruction is mended
    /// at the next start.
    func obey(_ signals: UnixSignalsSequence, reload: @Sendable () -> Void) async {
        await withDiscardingTaskGroup { group in
            for await signal in signals {
                guard signal == .sighup else {
                    journal(JournalLine(.daemonStopping, [.signal: signal.description]))
                    tell(.stopping)
                    daemon.stop()
                    group.addTask { await cutOff() }
                    continue
                }
                tell(.reloading)
                reload()
                tell(.ready)
            }
            group.cancelAll()
        }
    }

    /// Says that the daemon gets on, as often as the service manager wants to hear it.
    ///
    /// Each word is proved first: the catalogue must have answered.
    func feedWatchdog() async {
        guard let interval = manager?.watchdogInterval else { return }
        do {
            while true {
                try await QuietClock().sleep(for: interval)
                if await daemon.isAlive() { tell(.watchdog) }
            }
        } catch {
            // Cancelled: the daemon has ended.
        }
    }

    func tell(_ notice: ServiceManager.Notice) {
        guard let manager else { return }
        do {
            try manager.notify(notice)
        } catch {
            journal(
                JournalLine(.serviceManagerDeaf, [.detail: "notify the service manager: \(error)"]))
        }
    }

    private func cutOff() async {
        do {
            try await QuietClock().sleep(for: stopTimeout)
            journal(JournalLine(.daemonStopped, [.reason: "the stop timeout is over"]))
            _exit(75)
        } catch {
            // Cancelled: it stopped in time.
        }
    }
}
