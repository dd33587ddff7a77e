import Inbox
import Rules

extension InboxIntake {
    /// The drop that has been ready longest by arrival; waits for one, and returns nil when intake
    /// ends or the task is cancelled. Whoever gets one must tell ``ended(_:_:)``.
    public func nextReady() async -> SettledDrop? {
        if let drop = takeReady() { return drop }
        nextTicket += 1
        let ticket = nextTicket
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if isOver || Task.isCancelled {
                    continuation.resume(returning: nil)
                } else {
                    claimers[ticket] = continuation
                }
            }
        } onCancel: {
            Task { await self.dropClaimer(ticket) }
        }
    }

    /// Tells how the attempt to claim a drop ended. Nothing is reported: whoever claimed knows
    /// more.
    public func ended(_ path: BeneathPath, _ ending: ClaimEnding) {
        guard let candidate = candidates[path],
            case .claiming(let drop, let isMarked) = candidate.phase
        else { return }
        switch ending {
        case .claimed:
            candidates[path] = nil
        case .refused(let failure):
            candidates[path]?.settling.refuse(failure)
            candidates[path]?.phase = .refused
            candidates[path]?.isReported = true
        case .held:
            candidates[path]?.phase = .held(drop)
            candidates[path]?.isReported = true
        case .notYet(let wait):
            candidates[path]?.settling.reopen()
            // Without a word: it waits for us, not for anything about the drop.
            candidates[path]?.phase = .watched(.settling)
            setDeadline(time.elapsed() + wait, path)
        }
        // Another drop may have come under the name meanwhile, or this one have changed.
        if isMarked { mark(path, isClosing: false) }
        bell.ring()
    }

    /// Makes all held drops ready again, in order of arrival.
    public func releaseHeld() {
        for (path, candidate) in candidates {
            guard case .held(let drop) = candidate.phase else { continue }
            candidates[path]?.phase = .ready(drop)
            ready.insert(path, at: candidate.arrival)
        }
        while !claimers.isEmpty, let drop = takeReady() { handOver(drop) }
    }

    func offer(_ drop: SettledDrop) {
        guard let candidate = candidates[drop.path] else { return }
        candidates[drop.path]?.phase = .ready(drop)
        candidates[drop.path]?.deadline = nil
        ready.insert(drop.path, at: candidate.arrival)
        while !claimers.isEmpty, let drop = takeReady() { handOver(drop) }
    }

    /// Takes the oldest ready drop out; entries of drops that changed or went meanwhile are passed
    /// over.
    private func takeReady() -> SettledDrop? {
        while let (arrival, path) = ready.popFirst() {
            guard let candidate = candidates[path], candidate.arrival == arrival,
                case .ready(let drop) = candidate.phase
            else { continue }
            candidates[path]?.phase = .claiming(drop, isMarked: false)
            return drop
        }
        return nil
    }

    private func handOver(_ drop: SettledDrop) {
        guard let ticket = claimers.keys.min(),
            let claimer = claimers.removeValue(forKey: ticket)
        else { preconditionFailure("a drop is taken only for somebody who waits") }
        claimer.resume(returning: drop)
    }

    private func dropClaimer(_ ticket: UInt64) {
        claimers.removeValue(forKey: ticket)?.resume(returning: nil)
    }
}
