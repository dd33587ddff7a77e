import Catalog
import Inbox
import Rules
import Workers

/// One account's inbox.
private struct InboxKey: Hashable {
    var uid: UInt32
    /// Absolute, as bytes.
    var path: [UInt8]
}

/// Hands documents out to the few worker slots, the accounts in turn.
///
/// The backlog stays in the catalogue; here is only what is in hand.
/// Rule: docs/design.md, "Turns".
actor Dispatcher {
    /// How long a worker is kept for more of the same account; no data of theirs outlives it for long.
    private static let lingering = Duration.seconds(1)
    /// How long nobody is asked again to leave while a document waits and no slot is free.
    private static let patience = Duration.seconds(1)
    /// How many documents of one inbox are read or published at once: with a share that hangs, so
    /// many wait for it and no more.
    private static let publishLimit = 16
    /// The slot that has a worker ready while nothing is to be done, and the first to be used.
    private static let readySlot = 0

    private let house: House
    private let desks: Desks
    private nonisolated let signal = Signal()
    private var freeSlots: [Int]
    private var warmSlots = WarmSlots(lingering: Dispatcher.lingering)
    private var inHand: Set<DocumentID> = []
    /// How many documents of each inbox are being published.
    private var publishing: [InboxKey: Int] = [:]
    /// Documents whose claim has not told of them yet, and those that are being deleted.
    private var claiming: Set<DocumentID> = []
    /// Whether a document waited when room was last to be made for one.
    private var isSomebodyWaiting = false
    /// Whether the catalogue did not answer when it was last asked for work.
    private var isCatalogueSilent = false
    private var turns = AccountTurns()
    /// What the workers read at the moment.
    private var reading: [DocumentID: AccountContent] = [:]
    /// The documents that they read.
    private var works = SharedWorks()
    /// When the catalogue was last asked for work: what fell due later is still to be picked.
    private var lookedAt: Timestamp?
    private let clock = ContinuousClock()
    private let start = ContinuousClock.now
    private var idleWaiters: [CheckedContinuation<Void, Never>] = []
    private var isOver = false

    init(house: House, desks: Desks) {
        self.house = house
        self.desks = desks
        freeSlots = Array(house.slots.indices.reversed())
    }

    /// Looks again for work.
    nonisolated func wake() { signal.raise() }

    /// Keeps documents that are about to be committed from being handed out before they were told of.
    func hold(_ ids: [DocumentID]) { claiming.formUnion(ids) }

    /// Keeps a document from being handed out, if nobody has it in hand; returns whether it is held.
    func holdIfIdle(_ id: DocumentID) -> Bool {
        guard !inHand.contains(id) else { return false }
        return claiming.insert(id).inserted
    }

    /// Lets documents go that were held.
    func release(_ ids: [DocumentID]) {
        claiming.subtract(ids)
        wake()
    }

    /// Hands out work until the task is cancelled; returns once nothing is in hand any more.
    func run() async {
        await standBy()
        await withDiscardingTaskGroup { group in
            repeat {
                while !Task.isCancelled, !freeSlots.isEmpty, let step = await nextStep() {
                    // Slots may have come back meanwhile; none was taken, for only this loop takes them.
                    let slot = takeSlot()
                    switch step {
                    case .begin(let next, let desk):
                        begin(next.document, in: slot)
                        group.addTask { await self.work(on: next, of: desk, in: slot) }
                    case .join(let work, let role):
                        join(work, as: role, in: slot)
                        group.addTask { await self.take(part: role, in: work, slot) }
                    }
                }
                await makeRoom()
                await tellIfIdle()
            } while await signal.wait(atMost: await timeToRest())
        }
        for slot in house.slots { await slot.end() }
        isOver = true
        tellIdle()
    }

    /// Returns once nothing is in hand and nothing waits for a time, or ``run()`` has come to its end.
    func whenIdle() async {
        guard !isOver else { return }
        await withCheckedContinuation { waiter in
            idleWaiters.append(waiter)
            wake()
        }
    }

    private var elapsed: Duration { clock.now - start }

    /// What a free slot does.
    private enum Step {
        case begin(Assignment, InboxDesk)
        /// Works on a document that is in hand already.
        case join(ContentWork, WorkOutlook.Role)
    }

    /// Whose turn it is; where nobody waits, who may be helped.
    private func nextStep() async -> Step? {
        let waiting = await next()
        let stalled = works.stalled(turns)
        if let stalled, waiting.map({ works.goes(stalled, before: $0.0.document, turns) }) ?? true {
            if stalled.outlook.enter(as: .lead) { return .join(stalled, .lead) }
        }
        if let waiting { return .begin(waiting.0, waiting.1) }
        guard !isCatalogueSilent else { return nil }
        turns.forgiveAll()
        works.withdrawAsking()
        return works.wantingHelp(turns).map { .join($0, .help) }
    }

    /// Where somebody waits for a worker who could be served by one that does not work for the next in
    /// turn, one is asked to leave its document.
    private func makeRoom() async {
        isSomebodyWaiting = false
        guard freeSlots.isEmpty, works.mayBeLeft, let waiting = await next() else { return }
        isSomebodyWaiting = true
        works.makeRoom(for: waiting.0.document, turns)
    }

    /// A document is in hand from now on, and its account charged for it.
    private func begin(_ document: DocumentRecord, in slot: Int) {
        inHand.insert(document.id)
        turns.begin(
            in: slot, of: document.uid,
            mayTake: WorkEstimate.time(document.kind, size: document.size), at: elapsed)
        guard document.stages.contains(where: \.plan.name.dependsOnContentAlone) else { return }
        reading[document.id] = AccountContent(uid: document.uid, digest: document.digest)
    }

    /// A further worker turns to a document that is in hand.
    private func join(_ work: ContentWork, as role: WorkOutlook.Role, in slot: Int) {
        let uid = work.account.uid
        switch role {
        case .lead: turns.begin(in: slot, of: uid, mayTake: .zero, at: elapsed)
        case .help:
            turns.help(in: slot, of: uid, at: elapsed)
            house.say(
                .workerJoined,
                [
                    .document: "\(work.id)", .account: "\(work.account)",
                    .count: "\(work.outlook.participants)",
                ])
        }
    }

    /// The document whose turn it is of those that nobody works on, and the desk of its inbox.
    private func next() async -> (Assignment, InboxDesk)? {
        while true {
            let now = house.surroundings.now()
            turns.charge(at: elapsed)
            do {
                let assignment = try await house.catalog.nextDocument(
                    turns, excluding: inHand.union(claiming), sameAs: Set(reading.values),
                    in: waiting, now: now)
                isCatalogueSilent = false
                guard let assignment else {
                    lookedAt = now
                    return nil
                }
                // Its claim began while the catalogue was being asked.
                if claiming.contains(assignment.document.id) { continue }
                // Its inbox left meanwhile, and is not asked for again.
                guard let desk = desks.desk(of: assignment.document) else { continue }
                return (assignment, desk)
            } catch {
                isCatalogueSilent = true
                house.say(.catalogueFailed, [.detail: error.failure.detail])
                return nil
            }
        }
    }

    /// How long to wait for a word before something is to be done anyway; nil for ever.
    ///
    /// Lets workers go that have waited long enough for another document.
    private func timeToRest() async -> Duration? {
        // Only the loop that asks this takes slots, so they stay free meanwhile.
        for slot in warmSlots.takeRested(at: .now) {
            await house.slots[slot].rest()
            if slot == Self.readySlot { await standBy() }
        }
        let due = await timeToNextDue()
        guard let linger = warmSlots.timeToNext(at: .now) else { return due }
        return min(due ?? linger, linger)
    }

    /// How long nothing can fall due by itself; nil for ever.
    private func timeToNextDue() async -> Duration? {
        guard !freeSlots.isEmpty || works.mayBeLeft else { return nil }
        guard !isCatalogueSilent else { return house.retries.storeWait }
        // Whose turn it is changes with the time that workers take, of which nobody tells.
        if freeSlots.isEmpty, isSomebodyWaiting { return Self.patience }
        do {
            // What is due and was not picked waits for something in hand, whose end wakes us.
            let due = try await house.catalog.nextDueDate(
                after: lookedAt, excluding: inHand.union(claiming), in: waiting)
            guard let due else { return nil }
            return max(.milliseconds(1), due - house.surroundings.now())
        } catch {
            return house.retries.storeWait
        }
    }

    /// The inboxes whose documents may be handed out: one that does not answer gets no further ones.
    private var waiting: ServedInboxes {
        let full = publishing.filter { $0.value >= Self.publishLimit }.keys
        return full.isEmpty ? desks.served : desks.served.without(full.map { ($0.uid, $0.path) })
    }

    private func takeSlot() -> Int {
        let ready = freeSlots.firstIndex(of: Self.readySlot)
        let slot = freeSlots.remove(at: ready ?? freeSlots.count - 1)
        warmSlots.take(slot)
        return slot
    }

    /// Has a template ready, so that the next document does not wait for one to start.
    private func standBy() async {
        await house.slots[Self.readySlot].standBy()
    }

    private func work(on assignment: Assignment, of desk: InboxDesk, in slot: Int) async {
        let document = assignment.document
        let runner = StageRunner(
            house: house, desks: desks, account: desk.account, settings: desk.settings)
        let key = InboxKey(uid: document.uid, path: document.inbox)
        publishing[key, default: 0] += 1
        do {
            switch try await read(assignment, with: runner, in: slot) {
            case .toPublish(let publication): try await publication.run()
            case .done(let document): try await runner.publish(document)
            }
        } catch {
            house.say(
                .catalogueFailed,
                [.document: "\(document.id)", .detail: House.failure(of: error).detail])
            await putBack(document.id)
        }
        publishing[key] = publishing[key].flatMap { $0 > 1 ? $0 - 1 : nil }
        inHand.remove(document.id)
        // What is asked about it may have waited for nothing but this.
        desk.requests.documentMoved(document.path)
        wake()
    }

    /// What a document is read to.
    private enum Reading {
        /// Its publication has begun.
        case toPublish(Publication)
        case done(DocumentRecord)
    }

    /// Reads a document's content with this slot and those that join; returns when it is read.
    private func read(
        _ assignment: Assignment, with runner: StageRunner, in slot: Int
    ) async throws -> Reading {
        let id = assignment.document.id
        defer { reading[id] = nil }
        let content: StageRunner.Content
        do {
            content = try await runner.open(assignment) { [signal] in signal.raise() }
        } catch {
            giveBack(slot)
            throw error
        }
        switch content {
        case .done(let document):
            giveBack(slot)
            return .done(document)
        case .toRead(let work):
            works[id] = work
            await take(part: .lead, in: work, slot)
            await work.outlook.whenOver()
            works[id] = nil
            house.close(work.blob)
            if let error = work.outlook.error { throw error }
            let publication = try await work.settle(for: desks.desk(of: work.document))
            if let publication { return .toPublish(publication) }
            // What was cut off between two workers is owed its attempt.
            if work.isCutOff {
                return .done(
                    try await house.catalog.putBack(
                        id, now: house.surroundings.now(), retries: house.retries))
            }
            return .done(work.document)
        }
    }

    /// Has a slot work on a document, whoever else does, until there is nothing left for it to do.
    private func take(part role: WorkOutlook.Role, in work: ContentWork, _ slot: Int) async {
        do {
            try await StageRunner.work(on: work, in: house.slots[slot], as: role)
        } catch let failure as Failure where role == .help {
            // The slot has not come so far as to look at the document.
            house.say(.workerUnavailable, [.document: "\(work.id)", .detail: failure.detail])
            work.outlook.refuseHelp()
        } catch {
            work.outlook.fail(error)
        }
        work.outlook.leave(as: role)
        if work.outlook.isStalled { work.tellOfStall() }
        giveBack(slot)
    }

    /// The slot's worker has done with its document.
    private func giveBack(_ slot: Int) {
        turns.end(in: slot, at: elapsed)
        warmSlots.giveBack(slot, at: .now)
        freeSlots.append(slot)
        wake()
    }

    /// Puts the stage back that was in hand when the catalogue failed, as soon as it can be written again.
    ///
    /// When the daemon is stopped first, the recovery at the next start does the same.
    private func putBack(_ id: DocumentID) async {
        while !Task.isCancelled {
            do {
                try await QuietClock().sleep(for: house.retries.storeWait)
                try await house.catalog.putBack(
                    id, now: house.surroundings.now(), retries: house.retries)
                return
            } catch is CancellationError {
                return
            } catch {
                house.say(
                    .catalogueFailed,
                    [.document: "\(id)", .detail: House.failure(of: error).detail])
                if case CatalogError.noSuchDocument = error { return }
            }
        }
    }

    private func tellIfIdle() async {
        guard !idleWaiters.isEmpty, inHand.isEmpty, claiming.isEmpty else { return }
        lookedAt = nil
        guard await timeToNextDue() == nil, inHand.isEmpty, claiming.isEmpty else { return }
        tellIdle()
    }

    private func tellIdle() {
        idleWaiters.forEach { $0.resume() }
        idleWaiters = []
    }
}
