import Inbox
import Rules

/// Notices the drops of one inbox, sees them settle, and hands out those that are ready, oldest
/// first.
///
/// ``run()`` does the watching; ``nextReady()`` gives a drop to whoever claims it, and
/// ``ended(_:_:)`` takes back word of how that went.
public actor InboxIntake {
    /// How many names are followed at once, at some 1.5 kB each; what is beyond is found again once
    /// half of them are done with.
    public static let usualCandidateLimit = 100_000
    /// How many names are looked at in one go on a thread of the mount.
    static let lookBatch = 256
    /// How many drops are opened in one go.
    static let probeBatch = 64
    /// How many folders may wait to be looked through.
    static let folderLimit = 100_000

    nonisolated let root: InboxRoot
    nonisolated let settings: InboxSettings
    nonisolated let journal: Journal
    nonisolated let report: @Sendable (DropReport) -> Void
    nonisolated let watcher: DropWatcher
    nonisolated let opener: DropOpener
    nonisolated let rules: NameRules
    nonisolated let waits: Settling.Waits
    nonisolated let time: IntakeTime
    nonisolated let bell: Bell
    nonisolated let candidateLimit: Int
    /// Whether files are drops; where not, as in a folder for results, only requests are looked for.
    nonisolated let takesDrops: Bool
    nonisolated let box: EventBox

    var candidates: [BeneathPath: Candidate] = [:]
    var arrivals: UInt64 = 0
    /// Names to look at.
    var dirty = MarkQueue()
    /// Folders to look through; the last first.
    var folders: [BeneathPath] = []
    var queuedFolders: Set<BeneathPath> = []
    /// What is mounted beneath the inbox, and the work that waits for each of these mounts.
    var mounts = Submounts()
    var lanes: [UInt64: MountLane] = [:]
    /// The folders without a watch, by their mounts.
    var polls: [UInt64: PollPlan] = [:]
    /// Canaries to answer; at most ``EventBox/canaryLimit`` of each look and of the events.
    var canaries: Set<FileName> = []
    var deadlines = PriorityQueue<Duration, BeneathPath>()
    var ready = PriorityQueue<UInt64, BeneathPath>()
    /// Those that were held, and may have room now.
    var released = PriorityQueue<UInt64, BeneathPath>()
    /// Those of them that somebody claims.
    var releasedInHand: Set<BeneathPath> = []
    var nextRescan: Duration?
    /// The interval rescan in progress counts what no event had told.
    var isCountingUnnotified = false
    var unnotifiedCount = 0
    /// How many names found no room since the last round ended, and whether any still wait for
    /// some.
    var deferredCount = 0
    var hasDeferred = false
    var hasScannedOnce = false
    /// Somebody saw signs that the root may be gone; nothing is concluded before it was confirmed.
    var isRootDoubtful = false
    /// From then on absence means nothing, and the intake comes to its end.
    public internal(set) var isRootLost = false
    var areWatchesExhausted = false
    var isLooking = false
    var isOver = false
    nonisolated let claimers = Waiters<SettledDrop?>()
    private nonisolated let drainWaiters = Waiters<Void>()
    nonisolated let scanWaiters = Waiters<Void>()

    /// - Parameters:
    ///   - watcher: shared by all inboxes.
    ///   - takesDrops: whether files are drops; else only requests are looked for.
    ///   - report: told of each drop that waits, is refused, or vanished; must return at once.
    ///   - clock: what waits are measured by.
    ///   - calendar: what people read; nil is the system's.
    public init(
        root: InboxRoot, settings: InboxSettings, watcher: DropWatcher,
        opener: DropOpener, patience: Patience = Patience(),
        clock: any Clock<Duration> = ContinuousClock(),
        calendar: (@Sendable () -> Timestamp)? = nil,
        candidateLimit: Int = usualCandidateLimit, takesDrops: Bool = true,
        journal: @escaping Journal,
        report: @escaping @Sendable (DropReport) -> Void
    ) {
        self.root = root
        self.settings = settings
        self.watcher = watcher
        self.opener = opener
        self.journal = journal
        self.report = report
        self.candidateLimit = candidateLimit
        self.takesDrops = takesDrops
        rules = NameRules(ignore: settings.ignore)
        waits = Settling.Waits(
            settle: settings.settle, settleWithoutProof: settings.settleWithoutProof,
            openWriter: settings.openWriterTimeout, patience: patience)
        time = IntakeTime(clock, calendar: calendar ?? IntakeTime.systemCalendar)
        bell = Bell()
        box = EventBox(
            rules: rules, isRecursive: settings.isRecursive, takesDrops: takesDrops, bell: bell)
    }

    /// Watches until the task is cancelled or the root is lost; then ends all that wait for a drop.
    public func run() async {
        scheduleRescan()
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                noteMounts()
                absorbMarks()
                if isRootDoubtful { await confirmRoot() }
                guard !isRootLost else { break }
                queueWhatIsDue()
                startLanes(in: &group)
                if !canaries.isEmpty { await answerCanaries() }
                isLooking = true
                if let folder = nextFolder() {
                    await scan(folder)
                } else if !dirty.isEmpty {
                    await look()
                } else {
                    isLooking = false
                    noteRoundEnd()
                    await rest()
                }
            }
            end()
        }
    }

    /// Whether all that is there is claimed, refused, held, or still being written.
    public var isDrained: Bool {
        hasScannedOnce && !hasRoomForDeferred && !isLooking && folders.isEmpty && dirty.isEmpty
            && box.isEmpty && lanes.isEmpty
            && candidates.values.allSatisfy(\.isAtRest)
    }

    /// Whether ``whenDrained()`` would wait.
    public var hasMoreToDo: Bool { !isDrained && !isOver }

    /// Returns once ``isDrained``, or when the intake has ended.
    public func whenDrained() async {
        guard hasMoreToDo else { return }
        await wait(among: drainWaiters)
    }

    /// Returns once all that stood on the mount of a folder at the beginning was looked at, or when the
    /// intake has ended or the task was cancelled. From then on no drop goes there unnoticed; one that
    /// went before may have been seen by nobody.
    public func whenScanned(_ folder: BeneathPath) async {
        while !isOver, !Task.isCancelled, !hasScanned(folder) { await wait(among: scanWaiters) }
    }

    private func hasScanned(_ folder: BeneathPath) -> Bool {
        hasScannedOnce && lane(of: folder).map { lanes[$0] == nil } ?? true
    }

    private func wait(among waiters: Waiters<Void>) async {
        let ticket = waiters.takeTicket()
        defer { waiters.giveBack(ticket) }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                waiters.add(continuation, ticket: ticket, none: ())
                bell.ring()
            }
        } onCancel: {
            waiters.cancel(ticket, none: ())
        }
    }

    /// Whether names that found no room would find some now.
    var hasRoomForDeferred: Bool { hasDeferred && candidates.count <= candidateLimit / 2 }

    /// Sleeps until something is marked, a look is due, or the task is cancelled.
    private func rest() async {
        let next = [deadlines.first?.priority, nextRescan, nextPoll].compactMap { $0 }.min()
        await bell.wait(atMost: next.map { max($0 - time.elapsed(), .zero) }, by: time)
    }

    /// What is true whenever nothing is left to look at for now.
    private func noteRoundEnd() {
        notePollEnd(on: root.device)
        if !hasScannedOnce {
            hasScannedOnce = true
            if takesDrops {
                journal(
                    JournalLine(.inboxWatched, fields([.count: String(candidates.count)])))
            }
        }
        scanWaiters.resumeAll(returning: ())
        if isCountingUnnotified {
            isCountingUnnotified = false
            if unnotifiedCount > 0 {
                journal(JournalLine(.unnotifiedFound, fields([.count: String(unnotifiedCount)])))
            }
        }
        if deferredCount > 0 {
            journal(JournalLine(.dropsDeferred, fields([.count: String(deferredCount)])))
            deferredCount = 0
            hasDeferred = true
        }
        if hasRoomForDeferred { bell.ring() }
        guard !drainWaiters.isEmpty, isDrained else { return }
        drainWaiters.resumeAll(returning: ())
    }

    private func end() {
        isOver = true
        watcher.forget(box)
        claimers.resumeAll(returning: nil)
        drainWaiters.resumeAll(returning: ())
        scanWaiters.resumeAll(returning: ())
    }

    /// Whose inbox it is.
    nonisolated var account: Account { root.account }

    /// A line's fields, with those that all lines of this inbox have.
    nonisolated func fields(
        _ more: [JournalField: String], path: BeneathPath? = nil
    ) -> [JournalField: String] {
        var fields = more
        fields[.inbox] = root.path
        fields[.account] = root.account.description
        fields[.path] = path?.description
        return fields
    }
}
