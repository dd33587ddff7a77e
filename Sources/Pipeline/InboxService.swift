import Catalog
import Inbox
import Intake
import Rules

/// Serves one inbox: notices its drops, claims them, writes its sidecars.
struct InboxService: Sendable {
    /// How many batches of one inbox's drops are claimed side by side.
    static let laneCount = 4

    let house: House
    let desk: InboxDesk
    let intake: InboxIntake
    /// Notices requests in the folder that the results go into; nil where they stand beside the drops.
    private let resultsIntake: InboxIntake?
    private let opener: DropOpener
    private let settings: InboxSettings
    private let stopping = Signal()
    private let closing = Signal()
    private let straysGone = Signal()

    init(
        house: House, root: InboxRoot, settings: InboxSettings, watcher: DropWatcher,
        patience: Patience
    ) {
        let desk = InboxDesk(root: root, settings: settings, house: house)
        let opener = DropOpener(settings: settings)
        house.groups.learn(root.owner)
        let reports = IntakeReports(desk: desk)
        self.house = house
        self.desk = desk
        self.opener = opener
        self.settings = settings
        intake = InboxIntake(
            root: root, settings: settings, watcher: watcher, opener: opener, patience: patience,
            clock: QuietClock(), calendar: house.surroundings.now,
            journal: house.surroundings.journal,
            report: { reports.take($0) })
        resultsIntake = root.results.map { results in
            InboxIntake(
                root: results, settings: settings, watcher: watcher, opener: opener,
                clock: QuietClock(), calendar: house.surroundings.now, takesDrops: false,
                journal: house.surroundings.journal,
                report: { reports.takeFromResults($0) })
        }
        desk.requests.tellRoom { [house, weak intake, weak resultsIntake] asker in
            switch asker {
            case .owner:
                intake?.lookThrough()
                resultsIntake?.lookThrough()
            case .operators: house.operatorRequests.look()
            }
        }
    }

    /// Serves the inbox until its root is lost or the service was stopped and closed.
    ///
    /// Claims in flight are finished. A root that is lost is let go of then; of one that is not,
    /// sidecars are written until ``close()``.
    ///
    /// - Parameter joined: called once the inbox is among those that are served.
    func run(
        in desks: Desks, dispatcher: Dispatcher, joined: @escaping @Sendable () -> Void
    ) async {
        await withDiscardingTaskGroup { writing in
            writing.addTask { await desk.run() }
            await withTaskGroup { group in
                group.addTask { await serve(in: desks, dispatcher, joined: joined) }
                group.addTask { _ = await stopping.wait() }
                await group.next()
                group.cancelAll()
            }
            straysGone.raise()
            let isLost = await intake.isRootLost
            if !isLost { _ = await closing.wait() }
            desks.leave(self)
            // What is left to be written has no place any more; and nothing keeps a file system busy.
            if isLost { desk.root.letGo() }
            desk.close()
        }
        if await intake.isRootLost { await forgetHeld() }
        desk.root.letGo()
    }

    /// Nobody knows of drops that found no room in an inbox that is gone.
    private func forgetHeld() async {
        do {
            try await house.catalog.noteHeld(
                .zero, uid: desk.account.uid, inbox: Array(desk.root.path.utf8))
        } catch {
            house.say(.catalogueFailed, [.detail: error.failure.detail])
        }
    }

    /// Returns once the status files are gone of drops that went while nobody looked, or when nothing more
    /// is taken; one task may wait for it, once.
    func whenStraysAreGone() async { _ = await straysGone.wait() }

    /// The root is not the inbox any more: ``run(in:dispatcher:joined:)`` comes to its end.
    func lose(_ loss: InboxLoss) async { await intake.lose(loss) }

    /// Something was mounted or unmounted somewhere.
    func noticeMounts() {
        intake.noticeMounts()
        resultsIntake?.noticeMounts()
    }

    /// Returns once all that is there was looked at, and what is to be taken is.
    func whenDrained() async {
        await intake.whenDrained()
        await resultsIntake?.whenDrained()
    }

    /// Whether ``whenDrained()`` would wait.
    var hasMoreToDo: Bool {
        get async {
            let isMoreInResults = await resultsIntake?.hasMoreToDo ?? false
            return await intake.hasMoreToDo || isMoreInResults
        }
    }

    /// Lets nothing more be taken.
    func stop() { stopping.raise() }

    /// Nobody wants a sidecar written any more.
    func close() { closing.raise() }

    /// Notices and claims drops until the root is lost or the task is cancelled.
    private func serve(
        in desks: Desks, _ dispatcher: Dispatcher, joined: @Sendable () -> Void
    ) async {
        let recovery = InboxRecovery(house: house, desk: desk)
        guard await recovery.finishBegun() else { return }
        desks.join(self)
        joined()
        // What waited for the inbox to come may be due.
        dispatcher.wake()
        await withDiscardingTaskGroup { group in
            for _ in 0..<Self.laneCount {
                group.addTask { await claim(dispatcher) }
            }
            group.addTask { await recovery.tellWaiting() }
            group.addTask {
                await recovery.removeStrays(behind: intake)
                straysGone.raise()
            }
            group.addTask { await desk.owedRemovals.run(house, desk) }
            group.addTask {
                await OwedDeletions(house: house, desk: desk, dispatcher: dispatcher).run()
            }
            group.addTask {
                await RequestTaking(house: house, desk: desk, dispatcher: dispatcher).run()
            }
            group.addTask {
                await Retention(house: house, desk: desk, dispatcher: dispatcher).run()
            }
            group.addTask {
                while await desk.doubt.wait() { await intake.doubtRoot() }
            }
            if let resultsIntake {
                group.addTask {
                    await resultsIntake.run()
                    // The inbox goes with it, and begins anew once both are there.
                    if await resultsIntake.isRootLost { await intake.lose(.resultsAway) }
                }
            }
            await intake.run()
            // Claims in flight may take a while; nothing else is begun meanwhile.
            if await intake.isRootLost { desks.leave(self) }
            group.cancelAll()
        }
    }

    private func claim(_ dispatcher: Dispatcher) async {
        let batch = ClaimBatch(
            house: house, desk: desk, dispatcher: dispatcher, opener: opener, settings: settings)
        while let first = await intake.nextReady() {
            // What is ready at this moment comes along; nobody waits for others.
            let room = house.claimRoom.take(ClaimBatch.countLimit)
            let more = await intake.moreReady(
                beside: first, count: room - 1, bytes: ClaimBatch.byteLimit)
            house.claimRoom.giveBack(room - 1 - more.count)
            let vacancies = house.vacancies.count
            let endings = await batch.take([first] + more)
            await intake.ended(endings)
            // Room that came in the meantime was offered to drops that were not held yet.
            if vacancies != house.vacancies.count, endings.contains(where: { $0.ending == .held }) {
                house.vacancies.tellAgain(desk.account.uid)
            }
            house.claimRoom.giveBack(1 + more.count)
        }
    }
}

/// Puts what intake finds out into the words of status files; intake itself tells the log.
struct IntakeReports: Sendable {
    let desk: InboxDesk

    /// Takes one report from the folder that the results go into, where nothing but requests counts.
    func takeFromResults(_ report: DropReport) {
        guard case .requested(let path) = report, let name = path.name,
            let request = Request(name: name)
        else { return }
        desk.requests.mark(
            AskedFor(
                source: .results(path), request: request, target: path.sibling(request.target)))
    }

    /// Takes one report; never waits.
    func take(_ report: DropReport) {
        switch report {
        case .waiting(let drop, let reason, let nextLook):
            guard let message = reason.message else { return }
            desk.tell(
                WaitingDrop(
                    path: drop.path, size: drop.identity.size, firstSeen: drop.firstSeen,
                    state: .waiting, message: message, nextLook: nextLook))
        case .refused(let drop, let failure):
            desk.tell(
                WaitingDrop(
                    path: drop.path, size: drop.identity.size, firstSeen: drop.firstSeen,
                    state: .refused, message: failure.message, failure: failure))
        case .vanished(let path):
            desk.tellVanished(path)
            desk.requests.documentMoved(path)
        case .untold(let path):
            desk.tellGone(path)
            desk.requests.documentMoved(path)
        case .requested(let path):
            guard let name = path.name, let request = Request(name: name) else { return }
            desk.requests.mark(
                AskedFor(
                    source: .inbox(path), request: request, target: path.sibling(request.target)))
        }
    }
}
