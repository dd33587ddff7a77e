import Inbox
import Rules

extension InboxIntake {
    /// The drop that has been ready longest by arrival; waits for one, and returns nil when intake
    /// ends or the task is cancelled, however many are ready. Whoever gets one must tell
    /// ``ended(_:_:)``.
    public func nextReady() async -> SettledDrop? {
        guard !isOver, !Task.isCancelled else { return nil }
        if let drop = takeReady() { return drop }
        let ticket = claimers.takeTicket()
        defer { claimers.giveBack(ticket) }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                claimers.add(continuation, ticket: ticket, none: nil)
            }
        } onCancel: {
            claimers.cancel(ticket, none: nil)
        }
    }

    /// Further drops that are ready at this moment, on the mount of the first, oldest first; each is
    /// claimed as one of ``nextReady()`` is.
    ///
    /// - Parameters:
    ///   - count: how many at most.
    ///   - bytes: how much all of them may hold, the first among them.
    public func moreReady(
        beside first: SettledDrop, count: Int, bytes: ByteCount
    ) -> [SettledDrop] {
        let mount = mounts.device(of: first.path)
        let line: Line = releasedInHand.contains(first.path) ? .released : .fresh
        var drops: [SettledDrop] = []
        var total = first.identity.size
        while drops.count < count {
            let next = takeReady(in: line) { [mounts] drop in
                mounts.device(of: drop.path) == mount && total + drop.identity.size <= bytes
            }
            guard let next else { break }
            total = total + next.identity.size
            drops.append(next)
        }
        return drops
    }

    /// Tells how the attempts to claim drops ended.
    public func ended(_ endings: [(path: BeneathPath, ending: ClaimEnding)]) {
        for (path, ending) in endings { ended(path, ending) }
    }

    /// Tells how the attempt to claim a drop ended. Nothing is reported: whoever claimed knows
    /// more.
    public func ended(_ path: BeneathPath, _ ending: ClaimEnding) {
        defer { endRelease(of: path) }
        guard let candidate = candidates[path],
            case .claiming(let admission, let isMarked) = candidate.phase
        else { return }
        switch ending {
        case .claimed:
            forget(path)
        case .refused(let failure):
            candidate.settling.refuse(failure)
            candidate.phase = .refused
            candidate.isReported = true
        case .held:
            candidate.phase = .held(admission)
            candidate.isReported = true
        case .notYet(let wait):
            candidate.settling.reopen()
            // Without a word: it waits for us, not for anything about the drop.
            candidate.phase = .watched(.settling)
            setDeadline(time.elapsed() + wait, path)
        }
        // Another drop may have come under the name meanwhile, or this one have changed.
        if isMarked { mark(path, isClosing: false) }
        bell.ring()
    }

    /// Makes all held drops ready again, to be claimed in order of arrival.
    ///
    /// One batch of them after the other: of two that are claimed side by side the younger might be the
    /// one for which there is room.
    public func releaseHeld() {
        for (path, candidate) in candidates {
            guard case .held(let admission) = candidate.phase else { continue }
            candidate.phase = .ready(admission)
            released.insert(path, at: candidate.arrival)
        }
        handOver()
    }

    /// The next of those that were held have their turn once the last of a batch has ended.
    private func endRelease(of path: BeneathPath) {
        guard releasedInHand.remove(path) != nil, releasedInHand.isEmpty else { return }
        handOver()
    }

    func offer(_ path: BeneathPath, _ candidate: Candidate, _ admission: Admission) {
        candidate.phase = .ready(admission)
        candidate.deadline = nil
        ready.insert(path, at: candidate.arrival)
        handOver()
    }

    /// Where ready drops wait for somebody to claim them.
    private enum Line { case fresh, released }

    /// The line that has the oldest drop of those that anybody may take now.
    private var nextLine: Line? {
        guard let held = released.first, releasedInHand.isEmpty else {
            return ready.first.map { _ in .fresh }
        }
        guard let fresh = ready.first else { return .released }
        return held.priority < fresh.priority ? .released : .fresh
    }

    /// Takes the oldest ready drop out.
    private func takeReady() -> SettledDrop? {
        while let line = nextLine {
            if let drop = takeReady(in: line, where: { _ in true }) { return drop }
        }
        return nil
    }

    /// Takes the oldest drop of a line out; entries of drops that changed or went meanwhile are passed
    /// over.
    ///
    /// - Parameter isWanted: whether the oldest one is; if not it stays, and nil is returned.
    private func takeReady(
        in line: Line, where isWanted: (SightedDrop) -> Bool
    ) -> SettledDrop? {
        while let (arrival, path) = popFirst(of: line) {
            guard let candidate = candidates[path], candidate.arrival == arrival,
                case .ready(let admission) = candidate.phase,
                let sighted = candidate.sighted(path)
            else { continue }
            guard isWanted(sighted) else {
                insert(path, at: arrival, in: line)
                return nil
            }
            candidate.phase = .claiming(admission, isMarked: false)
            if line == .released { releasedInHand.insert(path) }
            return SettledDrop(sighted: sighted, admission: admission)
        }
        return nil
    }

    private func popFirst(of line: Line) -> (priority: UInt64, item: BeneathPath)? {
        switch line {
        case .fresh: ready.popFirst()
        case .released: released.popFirst()
        }
    }

    private func insert(_ path: BeneathPath, at arrival: UInt64, in line: Line) {
        switch line {
        case .fresh: ready.insert(path, at: arrival)
        case .released: released.insert(path, at: arrival)
        }
    }

    /// Gives ready drops to those who wait for one.
    private func handOver() {
        while let claimer = claimers.takeFirst() {
            guard let drop = takeReady() else {
                claimers.add(claimer.waiter, ticket: claimer.ticket, none: nil)
                return
            }
            claimer.waiter.resume(returning: drop)
        }
    }
}
