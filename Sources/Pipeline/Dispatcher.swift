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
actor Dispatcher {
    /// How long a worker is kept for more of the same account; no data of theirs outlives it for long.
    private static let lingering = Duration.seconds(1)
    /// How many documents of one inbox are read or published at once: with a share that hangs, so
    /// many wait for it and no more.
    private static let publishLimit = 16
    /// The slot that has a worker ready while nothing is to be done, and the first to be used.
    private static let readySlot = 0

    private let house: House
    private let desks: Desks
    private nonisolated let signal = Signal()
    private var freeSlots: [Int]
    /// Slots whose worker may wait for another document of its account.
    private var warmSlots: Set<Int> = []
    private var lastWork = ContinuousClock.now
    private var inHand: Set<DocumentID> = []
    /// How many documents of each inbox are being published.
    private var publishing: [InboxKey: Int] = [:]
    /// Documents whose claim has not told of them yet.
    private var claiming: Set<DocumentID> = []
    /// Whether the catalogue did not answer when it was last asked for work.
    private var isCatalogueSilent = false
    private var lastServed: UInt32?
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
                while !Task.isCancelled, !freeSlots.isEmpty, let assignment = await next() {
                    // Slots may have come back meanwhile; none was taken, for only this loop takes them.
                    let slot = takeSlot()
                    let (document, desk) = assignment
                    inHand.insert(document.id)
                    group.addTask { await self.work(on: document, of: desk, in: slot) }
                }
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

    /// The document whose turn it is, and the desk of its inbox.
    private func next() async -> (DocumentRecord, InboxDesk)? {
        while true {
            do {
                let assignment = try await house.catalog.nextDocument(
                    after: lastServed, excluding: inHand.union(claiming), in: waiting,
                    now: house.surroundings.now())
                isCatalogueSilent = false
                guard let assignment else { return nil }
                // Its claim began while the catalogue was being asked.
                if claiming.contains(assignment.document.id) { continue }
                // Its inbox left meanwhile, and is not asked for again.
                guard let desk = desks.desk(of: assignment.document) else { continue }
                lastServed = assignment.document.uid
                return (assignment.document, desk)
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
        let idle = ContinuousClock.now - lastWork
        if idle >= Self.lingering {
            for slot in warmSlots where freeSlots.contains(slot) {
                await house.slots[slot].rest()
                warmSlots.remove(slot)
                if slot == Self.readySlot { await standBy() }
            }
        }
        let due = await timeToNextDue()
        guard warmSlots.contains(where: freeSlots.contains) else { return due }
        let linger = max(.milliseconds(1), Self.lingering - idle)
        return min(due ?? linger, linger)
    }

    /// How long nothing can fall due by itself; nil for ever.
    private func timeToNextDue() async -> Duration? {
        guard !freeSlots.isEmpty else { return nil }
        guard !isCatalogueSilent else { return house.retries.storeWait }
        do {
            let due = try await house.catalog.nextDueDate(
                excluding: inHand.union(claiming), in: waiting)
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
        return freeSlots.remove(at: ready ?? freeSlots.count - 1)
    }

    /// Has a template ready, so that the next document does not wait for one to start.
    private func standBy() async {
        await house.slots[Self.readySlot].standBy()
    }

    private func work(on document: DocumentRecord, of desk: InboxDesk, in slot: Int) async {
        let runner = StageRunner(
            house: house, desks: desks, account: desk.account, settings: desk.settings)
        let key = InboxKey(uid: document.uid, path: document.inbox)
        publishing[key, default: 0] += 1
        do {
            let read: DocumentRecord
            do {
                read = try await runner.runContent(document, in: house.slots[slot])
                giveBack(slot)
            } catch {
                giveBack(slot)
                throw error
            }
            try await runner.publish(read)
        } catch {
            house.say(
                .catalogueFailed,
                [.document: "\(document.id)", .detail: House.failure(of: error).detail])
            await putBack(document.id)
        }
        publishing[key] = publishing[key].flatMap { $0 > 1 ? $0 - 1 : nil }
        inHand.remove(document.id)
        wake()
    }

    private func giveBack(_ slot: Int) {
        warmSlots.insert(slot)
        lastWork = .now
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
            }
        }
    }

    private func tellIfIdle() async {
        guard !idleWaiters.isEmpty, inHand.isEmpty, claiming.isEmpty else { return }
        guard await timeToNextDue() == nil, inHand.isEmpty, claiming.isEmpty else { return }
        tellIdle()
    }

    private func tellIdle() {
        idleWaiters.forEach { $0.resume() }
        idleWaiters = []
    }
}
