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
    }

    private struct State {
        var roster = InboxRoster()
        var services: [String: InboxService] = [:]
        var hasLooked = false
        /// Why the first look found less than there should be.
        var firstRefusals: [InboxError] = []
        /// Whether the log knows that there is no room for more inboxes.
        var isFull = false
        var isStopping = false
    }

    private let inbox: NamedInbox
    private let around: Surroundings
    private let walk: InboxWalk
    private let bell = Signal()
    private let state = Mutex(State())

    init(_ inbox: NamedInbox, _ surroundings: Surroundings) {
        self.inbox = inbox
        self.around = surroundings
        walk = InboxWalk(inbox.path, threads: surroundings.house.owners)
    }

    /// Why the first look found less than there should be; nil before it has ended.
    var firstRefusals: [InboxError]? {
        state.withLock { $0.hasLooked ? $0.firstRefusals : nil }
    }

    /// Serves what stands there until ``close()``; returns once all of it has ended.
    func run() async {
        await withDiscardingTaskGroup { group in
            var isMissing = false
            repeat {
                if !isOver {
                    let findings = await walk.findings()
                    isMissing = await take(findings, in: &group)
                    // The place for a watch on `findings.passages` that calls `lookAgain()`.
                }
            } while await bell.wait(atMost: isMissing ? inbox.settings.poll : nil) && !isStopping
        }
    }

    /// Something may have changed: what is served is compared with what stands there.
    func lookAgain() { bell.raise() }

    /// Lets every service take nothing more, and begins none.
    func stop() {
        let services = state.withLock { state in
            state.isStopping = true
            return state.services.values
        }
        services.forEach { $0.stop() }
        bell.raise()
    }

    /// Lets every service that was stopped come to its end.
    func close() { state.withLock(\.services).values.forEach { $0.close() } }

    private var isStopping: Bool { state.withLock(\.isStopping) }
    /// Whether there is nothing more to look for.
    private var isOver: Bool {
        state.withLock { $0.isStopping || around.isOnce && $0.hasLooked }
    }

    /// Ends and begins what is to be ended and begun; returns whether something is missing.
    private func take(
        _ findings: InboxFindings, in group: inout DiscardingTaskGroup
    ) async -> Bool {
        let roots = findings.roots.filter { root in
            root.path == inbox.path || !around.named.contains(root.path)
        }
        let decision = state.withLock { state in
            state.roster.looked(found: roots.map(\.place), refused: findings.refusals)
        }
        for (path, error) in decision.news {
            around.house.say(.inboxRefused, [.inbox: path, .detail: error.failure.detail])
        }
        for (place, loss) in decision.ending {
            await state.withLock { $0.services[place.path] }?.lose(loss)
        }
        let begun = roots.filter { decision.beginning.contains($0.place) }.compactMap(begin)
        let isFirst = state.withLock { state in
            defer { state.hasLooked = true }
            if !state.hasLooked { state.firstRefusals = findings.refusals.map(\.error) }
            return !state.hasLooked
        }
        if isFirst { around.muster.expect(begun.count) }
        for service in begun {
            group.addTask {
                await self.serve(service) { if isFirst { self.around.muster.arrive() } }
            }
        }
        if isFirst { around.muster.arrive() }
        return (decision.isMissing || state.withLock(\.isFull)) && !around.isOnce
    }

    /// Makes the service of a root; nil where it has no room, or nothing is to begin any more.
    private func begin(_ root: InboxRoot) -> InboxService? {
        let seat = around.desks.takeSeat(root.path)
        let service = seat == .granted ? around.service(root, inbox.settings) : nil
        let (isBegun, isNewlyFull) = state.withLock { state in
            let wasFull = state.isFull
            state.isFull = seat == .full
            guard let service, !state.isStopping else {
                state.roster.declined(root.path)
                return (false, state.isFull && !wasFull)
            }
            state.services[root.path] = service
            return (true, false)
        }
        if isNewlyFull {
            around.house.say(
                .inboxesExhausted,
                [.inbox: root.path, .count: "\(DaemonSettings.inboxLimit)"])
        }
        if seat == .granted, !isBegun { around.desks.giveUpSeat(root.path) }
        return isBegun ? service : nil
    }

    private func serve(
        _ service: InboxService, joined: @escaping @Sendable () -> Void
    ) async {
        let root = service.desk.root
        await service.run(in: around.desks, dispatcher: around.dispatcher) {
            let isMended = self.state.withLock { $0.roster.mended(root.path) }
            if isMended { self.around.house.say(.inboxServedAgain, in: root) }
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
