import Catalog
import Inbox
import Rules
import Store
import SystemPackage

/// Brings everything back to a true state after the last stop, however that came about.
///
/// Each step can be done again: a crash during recovery is mended by the next.
/// Rule: docs/design.md, "Invariants and the order of writes".
struct Recovery {
    /// How many rows are handled at once.
    private static let page = 1000
    /// How long a mount beneath an inbox may think before it is passed over.
    private static let patience = Duration.seconds(10)

    let house: House

    /// Before anything is claimed: nothing of this daemon's is in flight yet.
    func emptyHands() async throws {
        let staged = try house.store.emptyStaging()
        if staged > 0 { house.say(.stagingEmptied, [.count: "\(staged)"]) }
        let reservations = try await house.catalog.cancelAllReservations()
        if reservations > 0 { house.say(.reservationsCancelled, [.count: "\(reservations)"]) }
        let interrupted = try await house.catalog.interruptRunning(
            now: house.surroundings.now(), retries: house.retries)
        for stage in interrupted {
            house.say(
                .stageInterrupted,
                [
                    .document: "\(stage.document)", .stage: stage.stage.rawValue,
                    .count: "\(stage.interruptions)",
                ])
        }
    }

    /// Ends the removals that the last stop cut short, in the inboxes that are served.
    func finishRemovals(in desks: Desks) async throws {
        let removals = try await house.catalog.pendingRemovals(limit: .max)
        for removal in removals {
            guard let root = desks.desk(of: removal.uid, inbox: removal.inbox)?.root else {
                continue
            }
            do {
                _ = try await DropRemoval(house: house, root: root)
                    .perform(
                        removal.path, of: removal.document, identity: removal.identity,
                        isRecovery: true)
            } catch {
                // The inbox is in the way, not the catalogue: the row stays for the next start, and
                // the drop, if it is still there, is known as taken.
                house.say(
                    .removalFailed,
                    [
                        .document: "\(removal.document)", .inbox: root.path,
                        .path: "\(removal.path)", .detail: House.failure(of: error).detail,
                    ])
            }
        }
    }

    /// Gives displaced documents the sidecars of their versions, before anything newer is published.
    func moveAside(in desks: Desks) async throws {
        for record in try await house.catalog.documentsToMoveAside(limit: .max) {
            desks.desk(of: record.uid, inbox: record.inbox)?.tellAside(record)
        }
    }

    /// Brings the status files of the documents that wait for their turn up to date, oldest first.
    ///
    /// One at a time, so that what happens meanwhile is told in between.
    func retell(in desks: Desks) async {
        var last: DocumentID?
        do {
            while !Task.isCancelled {
                let page = try await house.catalog.unfinishedDocuments(
                    after: last, limit: Self.page)
                guard let end = page.last else { return }
                last = end.id
                for document in page where !Task.isCancelled {
                    await desks.desk(of: document.uid, inbox: document.inbox)?.retell(document.id)
                }
            }
        } catch {
            house.say(.catalogueFailed, [.detail: error.failure.detail])
        }
    }

    /// Takes the status files away of drops that went, unclaimed, since the last stop.
    ///
    /// A folder at a time, so that what happens meanwhile is told in between.
    func removeStrays(of desk: InboxDesk) async {
        // What is mounted beneath the inbox comes last: it may hang.
        var folders = desk.root.submounts.points + [BeneathPath()]
        do {
            while !Task.isCancelled, let folder = folders.popLast() {
                let found = try await desk.root.run(at: folder) { files in
                    try StrayStatusFiles(files: files).look(in: folder)
                }
                let points = Set(desk.root.submounts.points)
                folders += found.folders.filter { !points.contains($0) }
                for path in found.strays { desk.tellGone(path) }
            }
        } catch {
            house.say(.sidecarFailed, in: desk.root, [.detail: House.failure(of: error).detail])
        }
    }

    /// Removes the half-made files that a crash left in the inbox under hidden names of ours.
    ///
    /// What cannot be removed stays: it is in nobody's way, and no inbox keeps the others from being
    /// served.
    ///
    /// A mount beneath the inbox that does not answer soon keeps what it has.
    func removeTemporaries(in root: InboxRoot) async {
        await withDiscardingTaskGroup { group in
            for point in root.submounts.points {
                group.addTask {
                    await removeTemporaries(in: root, at: point, within: Self.patience)
                }
            }
            await removeTemporaries(in: root, at: BeneathPath(), within: nil)
        }
    }

    private func removeTemporaries(
        in root: InboxRoot, at top: BeneathPath, within patience: Duration?
    ) async {
        let interest = Interest()
        defer { interest.lose() }
        do {
            let sweep = try await root.run(at: top, answeringWithin: patience) {
                [mounts = root.submounts] files in
                var sweep = HiddenFiles(files: files, mounts: mounts, interest: interest)
                sweep.removeAll(in: top)
                return (count: sweep.removedCount, detail: sweep.firstFailure?.detail)
            }
            if sweep.count > 0 {
                house.say(.stagingEmptied, in: root, [.count: "\(sweep.count)"])
            }
            if let detail = sweep.detail { reportLeft(in: root, detail) }
        } catch {
            reportLeft(in: root, House.failure(of: error).detail)
        }
    }

    private func reportLeft(in root: InboxRoot, _ detail: String) {
        house.say(.sidecarFailed, in: root, [.detail: "remove what a crash left: \(detail)"])
    }
}
