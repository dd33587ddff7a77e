import Catalog
import Inbox
import Publish
import Rules

/// Writes the sidecars of one inbox, one after the other, so that no older word follows a newer one.
///
/// A path has one voice at a time: a drop that is not taken yet speaks before the older document
/// of its name, and falls silent when it is claimed or vanishes.
actor InboxDesk {
    /// How often the status file of the whole inbox is written at most.
    static let summaryInterval = Duration.seconds(1)
    /// How often the status file of a running document is written at most.
    static let progressInterval = Duration.milliseconds(500)
    /// Past so many waiting drops the rest is only counted, and told as its turn nears.
    static let voiceLimit = InboxStatus.toldLimit

    /// Something to be written.
    ///
    /// Small, since a flood of drops queues one for each.
    private enum Errand: Sendable {
        case waiting(WaitingDrop)
        case vanished(BeneathPath)
        case gone(BeneathPath)
        case emptied(BeneathPath)
        case claimed([CommittedDocument], StatusDocument.Quota?)
        indirect case aside(DocumentRecord)
        case other(@Sendable (isolated InboxDesk) async -> Void)
        indirect case document(DocumentView)
        indirect case publish(DocumentView, Results, CheckedContinuation<Failure?, Never>)
        case recorded(DocumentID)
        case retell(DocumentID, CheckedContinuation<Void, Never>)
        case progress
        case summary
    }

    nonisolated let root: InboxRoot
    /// What the operator decided for the inbox.
    nonisolated let settings: InboxSettings
    /// Raised when something could not be written as if the folder were gone: nothing else tells that
    /// a directory was removed that is kept open.
    nonisolated let doubt = Signal()
    nonisolated let house: House
    nonisolated let owedRemovals = OwedRemovals()
    /// Raised when something of a deletion is left to be done: of a deleted document, nothing else tells.
    nonisolated let owedDeletions = Signal()
    nonisolated let requests = RequestBox()
    nonisolated let retention = RetentionBell()
    private nonisolated let errands: AsyncStream<Errand>
    private nonisolated let box: AsyncStream<Errand>.Continuation
    /// The drops that speak for their paths.
    var voices: [BeneathPath: WaitingDrop] = [:]
    /// Those of them that have a status file.
    var heard: Set<BeneathPath> = []
    /// Documents whose results stand, as they were told, until the catalogue has them like this.
    var published: [DocumentID: DocumentRecord] = [:]
    /// Unfinished documents that lost their name since their worker began: the version they have now.
    var versions: [DocumentID: Int] = [:]
    /// Documents that lost their names and have the sidecars of those names still, oldest first: while
    /// they do, nothing newer is written at the path. As many as the disk or the catalogue denied.
    var asides: [BeneathPath: [PendingAside]] = [:]
    /// The drops for which there is no room, as the catalogue has them noted.
    var notedHeld = QuotaUsage.zero
    /// Deleted documents whose sidecars are still to be removed, likewise.
    var deletions: [BeneathPath: [TrashRecord]] = [:]
    var progress = ProgressBoard(interval: InboxDesk.progressInterval)

    init(root: InboxRoot, settings: InboxSettings, house: House) {
        self.root = root
        self.settings = settings
        self.house = house
        // Bounded by the senders: intake tells each change of its bounded candidates once, and a
        // claim lane or worker slot speaks of one document at a time, its progress twice a second.
        (errands, box) = AsyncStream.makeStream(bufferingPolicy: .unbounded)
    }

    nonisolated var account: Account { root.account }
    /// Beneath what the sidecars stand.
    nonisolated var sidecars: InboxRoot { root.sidecars }
    nonisolated var quota: AccountQuota { AccountQuota(house: house, account: account) }

    /// A document of this inbox as its owner sees it.
    nonisolated func view(
        of record: DocumentRecord, live: [StageName: LiveProgress] = [:]
    ) -> DocumentView {
        DocumentView(record: record, account: account, retries: house.retries, live: live)
    }

    /// A drop is not taken, for now or for good.
    nonisolated func tell(_ drop: WaitingDrop) { box.yield(.waiting(drop)) }
    /// A drop went away before it was taken.
    nonisolated func tellVanished(_ path: BeneathPath) { box.yield(.vanished(path)) }
    /// A drop went away before anybody told of it; its status file stands.
    nonisolated func tellGone(_ path: BeneathPath) { box.yield(.gone(path)) }
    /// The status file of a path is empty: a power cut took what it said.
    nonisolated func tellEmptied(_ path: BeneathPath) { box.yield(.emptied(path)) }
    /// Drops of one mount became documents, which speak for the paths from now on.
    nonisolated func tellClaimed(_ committed: [CommittedDocument]) async {
        guard let first = committed.first else { return }
        // Asked before it is this desk's turn: others are not to wait for the answer.
        box.yield(.claimed(committed, await scarceQuota(toldAt: first.document.path)))
        for one in committed { requests.documentMoved(one.document.path) }
    }
    /// A document that lost its name before the last stop still has the sidecars of that name.
    nonisolated func tellAside(_ record: DocumentRecord) { box.yield(.aside(record)) }
    /// Has something else done in between; returns false where nothing more is.
    @discardableResult
    nonisolated func tell(_ other: @escaping @Sendable (isolated InboxDesk) async -> Void) -> Bool {
        if case .terminated = box.yield(.other(other)) { return false }
        return true
    }
    /// A document changed.
    nonisolated func tell(_ view: DocumentView) { box.yield(.document(view)) }

    /// Writes a document's results and its last status; returns once both are on disk for good.
    ///
    /// Whatever the answer, ``tellRecorded(_:)`` must follow once the catalogue knows it or cannot be
    /// told: until then the catalogue says less than what was published.
    ///
    /// - Returns: why not, if they are not.
    nonisolated func publish(_ view: DocumentView, _ results: Results) async -> Failure? {
        await withCheckedContinuation { waiter in
            if case .terminated = box.yield(.publish(view, results, waiter)) {
                waiter.resume(returning: Self.closed)
            }
        }
    }

    /// The catalogue has the last word on a document again.
    nonisolated func tellRecorded(_ id: DocumentID) { box.yield(.recorded(id)) }

    /// Writes the status file of a document that waits for its turn as the catalogue has it; returns
    /// once that is done.
    nonisolated func retell(_ id: DocumentID) async {
        await withCheckedContinuation { waiter in
            if case .terminated = box.yield(.retell(id, waiter)) { waiter.resume() }
        }
    }

    /// Ends ``run()`` once all that was told is written.
    nonisolated func close() { box.finish() }

    /// Writes what is told, until ``close()`` is called.
    func run() async {
        box.yield(.summary)
        await withDiscardingTaskGroup { group in
            var isSummaryDue = false
            var isProgressDue = false
            for await errand in errands {
                await perform(errand)
                if case .progress = errand { isProgressDue = false }
                if progress.isHolding, !isProgressDue {
                    isProgressDue = true
                    group.addTask { await self.ring(.progress, after: Self.progressInterval) }
                }
                if case .summary = errand {
                    isSummaryDue = false
                } else if !isSummaryDue {
                    // An idle inbox rings no bell: only a change does, once for all that follow.
                    isSummaryDue = true
                    group.addTask { await self.ring(.summary, after: Self.summaryInterval) }
                }
            }
            group.cancelAll()
        }
        await writeSummary()
    }

    private func perform(_ errand: Errand) async {
        switch errand {
        case .waiting(let drop):
            guard !owedRemovals.contains(drop.path) else { return }
            voices[drop.path] = drop
            guard heard.contains(drop.path) || heard.count < Self.voiceLimit else { return }
            await speak(drop)
        case .vanished(let path):
            heard.remove(path)
            guard voices.removeValue(forKey: path) != nil else { return }
            await fallSilent(at: path)
        case .gone(let path):
            // A drop that intake knows is told of by intake, whatever stood there a moment ago.
            guard voices[path] == nil else { return }
            house.say(.dropVanished, in: root, at: path)
            await fallSilent(at: path)
        case .emptied(let path):
            guard voices[path] == nil else { return }
            await tellAgain(at: path)
        case .claimed(let committed, let quota):
            for one in committed { forgetVoice(of: one.document.path) }
            await write(committed, quota)
        case .aside(let record):
            await moveAside(record)
        case .other(let body):
            await body(self)
        case .document(let view):
            if progress.admits(view, at: ContinuousClock.now) { await write(view) }
        case .publish(let view, let results, let waiter):
            progress.forget(view.record.id)
            waiter.resume(returning: await publishNow(view, results))
        case .recorded(let id):
            published[id] = nil
        case .retell(let id, let waiter):
            await retellNow(id)
            waiter.resume()
        case .progress:
            for view in progress.takeDue(at: ContinuousClock.now) { await write(view) }
        case .summary:
            await writeSummary()
            await hearMore()
        }
    }

    private func forgetVoice(of path: BeneathPath) {
        heard.remove(path)
        voices[path] = nil
        // After a flood the room that it took is given back.
        if voices.isEmpty { voices = [:] }
    }

    private func speak(_ drop: WaitingDrop) async {
        heard.insert(drop.path)
        await write(drop.status(of: account, retries: house.retries), at: drop.path)
    }

    /// Gives the oldest drops that were only counted so far a status file, as far as there is room.
    private func hearMore() async {
        guard voices.count > heard.count, heard.count < Self.voiceLimit else { return }
        let next = voices.values.filter { !heard.contains($0.path) }.inOrder
            .prefix(Self.voiceLimit - heard.count)
        for drop in next { await speak(drop) }
    }

    private func retellNow(_ id: DocumentID) async {
        do {
            guard let record = try await latest(id) else { return }
            // What runs or has ended meanwhile speaks for itself.
            let state = record.standing.state
            guard state == .queued || state == .retrying else { return }
            await write(view(of: record))
        } catch {
            house.say(
                .catalogueFailed,
                [.document: "\(id)", .detail: House.failure(of: error).detail])
        }
    }

    /// A document as it is to be told now.
    func latest(_ id: DocumentID) async throws -> DocumentRecord? {
        if let record = published[id] { return record }
        return try await house.catalog.document(id)
    }

    /// An older document of the name speaks again, or nobody does.
    private func fallSilent(at path: BeneathPath) async {
        do {
            guard try await !tellCurrent(at: path) else { return }
            try await sidecars.run(at: path) { try SidecarWriter($0, drop: path).removeStatus() }
        } catch {
            report(error, at: path)
        }
    }

    /// Writes the status file of the document that has a name; returns whether there is one.
    private func tellCurrent(at path: BeneathPath) async throws -> Bool {
        let current = try await house.catalog.currentDocument(
            uid: account.uid, inbox: Array(root.path.utf8), path: path)
        guard let current else { return false }
        await write(view(of: published[current.id] ?? current))
        return true
    }

    private func tellAgain(at path: BeneathPath) async {
        do {
            _ = try await tellCurrent(at: path)
        } catch {
            report(error, at: path)
        }
    }

    /// The version whose sidecars a document has now; nil where it has its name still.
    func version(of record: DocumentRecord) -> Int? {
        versions[record.id] ?? record.version
    }

    func write(_ view: DocumentView) async {
        // The older document's status file would be lost; what is newer speaks again when it changes.
        guard await settleAsides(at: view.record.path) == nil else { return }
        let version = version(of: view.record)
        guard version != nil || voices[view.record.path] == nil else { return }
        await write(await status(of: view), at: view.record.path, version: version)
    }

    func write(
        _ status: StatusDocument, at path: BeneathPath, version: Int? = nil
    ) async {
        let text = status.json
        do {
            let moved = try await sidecars.run(at: path) { files in
                try SidecarWriter(files, drop: path, version: version)
                    .writeStatus(text)
            }
            tellMoved(moved)
        } catch {
            report(error, at: path)
        }
    }

    private func publishNow(_ view: DocumentView, _ results: Results) async -> Failure? {
        let path = view.record.path
        // Else two documents' results would stand in one folder.
        if let obstacle = await settleAsides(at: path) { return obstacle }
        let version = version(of: view.record)
        let isSilent = version == nil && voices[path] != nil
        let text = await status(of: view).json
        do {
            let moved = try await sidecars.run(at: path) { files in
                try SidecarWriter(files, drop: path, version: version)
                    .publish(
                        of: view.record.id, results.items, results.prepared,
                        former: results.former,
                        status: isSilent ? nil : text)
            }
            moved.forEach(tellMoved)
            house.forgetProgress(of: view.record.id)
            var record = view.record
            record.version = version
            published[record.id] = record
            versions[record.id] = nil
            return nil
        } catch {
            report(error, at: path)
            // A folder that went says nothing about the document.
            if await isRootLost() { return InboxError.rootLost(path: root.path).failure }
            return House.failure(of: error)
        }
    }

    private func isRootLost() async -> Bool {
        do {
            return try await root.loss() != nil
        } catch {
            // Nothing is known then, and the first error counts.
            return false
        }
    }

    func tellMoved(_ path: BeneathPath?) {
        guard let path else { return }
        house.say(.sidecarMovedAside, in: root, at: path)
    }

    nonisolated func report(_ error: any Error, at path: BeneathPath) {
        // That was said when it was lost, and all of it is written anew when it is back.
        let known = error as? InboxError
        if case .rootLost = known { return }
        if known?.isAbsence == true { doubt.raise() }
        house.say(
            .sidecarFailed, in: root, at: path, [.detail: House.failure(of: error).detail])
    }

    private nonisolated func ring(_ errand: Errand, after wait: Duration) async {
        do {
            try await QuietClock().sleep(for: wait)
            box.yield(errand)
        } catch {
            // Cancelled: the inbox is closed. Its last summary is written anyway, and nothing runs.
        }
    }

    static let closed = Failure(
        .storeIO, message: "This folder is not served just now. ingestd goes on once it is.",
        detail: "publish: the inbox is closed")
}

extension Collection<WaitingDrop> {
    /// In the order of arrival.
    var inOrder: [WaitingDrop] {
        sorted { ($0.firstSeen, $0.path) < ($1.firstSeen, $1.path) }
    }
}
