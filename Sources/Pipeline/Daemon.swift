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
            operatorRequests: OperatorRequests(state.requests),
            surroundings: surroundings)
    }

    /// Takes what a reload may change from newer settings, and offers held drops again.
    public func reload(_ settings: DaemonSettings) {
        house.reload(settings)
        house.vacancies.tellAll()
        if !settings.limits.groups.isEmpty { house.groups.askAgain() }
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

    /// Closes the accounts' databases and the catalogue. The run must be over, and nothing is to be asked of the daemon
    /// afterwards.
    public func close() throws {
        // It may take its time, and nothing of the catalogue waits for it.
        defer { house.imports.close() }
        try house.catalog.close()
    }

    /// Lets ``run(isOnce:ready:)`` come to its end: claims in flight finish, workers are interrupted.
    public func stop() { stopping.raise() }

    /// Recovers, serves the inboxes, and returns when stopped.
    ///
    /// An inbox that is missing is waited for, unless the run takes only what is there.
    ///
    /// - Parameters:
    ///   - isOnce: whether it also ends once what is there is taken and finished.
    ///   - ready: called when every inbox that answers is served.
    /// - Throws: ``InboxError`` when no inbox can be served and waiting for one is of no use.
    public func run(isOnce: Bool, ready: @escaping @Sendable () -> Void) async throws {
        try await Recovery(house: house).emptyHands()
        let desks = Desks(stateDirectory: state.path.string)
        let dispatcher = Dispatcher(house: house, desks: desks)
        let keeper = try InboxKeeper(
            house: house, desks: desks, dispatcher: dispatcher, isOnce: isOnce)
        let watch = try FolderWatch(
            state.requests, watcher: keeper.watcher, clock: QuietClock())
        desks.tellJoins { watch.look() }
        let failure = await withDiscardingTaskGroup(returning: InboxError?.self) { keeping in
            keeping.addTask { await keeper.run() }
            let failure = await serve(
                keeper, desks, dispatcher, watch, isOnce: isOnce, ready: ready)
            // Only now has everybody who may still want something written come to an end.
            keeper.close()
            return failure
        }
        house.slots.forEach { $0.stop() }
        if let failure { throw failure }
    }

    /// What a task of ``serve(_:_:_:isOnce:ready:)`` says by returning.
    private enum Ending: Sendable {
        case ofItself, ofAll
        case inVain(InboxError)
    }

    /// Returns why nothing could be served, if so.
    private func serve(
        _ keeper: InboxKeeper, _ desks: Desks, _ dispatcher: Dispatcher, _ requests: FolderWatch,
        isOnce: Bool,
        ready: @escaping @Sendable () -> Void
    ) async -> InboxError? {
        await withTaskGroup(of: Ending.self) { group in
            group.addTask {
                await dispatcher.run()
                return .ofItself
            }
            group.addTask {
                await ReservationExpiry(house: self.house).run()
                return .ofItself
            }
            group.addTask {
                await TrashEmptying(house: self.house).run()
                return .ofItself
            }
            group.addTask {
                await self.offerHeld(of: desks)
                return .ofItself
            }
            group.addTask {
                await self.house.groups.run(self.house)
                return .ofItself
            }
            group.addTask {
                await self.house.operatorRequests.run(self.house, desks, requests)
                return .ofItself
            }
            group.addTask {
                _ = await self.stopping.wait()
                return .ofAll
            }
            group.addTask {
                if let failure = await keeper.firstLook() { return .inVain(failure) }
                ready()
                guard isOnce else { return .ofItself }
                await self.finishWhatIsThere(desks, dispatcher)
                return .ofAll
            }
            var failure: InboxError?
            serving: while let ending = await group.next() {
                switch ending {
                case .ofItself: continue
                case .ofAll: break serving
                case .inVain(let reason):
                    failure = reason
                    break serving
                }
            }
            keeper.stop()
            group.cancelAll()
            return failure
        }
    }

    /// Returns once nothing is there any more that can be taken or is asked for and can be done, and
    /// all of it is done.
    private func finishWhatIsThere(_ desks: Desks, _ dispatcher: Dispatcher) async {
        for service in desks.services { await service.whenStraysAreGone() }
        var isNewsLeft = true
        while isNewsLeft, !Task.isCancelled {
            for service in desks.services { await service.whenDrained() }
            let news = await house.operatorRequests.handOut(house, desks)
            for service in desks.services { await service.desk.requests.whenSettled() }
            await dispatcher.whenIdle()
            // What waited for a document is decided once that is over, and what found no room then.
            isNewsLeft = news > 0 || desks.services.contains { !$0.desk.requests.isSettled }
            for service in desks.services where !isNewsLeft {
                isNewsLeft = await service.hasMoreToDo
            }
        }
    }

    /// Offers held drops again as their accounts may have room, until the task is cancelled.
    private func offerHeld(of desks: Desks) async {
        do {
            while let accounts = await house.vacancies.next() {
                for service in desks.services where accounts.contains(service.desk.account.uid) {
                    await service.intake.releaseHeld()
                }
                try await QuietClock().sleep(for: Self.offerInterval)
            }
        } catch {
            // Cancelled: held drops are offered anew at the next start.
        }
    }
}
