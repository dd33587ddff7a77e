import Inbox
import Intake
import Rules
import Synchronization

/// Looks out for what one line of the config leads to, and has each inbox there served while it
/// stands.
final class InboxLookout: Sendable {
    /// What the lookouts of all inboxes share.
    struct Surroundings: Sendable {
        let house: House
        let desks: Desks
        let dispatcher: Dispatcher
        /// Makes the service of an opened inbox.
        let service: @Sendable (InboxRoot, InboxSettings) -> InboxService
        /// The first look of each lookout, and what that one found.
        let muster: Muster
        /// Whether one look is all.
        let isOnce: Bool
        /// The paths that have a line of their own, and so settings of their own.
        let named: Set<String>
        /// What tells of changes on the way to the inboxes of a line.
        let passages: @Sendable (InboxSettings) -> PassageWatch
    }

    private struct State {
        var roster: InboxRoster
        var services: [String: InboxService] = [:]
        var hasLooked = false
        /// Why the first look found less than there should be.
        var firstRefusals: [InboxError] = []
        /// Whether the log knows that there is no room for more inboxes.
        var isFull = false
        /// Cuts the look short that is being taken.
        var cutLook: (@Sendable () -> Void)?
        var isStopping = false

        init(of line: String) { roster = InboxRoster(of: line) }
    }

    /// How long one waits whose choice comes later: a share that hangs must not keep others waiting.
    private static let turnLimit = Duration.seconds(5)

    private let inbox: NamedInbox
    /// The one path that the line names; nil for a pattern.
    private let exactPath: String?
    private let around: Surroundings
    /// Complete once all whose choice comes first have chosen.
    private let turn: Muster
    /// The turns of those whose choice comes later.
    private let later: [Muster]
    private let walk: InboxWalk
    private let passages: PassageWatch
    private let bell = Signal()
    private let state: Mutex<State>

    /// - Parameters:
    ///   - turn: complete once all have chosen for the first time whose choice comes first.
    ///   - later: the turns of those whose choice comes later.
    init(
        _ inbox: NamedInbox, turn: Muster, later: [Muster], _ surroundings: Surroundings
    ) {
        self.inbox = inbox
        exactPath = inbox.exactPath
        self.turn = turn
        self.later = later
        self.around = surroundings
        walk = InboxWalk(
            inbox.path, results: inbox.settings.results, threads: surroundings.house.owners)
        passages = surroundings.passages(inbox.settings)
        state = Mutex(State(of: inbox.path))
    }

    /// Why the first look found less than there should be; nil before it has ended.
    var firstRefusals: [InboxError]? {
        state.withLock { $0.hasLooked ? $0.firstRefusals : nil }
    }

    /// Serves what stands there until ``close()``; returns once all of it has ended.
    func run() async {
        await withDiscardingTaskGroup { group in
            var wait: Duration?
            repeat {
                if !isOver { wait = await look(in: &group) }
            } while await change(atMost: wait) && !isStopping
        }
    }

    /// Looks once, and has what it finds served; returns how long to wait for word of a change, nil
    /// for ever.
    private func look(in group: inout DiscardingTaskGroup) async -> Duration? {
        let start = ContinuousClock.now
        let findings = await untilStopped { [walk] in await walk.findings() }
        let taken = ContinuousClock.now - start
        if !hasLooked {
            // Exact paths win over patterns, earlier patterns over later ones.
            await untilStopped { [turn] in _ = await turn.wait(atMost: Self.turnLimit) }
        }
        // What a look that was cut short did not find may well be there.
        guard !isStopping else { return nil }
        let isMissing = await take(findings, in: &group)
        guard !around.isOnce else { return nil }
        await untilStopped { [passages] in await passages.watch(findings.passages) }
        guard isMissing else { return nil }
        guard exactPath == nil else { return inbox.settings.poll }
        return PollPace(interval: inbox.settings.poll, longest: inbox.settings.rescan)
            .wait(after: taken)
    }

    /// Waits for word of a change; returns false where nobody is to wait any more.
    private func change(atMost limit: Duration?) async -> Bool {
        async let _ = hearPassages()
        return await bell.wait(atMost: limit)
    }

    private func hearPassages() async {
        guard !isOver else { return }
        await passages.change()
        if !Task.isCancelled { bell.raise() }
    }

    /// Runs what may wait for file systems, but no longer than until ``stop()``.
    private func untilStopped<Result: Sendable>(
        _ body: @escaping @Sendable () async -> Result
    ) async -> Result {
        let cut = Signal()
        let isStopping = state.withLock { state in
            state.cutLook = { cut.raise() }
            return state.isStopping
        }
        if isStopping { cut.raise() }
        let result = await withTaskGroup(of: Result?.self) { group in
            group.addTask { await body() }
            group.addTask {
                _ = await cut.wait()
                return nil
            }
            var result: Result?
            // Whichever ends first ends the other.
            while let end = await group.next() {
                if let end { result = end }
                group.cancelAll()
            }
            return result
        }
        state.withLock { $0.cutLook = nil }
        guard let result else { preconditionFailure("the body always comes to its end") }
        return result
    }

    /// Something may have changed: what is served is compared with what stands there.
    func lookAgain() { bell.raise() }

    /// Something was mounted or unmounted, perhaps beneath an inbox.
    func noticeMounts() {
        state.withLock(\.services).values.forEach { $0.noticeMounts() }
        // A host of containers mounts something all the time, and a pattern is a long way to go.
        if exactPath == nil { passages.noticeMounts() } else { lookAgain() }
    }

    /// Lets every service take nothing more, and begins none.
    func stop() {
        let (services, cutLook) = state.withLock { state in
            state.isStopping = true
            return (state.services.values, state.cutLook)
        }
        cutLook?()
        services.forEach { $0.stop() }
        bell.raise()
    }

    /// Lets every service that was stopped come to its end.
    func close() { state.withLock(\.services).values.forEach { $0.close() } }

    private var isStopping: Bool { state.withLock(\.isStopping) }
    private var hasLooked: Bool { state.withLock(\.hasLooked) }
    /// Whether there is nothing more to look for.
    private var isOver: Bool {
        state.withLock { $0.isStopping || around.isOnce && $0.hasLooked }
    }

    /// Ends and begins what is to be ended and begun; returns whether something is missing.
    private func take(
        _ findings: InboxFindings, in group: inout DiscardingTaskGroup
    ) async -> Bool {
        let roots = findings.roots.filter { isOwn($0.path) }
        // What a pattern may not serve may have a line of its own.
        let refusals = findings.refusals.filter { isOwn($0.path) }
        let decision = state.withLock { state in
            state.roster.looked(found: roots.map(\.place), refused: refusals)
        }
        for (path, error) in decision.news { report(path, error) }
        for (place, loss) in decision.ending {
            await state.withLock { $0.services[place.path] }?.lose(loss)
        }
        let beginning = Set(decision.beginning)
        let begun = roots.filter { beginning.contains($0.place) }.compactMap(begin)
        let isFirst = state.withLock { state in
            defer { state.hasLooked = true }
            if !state.hasLooked { state.firstRefusals += refusals.map(\.error) }
            return !state.hasLooked
        }
        if isFirst {
            around.muster.expect(begun.count)
            later.forEach { $0.arrive() }
        }
        for service in begun {
            group.addTask {
                await self.serve(service) { if isFirst { self.around.muster.arrive() } }
            }
        }
        if isFirst { around.muster.arrive() }
        return decision.isMissing
    }

    /// Whether this line decides about a path: the one it names, or one that no other line names.
    private func isOwn(_ path: String) -> Bool {
        path == exactPath || !around.named.contains(path)
    }

    private func report(_ path: String, _ error: InboxError) {
        around.house.say(.inboxRefused, [.inbox: path, .detail: error.failure.detail])
    }

    /// Makes the service of a root; nil where it has no seat, or nothing is to begin any more.
    private func begin(_ root: InboxRoot) -> InboxService? {
        let seat = around.desks.takeSeat(root.asFound, orRing: bell)
        guard seat == .granted else {
            decline(root.path, seat)
            return nil
        }
        let service = around.service(root, inbox.settings)
        let isBegun = state.withLock { state in
            state.isFull = false
            guard !state.isStopping else { return false }
            state.services[root.path] = service
            return true
        }
        if isBegun { return service }
        around.desks.giveUpSeat(root.path)
        return nil
    }

    private func decline(_ path: String, _ seat: Desks.Seat) {
        guard case .refused(let refusal) = seat else {
            state.withLock { _ = $0.roster.declined(path) }
            return
        }
        let error = InboxError.refused(path: path, refusal)
        guard case .tooManyInboxes(let limit) = refusal else {
            let isNews = state.withLock { state in
                if !state.hasLooked { state.firstRefusals.append(error) }
                return state.roster.declined(path, because: error)
            }
            if isNews { report(path, error) }
            return
        }
        // Told once for all of them.
        let isNews = state.withLock { state in
            _ = state.roster.declined(path)
            defer { state.isFull = true }
            return !state.isFull
        }
        if isNews {
            around.house.say(.inboxesExhausted, [.inbox: path, .count: "\(limit)"])
        }
    }

    private func tellMended(_ root: InboxRoot) {
        switch state.withLock({ $0.roster.mended(root.path) }) {
        case .none: break
        case .again: around.house.say(.inboxServedAgain, in: root)
        case .replaced(let former):
            around.house.say(
                .inboxReplaced, in: root,
                [.reason: "it was an inbox of \(former.account) (uid \(former.uid))"])
        }
    }

    private func serve(
        _ service: InboxService, joined: @escaping @Sendable () -> Void
    ) async {
        let root = service.desk.root
        await service.run(in: around.desks, dispatcher: around.dispatcher) {
            self.tellMended(root)
            joined()
        }
        let isLost = await service.intake.isRootLost
        around.desks.giveUpSeat(root.path)
        state.withLock { state in
            state.services[root.path] = nil
            state.roster.ended(root.path, isLost: isLost)
        }
        // Another may stand at the path already.
        bell.raise()
    }
}
