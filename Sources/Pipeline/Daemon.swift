import Catalog
import Imports
import Inbox
import Intake
import Rules
import Store
import SystemPackage
import Workers

/// The whole house at work over one state directory.
public final class Daemon: Sendable {
    /// How long held drops are left alone at least before they are offered again.
    private static let offerInterval = Duration.seconds(1)

    private let house: House
    private let state: StateDirectory
    private let stopping = Signal()

    /// Opens the state directory and all that is in it. Nothing is claimed yet.
    ///
    /// Blocks on the disk.
    ///
    /// - Parameters:
    ///   - workers: how a worker is started.
    ///   - slotCount: how many of them work side by side.
    /// - Throws: ``StateError`` for a directory that is unusable or in use; a room's own error else.
    public init(
        settings: DaemonSettings, workers: WorkerLauncher, slotCount: Int,
        surroundings: Surroundings
    ) throws {
        state = try StateDirectory(settings.stateDirectory)
        try state.settle()
        let store = BlobStore(root: state.path)
        try store.prepare()
        let imports = try ImportDatabases(
            root: state.imports.string,
            tokenKey: try TokenKey.loadOrCreate(at: state.tokenKey.string),
            schemas: settings.schemas, journal: surroundings.journal)
        house = House(
            settings: settings, store: store,
            catalog: try Catalog.open(state.catalog.string), imports: imports,
            slots: try (0..<slotCount).map { number in
                try WorkerSlot(number: number, launcher: workers, journal: surroundings.journal)
            },
            surroundings: surroundings)
    }

    /// Takes what a reload may change from newer settings, and offers held drops again.
    public func reload(_ settings: DaemonSettings) {
        house.reload(settings)
        house.vacancies.tellAll()
    }

    /// Whether the catalogue still answers.
    public func isAlive() async -> Bool {
        do {
            _ = try await house.catalog.usage(of: 0)
            return true
        } catch {
            house.say(.catalogueFailed, [.detail: House.failure(of: error).detail])
            return false
        }
    }

    /// Lets ``run(isOnce:ready:)`` come to its end: claims in flight finish, workers are interrupted.
    public func stop() { stopping.raise() }

    /// Recovers, serves the inboxes, and returns when stopped.
    ///
    /// - Parameters:
    ///   - isOnce: whether it also ends once what is there is taken and finished.
    ///   - ready: called when every inbox is being watched for.
    /// - Throws: ``InboxError`` when no inbox could be opened.
    public func run(isOnce: Bool, ready: @escaping @Sendable () -> Void) async throws {
        let recovery = Recovery(house: house)
        try await recovery.emptyHands()
        let services = try await openInboxes(isOnce: isOnce)
        let desks = services.map(\.desk)
        let register = Desks(desks)
        let dispatcher = Dispatcher(house: house, desks: register)
        for desk in desks { await recovery.removeTemporaries(in: desk.root) }
        try await recovery.finishRemovals(in: register)
        try await recovery.moveAside(in: register)
        await withDiscardingTaskGroup { writing in
            for desk in desks { writing.addTask { await desk.run() } }
            await serve(
                services, dispatcher, isOnce: isOnce,
                retell: {
                    await recovery.retell(in: register)
                    for desk in desks { await recovery.removeStrays(of: desk) }
                }, ready: ready)
            // Only now has everybody who may still want something written come to an end.
            for desk in desks { desk.close() }
        }
        house.slots.forEach { $0.stop() }
        try house.catalog.close()
    }

    private func openInboxes(isOnce: Bool) async throws -> [InboxService] {
        let watcher = try DropWatcher()
        let patience = isOnce ? Patience.once : Patience()
        var services: [InboxService] = []
        var firstError: InboxError?
        var choice = InboxChoice(stateDirectory: state.path.string)
        func refuse(_ path: String, _ error: InboxError) {
            firstError = firstError ?? error
            house.say(.inboxRefused, [.inbox: path, .detail: error.failure.detail])
        }
        let found = await findings()
        let named = Set(found.map(\.inbox.path))
        for (inbox, findings) in found {
            // What a pattern may not serve may have a line of its own.
            for (path, error) in findings.refusals
            where path == inbox.path || !named.contains(path) {
                refuse(path, error)
            }
        }
        // Exact paths win over patterns.
        let isExact = { InboxPattern.hasWildcard($0) == false }
        let inOrder =
            found.filter { isExact($0.inbox.path) } + found.filter { !isExact($0.inbox.path) }
        for (inbox, findings) in inOrder {
            for root in findings.roots {
                switch choice.judge(root.asFound) {
                case .served:
                    services.append(
                        InboxService(
                            house: house, root: root, settings: inbox.settings, watcher: watcher,
                            patience: patience))
                case .servedAlready:
                    break
                case .refused(let refusal):
                    refuse(root.path, .refused(path: root.path, refusal))
                }
            }
        }
        // What a pattern matches may come later.
        let hasPattern = house.settings.inboxes.contains { !isExact($0.path) }
        if services.isEmpty, !hasPattern, let firstError { throw firstError }
        return services
    }

    /// Looks for the inboxes of every line of the config, side by side, in the order of the config.
    private func findings() async -> [(inbox: NamedInbox, findings: InboxFindings)] {
        let inboxes = house.settings.inboxes
        let found = await withTaskGroup(of: (Int, InboxFindings).self) { group in
            for (index, inbox) in inboxes.enumerated() {
                group.addTask { [owners = house.owners] in
                    (index, await InboxWalk(inbox.path, threads: owners).findings())
                }
            }
            return await group.reduce(into: [Int: InboxFindings]()) { $0[$1.0] = $1.1 }
        }
        return inboxes.enumerated().map { ($1, found[$0] ?? InboxFindings()) }
    }

    /// What a task of ``serve(_:_:isOnce:ready:)`` says by returning.
    private enum Ending: Sendable {
        case ofItself, ofAll
    }

    private func serve(
        _ services: [InboxService], _ dispatcher: Dispatcher, isOnce: Bool,
        retell: @escaping @Sendable () async -> Void, ready: @Sendable () -> Void
    ) async {
        await withTaskGroup(of: Ending.self) { group in
            group.addTask {
                await dispatcher.run()
                return .ofItself
            }
            for service in services {
                group.addTask {
                    await service.run(dispatcher: dispatcher)
                    return .ofItself
                }
            }
            group.addTask {
                await ReservationExpiry(house: self.house).run()
                return .ofItself
            }
            group.addTask {
                await retell()
                return .ofItself
            }
            group.addTask {
                await self.offerHeld(of: services)
                return .ofItself
            }
            group.addTask {
                _ = await self.stopping.wait()
                return .ofAll
            }
            if isOnce {
                group.addTask {
                    for service in services { await service.intake.whenDrained() }
                    await dispatcher.whenIdle()
                    return .ofAll
                }
            }
            ready()
            while let ending = await group.next(), ending == .ofItself {}
            group.cancelAll()
        }
    }

    /// Offers held drops again as their accounts may have room, until the task is cancelled.
    private func offerHeld(of services: [InboxService]) async {
        do {
            while let accounts = await house.vacancies.next() {
                for service in services where accounts.contains(service.desk.account.uid) {
                    await service.intake.releaseHeld()
                }
                try await QuietClock().sleep(for: Self.offerInterval)
            }
        } catch {
            // Cancelled: held drops are offered anew at the next start.
        }
    }
}

extension InboxRoot {
    fileprivate var asFound: InboxChoice.Found {
        InboxChoice.Found(path: path, place: location, device: device, inode: inode)
    }
}
