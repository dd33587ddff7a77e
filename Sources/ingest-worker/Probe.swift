import CLinux
import Confinement
import Glibc

/// Tries out the sandbox from inside: each forbidden act in a child of its own, confined as one that reads
/// a document.
///
/// Rule: docs/threat-model.md, "The probe".
struct Probe {
    let filter: ChildFilter
    private let ownID = getpid()

    /// A child that did what it must not ends with this; errors, which are smaller, say how it was refused.
    private static let doneStatus: Int32 = 200
    private static let limits = ResourceLimits(addressSpace: 1 << 30, cpuSeconds: 10)

    init(filter: ChildFilter) { self.filter = filter }

    /// Writes a line for each act on descriptor 1, and a last one with the count.
    ///
    /// - Returns: whether every act was refused, and a harmless one was not.
    func run() -> Bool {
        let isAlive = attempt(.harmless) == .exited(Self.doneStatus)
        var refusedCount = 0
        for act in ForbiddenAct.all {
            let verdict: String
            switch attempt(act) {
            case .exited(Self.doneStatus): verdict = "DONE"
            case .exited(let errno):
                verdict = "refused, error \(errno)"
                refusedCount += 1
            case .killed(SIGSYS):
                verdict = "refused, killed"
                refusedCount += 1
            case .killed(let signal): verdict = "unclear, signal \(signal)"
            }
            show("\(pad(act.name, to: 18))\(pad(act.call, to: 18))\(verdict)")
        }
        show("refused: \(refusedCount) of \(ForbiddenAct.all.count)")
        if !isAlive { show("a child that does nothing forbidden did not live") }
        return isAlive && refusedCount == ForbiddenAct.all.count
    }

    private enum End: Equatable {
        case exited(Int32)
        case killed(Int32)
    }

    private func attempt(_ act: ForbiddenAct) -> End {
        let child = linux_fork()
        if child == 0 {
            var filter = filter
            do {
                try filter.enter(limits: Self.limits, template: ownID)
            } catch {
                abort()
            }
            switch act.commit() {
            case .done: _exit(Self.doneStatus)
            case .refused(let errno): _exit(errno)
            }
        }
        guard child > 0 else { return .killed(0) }
        var status: Int32 = 0
        while wait4(child, &status, 0, nil) < 0 {
            guard errno == EINTR else { return .killed(0) }
        }
        return status & 0x7f == 0 ? .exited(status >> 8 & 0xff) : .killed(status & 0x7f)
    }

    private func pad(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.utf8.count))
    }

    private func show(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = write(1, bytes, bytes.count)
    }
}
