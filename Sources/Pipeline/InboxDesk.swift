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
    static let voiceLimit = 1000

    /// Something to be written.
    private enum Errand: Sendable {
        case waiting(WaitingDrop)
        case vanished(BeneathPath)
        case claimed(DocumentView, displaced: DocumentRecord?)
        case aside(DocumentRecord)
        case document(DocumentView)
        case publish(DocumentView, [ResultItem], CheckedContinuation<Failure?, Never>)
        case progress
        case summary
    }

    nonisolated let root: InboxRoot
    private nonisolated let house: House
    private nonisolated let errands: AsyncStream<Errand>
    private nonisolated let box: AsyncStream<Errand>.Continuation
    /// The drops that speak for their paths.
    private var voices: [BeneathPath: WaitingDrop] = [:]
    /// Unfinished documents that lost their name since their worker began: the version they have now.
    private var versions: [DocumentID: Int] = [:]
    private var progress = ProgressBoard(interval: InboxDesk.progressInterval)

    init(root: InboxRoot, house: House) {
        self.root = root
        self.house = house
        // Bounded by the senders: intake tells each change of its bounded candidates once, and a
        // claim lane or worker slot speaks of one document at a time, its progress twice a second.
        (errands, box) = AsyncStream.makeStream(bufferingPolicy: .unbounded)
    }

    nonisolated var account: Account { root.account }

    /// A document of this inbox as its owner sees it.
    nonisolated func view(
        of record: DocumentRecord, live: LiveProgress? = nil, percent: Int = 0
    ) -> DocumentView {
        DocumentView(
            record: record, account: account, retries: house.retries, live: live, percent: percent)
    }

    /// A drop is not taken, for now or for good.
    nonisolated func tell(_ drop: WaitingDrop) { box.yield(.waiting(drop)) }
    /// A drop went away before it was taken.
    nonisolated func tellVanished(_ path: BeneathPath) { box.yield(.vanished(path)) }
    /// A drop became a document, which speaks for the path from now on.
    nonisolated func tellClaimed(_ view: DocumentView, displaced: DocumentRecord?) {
        box.yield(.claimed(view, displaced: displaced))
    }
    /// A document that lost its name before the last stop still has the sidecars of that name.
    nonisolated func tellAside(_ record: DocumentRecord) { box.yield(.aside(record)) }
    /// A document changed.
    nonisolated func tell(_ view: DocumentView) { box.yield(.document(view)) }

    /// Writes a document's results and its last status; returns once both are on disk for good.
    ///
    /// - Returns: why not, if they are not.
    nonisolated func publish(_ view: DocumentView, _ items: [ResultItem]) async -> Failure? {
        await withCheckedContinuation { waiter in
            if case .terminated = box.yield(.publish(view, items, waiter)) {
                waiter.resume(returning: Self.closed)
            }
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
            voices[drop.path] = drop
            guard voices.count <= Self.voiceLimit else { return }
            await write(drop.status(of: account, retries: house.retries), at: drop.path)
        case .vanished(let path):
            guard voices.removeValue(forKey: path) != nil else { return }
            await fallSilent(at: path)
        case .claimed(let view, let displaced):
            voices[view.record.path] = nil
            progress.forget(view.record.id)
            if let displaced { await moveAside(displaced) }
            await write(view)
        case .aside(let record):
            await moveAside(record)
        case .document(let view):
            if progress.admits(view, at: ContinuousClock.now) { await write(view) }
        case .publish(let view, let items, let waiter):
            progress.forget(view.record.id)
            waiter.resume(returning: await publishNow(view, items))
        case .progress:
            for view in progress.takeDue(at: ContinuousClock.now) { await write(view) }
        case .summary:
            await writeSummary()
        }
    }

    /// An older document of the name speaks again, or nobody does.
    private func fallSilent(at path: BeneathPath) async {
        do {
            let current = try await house.catalog.currentDocument(
                uid: account.uid, inbox: Array(root.path.utf8), path: path)
            if let current {
                await write(view(of: current))
            } else {
                try await root.run { try SidecarWriter($0, drop: path).removeStatus() }
            }
        } catch {
            report(error, at: path)
        }
    }

    /// Gives a document that lost its name the sidecars of its version.
    private func moveAside(_ record: DocumentRecord) async {
        guard let proposed = record.version else {
            preconditionFailure("a displaced document has a version")
        }
        do {
            let version = try await root.run { files in
                try SidecarWriter(files, drop: record.path).moveResults(toVersion: proposed)
            }
            try await house.catalog.movedAside(record.id, as: version)
            var moved = record
            moved.version = version
            if !record.standing.state.isOver { versions[record.id] = version }
            await write(view(of: moved))
        } catch {
            report(error, at: record.path)
        }
    }

    /// The version whose sidecars a document has now; nil where it has its name still.
    private func version(of record: DocumentRecord) -> Int? {
        versions[record.id] ?? record.version
    }

    private func write(_ view: DocumentView) async {
        let version = version(of: view.record)
        guard version != nil || voices[view.record.path] == nil else { return }
        await write(view.status, at: view.record.path, version: version)
    }

    private func write(
        _ status: StatusDocument, at path: BeneathPath, version: Int? = nil
    ) async {
        let text = status.json
        do {
            let moved = try await root.run { files in
                try SidecarWriter(files, drop: path, version: version)
                    .writeStatus(text, isDurable: false)
            }
            tellMoved(moved)
        } catch {
            report(error, at: path)
        }
    }

    private func publishNow(_ view: DocumentView, _ items: [ResultItem]) async -> Failure? {
        let path = view.record.path
        let version = version(of: view.record)
        let isSilent = version == nil && voices[path] != nil
        let text = view.status.json
        do {
            let moved = try await root.run { files in
                let writer = SidecarWriter(files, drop: path, version: version)
                let moved = try writer.writeResults(items)
                guard !isSilent else { return [moved] }
                return [moved, try writer.writeStatus(text, isDurable: true)]
            }
            moved.forEach(tellMoved)
            versions[view.record.id] = nil
            return nil
        } catch {
            report(error, at: path)
            return House.failure(of: error)
        }
    }

    private func tellMoved(_ path: BeneathPath?) {
        guard let path else { return }
        house.say(
            .sidecarMovedAside, [.account: "\(account)", .inbox: root.path, .path: "\(path)"])
    }

    private func report(_ error: any Error, at path: BeneathPath) {
        house.say(
            .sidecarFailed,
            [
                .account: "\(account)", .inbox: root.path, .path: "\(path)",
                .detail: House.failure(of: error).detail,
            ])
    }

    private nonisolated func ring(_ errand: Errand, after wait: Duration) async {
        do {
            try await ContinuousClock().sleep(for: wait)
            box.yield(errand)
        } catch {
            // Cancelled: the inbox is closed. Its last summary is written anyway, and nothing runs.
        }
    }

    private func writeSummary() async {
        do {
            let summary = try await summary()
            _ = try await root.run { try InboxStatusFile.write(summary, $0) }
        } catch {
            report(error, at: InboxStatusFile.path)
        }
    }

    private func summary() async throws -> InboxStatus {
        var tally = try await house.catalog.counts(inbox: Array(root.path.utf8))
        for drop in voices.values { tally[drop.state, default: 0] += 1 }
        let usage = try await house.catalog.usage(of: account.uid)
        let now = house.surroundings.now()
        let shown = voices.values.sorted { ($0.firstSeen, $0.path) < ($1.firstSeen, $1.path) }
            .prefix(InboxStatus.listLimit)
        return InboxStatus(
            account: account, asOf: now,
            counts: DocumentState.allCases.map { ($0.rawValue, tally[$0] ?? 0) },
            quota: StatusDocument.Quota(
                usage: usage.used, limit: house.settings.limits.limit(for: account),
                asOf: now),
            waiting: shown.map(\.summary))
    }

    private static let closed = Failure(
        .storeIO, message: "ingestd is stopping. It goes on after its next start.",
        detail: "publish: the inbox is closed")
}
