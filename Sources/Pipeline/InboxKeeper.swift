import Inbox
import Intake
import Rules
import SystemPackage

/// Keeps what is served equal to what should be served: inboxes come, go, and come back.
///
/// Absence never means deletion: of an inbox that is away nothing is removed and nothing concluded.
final class InboxKeeper: Sendable {
    /// How long the daemon waits for the first look at every inbox before it calls itself ready; a
    /// share that hangs must not keep the others waiting.
    private static let firstLookLimit = Duration.seconds(5)

    private let house: House
    private let desks: Desks
    private let lookouts: [InboxLookout]
    private let muster: Muster
    private let isOnce: Bool
    /// What the inboxes are watched by.
    let watcher: DropWatcher

    /// - Throws: `Errno` where the kernel has no room for one more reader of watches.
    init(house: House, desks: Desks, dispatcher: Dispatcher, isOnce: Bool) throws {
        let watcher = try DropWatcher()
        let inboxes = house.settings.inboxes
        let muster = Muster(expecting: inboxes.count)
        let patience = isOnce ? Patience.once : Patience()
        let surroundings = InboxLookout.Surroundings(
            house: house, desks: desks, dispatcher: dispatcher,
            service: { root, settings in
                InboxService(
                    house: house, root: root, settings: settings, watcher: watcher,
                    patience: patience)
            },
            muster: muster, isOnce: isOnce, named: Set(inboxes.compactMap(\.exactPath)),
            passages: { settings in
                PassageWatch(watcher: watcher, rescan: settings.rescan, clock: QuietClock())
            })
        self.watcher = watcher
        self.house = house
        self.desks = desks
        self.muster = muster
        self.isOnce = isOnce
        lookouts = Self.lookouts(for: inboxes, surroundings)
    }

    /// Those of exact paths choose first, then those of patterns, in the order of the config.
    private static func lookouts(
        for inboxes: [NamedInbox], _ surroundings: InboxLookout.Surroundings
    ) -> [InboxLookout] {
        let exact = inboxes.filter { $0.exactPath != nil }
        let patterns = inboxes.filter { $0.exactPath == nil }
        let turns = patterns.indices.map { Muster(expecting: exact.count + $0) }
        return exact.map {
            InboxLookout($0, turn: Muster(expecting: 0), later: turns, surroundings)
        }
            + zip(patterns, patterns.indices).map { inbox, index in
                InboxLookout(
                    inbox, turn: turns[index], later: Array(turns[(index + 1)...]), surroundings)
            }
    }

    /// Serves the inboxes until ``close()``; returns once all of them are left.
    func run() async {
        let mounts = isOnce ? nil : watchMounts()
        await withDiscardingTaskGroup { group in
            for lookout in lookouts { group.addTask { await lookout.run() } }
        }
        withExtendedLifetime(mounts) {}
    }

    /// Compares what is served with what stands there: the one bell for all who learn that
    /// something may have changed.
    func lookAgain() { lookouts.forEach { $0.lookAgain() } }

    /// Lets nothing more be taken: claims in flight finish, and each inbox only has its sidecars
    /// written from then on.
    func stop() { lookouts.forEach { $0.stop() } }

    /// Lets ``run()`` come to its end; ``stop()`` comes first.
    func close() { lookouts.forEach { $0.close() } }

    /// Waits for the first look at every inbox, and for what it found to be served.
    ///
    /// A run that takes what is there waits as long as that takes; else an inbox that does not
    /// answer is served when it does.
    ///
    /// - Returns: why the daemon cannot do anything, if so: in a run that takes what is there
    ///   because nothing is, else because it may not act as any inbox's owner, which no waiting
    ///   changes.
    func firstLook() async -> InboxError? {
        guard await muster.wait(atMost: isOnce ? nil : Self.firstLookLimit) else { return nil }
        // What a pattern matches may come later, or be nothing for now.
        guard desks.services.isEmpty, house.settings.inboxes.allSatisfy({ $0.exactPath != nil })
        else { return nil }
        let looks = lookouts.map(\.firstRefusals)
        if isOnce { return looks.lazy.compactMap { $0 }.joined().first }
        guard !looks.contains(where: { $0.map(\.isEmpty) ?? true }) else { return nil }
        let refusals = looks.compactMap { $0 }.joined()
        return refusals.allSatisfy(\.isForGood) ? refusals.first : nil
    }

    private func watchMounts() -> MountWatcher? {
        do {
            let lookouts = lookouts
            return try MountWatcher { lookouts.forEach { $0.noticeMounts() } }
        } catch {
            house.say(.mountsUnwatched, [.detail: "watch the table of mounts: \(error)"])
            return nil
        }
    }
}

extension InboxError {
    /// Whether only another start of the daemon, with other rights or another config, can change it.
    fileprivate var isForGood: Bool {
        switch self {
        case .refused(_, .notMounted), .refused(_, .noResults): false
        case .identityRefused(_, .notPermitted), .refused: true
        default: false
        }
    }
}

extension NamedInbox {
    /// The one path that the line names; nil for a pattern.
    var exactPath: String? {
        guard let pattern = InboxPattern(path) else { return path }
        return pattern.isExact ? pattern.fixedPath : nil
    }
}
