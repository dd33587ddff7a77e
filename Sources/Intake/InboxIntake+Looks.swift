import Inbox
import Rules
import SystemPackage

extension InboxIntake {
    /// What one look at a name gave.
    private enum Sight: Sendable {
        case entry(Entry?)
        /// One of ingestd's own results, in a folder that bears another name by now.
        case ownResult
        case failed(InboxError)
    }

    /// Marks a name to be looked at.
    func mark(_ path: BeneathPath, isClosing: Bool) {
        if case .claiming(let admission, false) = candidates[path]?.phase {
            candidates[path]?.phase = .claiming(admission, isMarked: true)
        }
        if let device = lane(of: path) {
            let isKnown = candidates[path] != nil
            let limit = isKnown ? Int.max : candidateLimit
            guard
                lanes[device, default: MountLane()].mark(path, isClosing: isClosing, limit: limit)
            else {
                deferredCount += 1
                return
            }
            bell.ring()
            return
        }
        // Each name is kept once; what would be too many is found again by a rescan.
        guard candidates[path] != nil || dirty.count < candidateLimit else {
            deferredCount += 1
            return
        }
        dirty.insert(path, isClosing: isClosing)
    }

    /// Looks at a batch of marked names, and opens those that have rested long enough.
    func look() async {
        var batch: [BeneathPath] = []
        while batch.count < Self.lookBatch, let (path, isClosing) = dirty.popFirst() {
            if begin(path, isClosing: isClosing) { batch.append(path) }
        }
        await look(at: batch)
    }

    /// Looks at names that all stand on one mount.
    func look(at batch: [BeneathPath]) async {
        guard !batch.isEmpty else { return }
        let probes = await sights(of: batch).compactMap { path, sight in
            take(sight, of: path) ? path : nil
        }
        var rest = probes[...]
        while !rest.isEmpty {
            await probe(Array(rest.prefix(Self.probeBatch)))
            rest = rest.dropFirst(Self.probeBatch)
        }
    }

    /// Makes a candidate of a new name; false where the name is not to be looked at now.
    func begin(_ path: BeneathPath, isClosing: Bool) -> Bool {
        if let candidate = candidates[path] {
            // Who claims it has it open; it is looked at when they are done.
            if case .claiming = candidate.phase { return false }
        } else {
            guard candidates.count < candidateLimit else {
                deferredCount += 1
                return false
            }
            arrivals += 1
            candidates[path] = Candidate(
                settling: Settling(waits: waits), firstSeen: time.calendar(), arrival: arrivals)
        }
        candidates[path]?.settling.noticed(isClosing: isClosing)
        return true
    }

    private func sights(of batch: [BeneathPath]) async -> [(BeneathPath, Sight)] {
        do {
            return try await root.run(at: batch.first ?? BeneathPath()) { [account] files in
                batch.map { path in
                    do throws(InboxError) {
                        if try files.isResult(path, of: account) { return (path, .ownResult) }
                        return (path, .entry(try files.entry(path)))
                    } catch {
                        return (path, .failed(error))
                    }
                }
            }
        } catch {
            let error = error as? InboxError ?? .mountBusy(limit: 0)
            return batch.map { ($0, .failed(error)) }
        }
    }

    /// Acts on a look; true where the drop is to be opened next.
    private func take(_ sight: Sight, of path: BeneathPath) -> Bool {
        // Somebody may have begun to claim it while it was looked at.
        guard let candidate = candidates[path] else { return false }
        if case .claiming(let admission, _) = candidate.phase {
            candidate.phase = .claiming(admission, isMarked: true)
            return false
        }
        let now = time.elapsed()
        let decision: SettlingDecision
        switch sight {
        case .entry(let entry):
            decision = candidate.settling.looked(entry, at: now)
            candidate.note(entry, decision, arrival: arrivals + 1, now: time.calendar)
            arrivals = max(arrivals, candidate.arrival)
        case .failed(let error) where error.errno == .fileNameTooLong:
            decision = .refused(Refusal.pathTooLong)
        case .ownResult:
            forget(path)
            // Its mark may have come after it, as when a folder is copied.
            if candidate.isReported { noteVanished(candidate, path) }
            return false
        // The folder became a link, or cannot be reached any more: nothing there is a drop.
        case .failed(let error) where error.errno == .tooManySymbolicLinkLevels:
            decision = candidate.settling.looked(nil, at: now)
        case .failed(let error):
            decision = .lookAgain(at: now + Settling.troubleWait, .trouble(error.failure))
        }
        guard decision != .probe else { return true }
        act(on: decision, path)
        return false
    }

    private func probe(_ batch: [BeneathPath]) async {
        let asked = batch.compactMap { path in
            candidates[path]?.identity.map { (path: path, identity: $0) }
        }
        let probes: [(BeneathPath, Probe)]
        do {
            probes = try await root.run(at: batch.first ?? BeneathPath()) { [opener] files in
                asked.map { ($0.path, opener.probe($0.path, expecting: $0.identity, in: files)) }
            }
        } catch {
            let failure = (error as? InboxError ?? .mountBusy(limit: 0)).failure
            probes = asked.map { ($0.path, .troubled(failure)) }
        }
        for (path, probe) in probes {
            guard let decision = candidates[path]?.settling.probed(probe, at: time.elapsed())
            else { continue }
            act(on: decision, path)
        }
    }

    /// Does what was decided about a name.
    private func act(on decision: SettlingDecision, _ path: BeneathPath) {
        guard let candidate = candidates[path] else { return }
        switch decision {
        case .unchanged, .probe:
            break
        case .gone:
            forget(path)
            noteVanished(candidate, path)
        case .folder:
            forget(path)
            noteVanished(candidate, path)
            // It was let in as a file; results, for one, may have taken a file's place meanwhile.
            box.markFolder(path, isGone: false)
        case .refused(let failure):
            refuse(path, candidate, failure)
        case .ready(let kind, let proof):
            offer(path, candidate, Admission(kind: kind, proof: proof))
        case .lookAgain(let moment, let reason):
            wait(path, candidate, until: moment, reason)
        }
    }

    private func noteVanished(_ candidate: Candidate, _ path: BeneathPath) {
        // A lost inbox looks empty; that nobody sees a file there does not mean it is gone.
        guard !isRootLost else { return }
        guard candidate.isReported else {
            // One that could be taken at first sight, and then not: a start finds such drops.
            if candidate.identity != nil { report(.untold(path)) }
            return
        }
        journal(JournalLine(.dropVanished, fields([:], path: path)))
        report(.vanished(path))
    }

    private func refuse(_ path: BeneathPath, _ candidate: Candidate, _ failure: Failure) {
        candidate.phase = .refused
        candidate.deadline = nil
        guard let sighted = candidate.sighted(path) else { return }
        candidate.isReported = true
        journal(
            JournalLine(
                .dropRefused,
                fields([.code: failure.code.rawValue, .detail: failure.detail], path: path)))
        report(.refused(sighted, failure))
    }

    private func wait(
        _ path: BeneathPath, _ candidate: Candidate, until moment: Duration, _ reason: WaitReason
    ) {
        setDeadline(moment, path)
        let former = candidate.phase
        candidate.phase = .watched(reason)
        if case .watched(reason) = former { return }
        guard let sighted = candidate.sighted(path), reason.message != nil else { return }
        candidate.isReported = true
        journal(
            JournalLine(
                former == .watched(nil) ? .dropNoticed : .dropWaiting,
                fields([.reason: reason.message ?? ""], path: path)))
        report(.waiting(sighted, reason, nextLook: time.calendar(at: moment)))
    }

    /// Lets go of a name; after a flood the room that it took is given back with its last one.
    func forget(_ path: BeneathPath) {
        candidates[path] = nil
        guard candidates.isEmpty else { return }
        candidates = [:]
        deadlines = PriorityQueue()
        ready = PriorityQueue()
        released = PriorityQueue()
    }

    func setDeadline(_ moment: Duration, _ path: BeneathPath) {
        candidates[path]?.deadline = moment
        deadlines.insert(path, at: moment)
        // Deadlines that were replaced stay in the queue; it must not grow with them for ever.
        guard deadlines.count > 2 * candidates.count + 1000 else { return }
        deadlines.removeAll()
        for (path, candidate) in candidates {
            if let deadline = candidate.deadline { deadlines.insert(path, at: deadline) }
        }
    }
}

extension Candidate {
    /// Keeps what a look showed; another file under the name of a refused one arrives anew.
    fileprivate func note(
        _ entry: Entry?, _ decision: SettlingDecision, arrival: UInt64, now: () -> Timestamp
    ) {
        guard let entry else { return }
        if phase == .refused, identity?.inode != entry.identity.inode {
            firstSeen = now()
            self.arrival = arrival
        }
        identity = entry.identity
    }
}
