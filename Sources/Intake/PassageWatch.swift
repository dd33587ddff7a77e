import Inbox
import Rules
import Synchronization
import SystemPackage

/// Tells when the inboxes of a path or pattern may have come or gone.
///
/// Whoever serves them goes round: look for the inboxes, ``watch(_:)`` what the look passed through,
/// wait for a ``change()``, look again.
public final class PassageWatch: Sendable {
    /// How many directories are asked for a watch at a time: those that hang hold up no more.
    private static let concurrency = 64

    private struct State {
        var round: UInt64 = 0
        /// Whether a change may come that no watch tells.
        var hasGaps = false
        /// When the last change was told, which is when the look after it began.
        var lookBegan: Duration?
        /// When the next look may begin.
        var nextLook = Duration.zero
    }

    private let watcher: DropWatcher
    private let rescan: Duration
    private let time: IntakeTime
    private let bell = Bell()
    private let state = Mutex(State())

    /// - Parameters:
    ///   - watcher: shared by all.
    ///   - rescan: how long a change may go unnoticed where watching is impossible.
    public init(
        watcher: DropWatcher, rescan: Duration, clock: any Clock<Duration> = ContinuousClock()
    ) {
        self.watcher = watcher
        self.rescan = rescan
        time = IntakeTime(clock, calendar: IntakeTime.systemCalendar)
    }

    deinit { watcher.forgetPassages(of: ObjectIdentifier(self), before: .max) }

    /// Watches these directories instead of those before.
    ///
    /// What is watched for the first time may have changed since it was looked at: then the next
    /// ``change()`` comes at once.
    public func watch(_ passages: [InboxPassage]) async {
        let round = state.withLock { state in
            state.round += 1
            return state.round
        }
        var isComplete = true
        var isNew = false
        await withTaskGroup(of: Bool?.self) { group in
            func take(_ answer: Bool?) {
                isComplete = isComplete && answer != nil
                isNew = isNew || answer == true
            }
            for (index, passage) in passages.enumerated() {
                if index >= Self.concurrency, let answer = await group.next() { take(answer) }
                group.addTask { await self.watch(passage, round: round) }
            }
            for await answer in group { take(answer) }
        }
        watcher.forgetPassages(of: ObjectIdentifier(self), before: round)
        state.withLock { [isComplete, rescan, now = time.elapsed()] state in
            state.hasGaps = !isComplete
            let pace = PollPace(interval: .zero, longest: rescan)
            if let began = state.lookBegan { state.nextLook = now + pace.wait(after: now - began) }
        }
        if isNew { bell.ring() }
    }

    /// Returns once an inbox may have come or gone: a directory that matters appeared, left or changed
    /// its owner or permissions, or `rescan` has passed where not everything could be watched. Also
    /// when the task is cancelled.
    ///
    /// Looks rest ten times as long as they take, so that nobody keeps the daemon busy by making
    /// directories.
    public func change() async {
        let (hasGaps, nextLook) = state.withLock { ($0.hasGaps, $0.nextLook) }
        await bell.wait(atMost: hasGaps ? rescan : nil, by: time)
        let rest = nextLook - time.elapsed()
        if !Task.isCancelled, rest > .zero { await time.pause(rest) }
        state.withLock { [now = time.elapsed()] in $0.lookBegan = now }
    }

    /// Something was mounted or unmounted somewhere, which no watch tells: a ``change()``.
    public func noticeMounts() { bell.ring() }

    /// Returns nil where it cannot be watched, else whether it was not before.
    private func watch(_ passage: InboxPassage, round: UInt64) async -> Bool? {
        let mark = PassageTable.Mark(
            holder: ObjectIdentifier(self), round: round, step: passage.step, bell: bell)
        do {
            return try await passage.run { [watcher] in watcher.watch($0, for: mark) } ?? nil
        } catch {
            // It went, or its owner may not read it: then it is looked at now and then.
            return nil
        }
    }
}
