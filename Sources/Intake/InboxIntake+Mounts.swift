import Inbox
import Rules

/// The work that waits for one mount beneath an inbox; done beside all other, since it may hang.
struct MountLane: Sendable {
    /// Folders to look through; the last first.
    private var folders: [BeneathPath] = []
    private var queuedFolders: Set<BeneathPath> = []
    /// Names to look at.
    var dirty = MarkQueue()
    /// Whether a task does this work at the moment.
    var isBusy = false

    var isEmpty: Bool { folders.isEmpty && dirty.isEmpty }

    /// Returns false where no more folders may wait.
    mutating func queue(_ folder: BeneathPath) -> Bool {
        guard folders.count < InboxIntake.folderLimit else { return false }
        if queuedFolders.insert(folder).inserted { folders.append(folder) }
        return true
    }

    /// Returns false where no more names may wait.
    mutating func mark(_ path: BeneathPath, isClosing: Bool, limit: Int) -> Bool {
        guard dirty.count < limit else { return false }
        dirty.insert(path, isClosing: isClosing)
        return true
    }

    mutating func nextFolder() -> BeneathPath? {
        guard let folder = folders.popLast() else { return nil }
        queuedFolders.remove(folder)
        return folder
    }
}

/// The folders of one mount that are read again and again, since nothing tells of changes there.
///
/// Rule: docs/design.md, "Polls".
struct PollPlan: Sendable {
    var folders: Set<BeneathPath> = []
    /// When they are read next; nil while they are, or where there are none.
    var due: Duration?
    /// When the poll in progress began.
    var began: Duration?
    /// How long the last one took.
    var lastTook = Duration.zero

    /// The folders to begin with: those beneath them are found while they are read.
    var tops: [BeneathPath] { folders.filter { $0.isRoot || !folders.contains($0.parent) } }
}

extension InboxIntake {
    /// When the next poll is due.
    var nextPoll: Duration? { polls.values.compactMap(\.due).min() }

    /// The mount beneath the inbox that a path stands on; nil for the inbox's own.
    func lane(of path: BeneathPath) -> UInt64? {
        mounts.device(of: path).flatMap { $0 == root.device ? nil : $0 }
    }

    /// Takes in what was mounted and unmounted beneath the inbox: no event tells of either.
    func noteMounts() {
        let former = mounts
        mounts = root.submounts
        guard mounts != former else { return }
        for point in Set(former.points).union(mounts.points)
        where former.device(of: point) != mounts.device(of: point) {
            // The first scan finds what there is by itself.
            guard hasScannedOnce, settings.isRecursive,
                rules.verdict(point, isFolder: true) == .candidate
            else { continue }
            lookBeneath(point)
            queue(point)
        }
        let devices = Set(mounts.points.compactMap(mounts.device)).union([root.device])
        for (device, plan) in polls where !devices.contains(device) {
            polls[device] = nil
            for folder in plan.tops { queue(folder) }
        }
    }

    /// Sets a task to work on each mount that has some waiting and none at it.
    func startLanes(in group: inout DiscardingTaskGroup) {
        for (device, lane) in lanes where !lane.isBusy {
            guard !lane.isEmpty else {
                lanes[device] = nil
                continue
            }
            lanes[device]?.isBusy = true
            group.addTask { await self.work(on: device) }
        }
    }

    /// Does what waits for a mount. A mount that hangs keeps this task, and nothing else.
    private func work(on device: UInt64) async {
        while !Task.isCancelled {
            if let folder = lanes[device]?.nextFolder() {
                await scan(folder)
            } else if lanes[device]?.dirty.isEmpty == false {
                await look(at: nextBatch(of: device))
            } else {
                break
            }
            // What was decided may fall due before whatever the inbox waits for now.
            bell.ring()
        }
        notePollEnd(on: device)
        lanes[device]?.isBusy = false
        bell.ring()
    }

    private func nextBatch(of device: UInt64) -> [BeneathPath] {
        var batch: [BeneathPath] = []
        while batch.count < Self.lookBatch, let (path, isClosing) = lanes[device]?.dirty.popFirst()
        {
            if begin(path, isClosing: isClosing) { batch.append(path) }
        }
        return batch
    }

    /// Reads the folder at each poll of its mount from now on.
    func poll(_ folder: BeneathPath) {
        var plan = polls[root.mount(of: folder)] ?? PollPlan()
        if plan.folders.count < Self.folderLimit { plan.folders.insert(folder) }
        if plan.due == nil, plan.began == nil { plan.due = time.elapsed() + wait(after: plan) }
        polls[root.mount(of: folder)] = plan
    }

    /// Reads the folder no longer at each poll: it is watched, or not to be read.
    func unpoll(_ folder: BeneathPath) {
        for (device, plan) in polls where plan.folders.contains(folder) {
            polls[device]?.folders.remove(folder)
        }
    }

    /// Queues what is to be read of each mount whose poll is due.
    func beginPolls(at now: Duration) {
        for (device, plan) in polls {
            guard let due = plan.due, due <= now else { continue }
            polls[device]?.due = nil
            guard !plan.folders.isEmpty else { continue }
            polls[device]?.began = now
            // Those that are still to be polled say so as they are read.
            polls[device]?.folders = []
            for path in candidates.keys where plan.folders.contains(path.parent) {
                mark(path, isClosing: false)
            }
            for folder in plan.tops { queue(folder) }
        }
    }

    /// All that a poll found is looked at.
    func notePollEnd(on device: UInt64) {
        guard let began = polls[device]?.began else { return }
        let now = time.elapsed()
        polls[device]?.began = nil
        polls[device]?.lastTook = now - began
        guard let plan = polls[device], !plan.folders.isEmpty else { return }
        polls[device]?.due = now + wait(after: plan)
    }

    private func wait(after plan: PollPlan) -> Duration {
        PollPace(interval: settings.poll, longest: settings.rescan).wait(after: plan.lastTook)
    }
}
