import Catalog
import Inbox
import Intake
import Rules

/// Brings one inbox back to a true state whenever it begins to be served: after a start, or when it
/// is back.
///
/// Each step can be done again: whatever cuts it short is mended by the next.
/// Rule: docs/design.md, "Invariants and the order of writes".
struct InboxRecovery: Sendable {
    /// How many rows are handled at once.
    private static let page = 1000
    /// How long a mount beneath an inbox may think before it is passed over.
    private static let patience = Duration.seconds(10)

    let house: House
    let desk: InboxDesk

    private var root: InboxRoot { desk.root }
    private var inbox: [UInt8] { Array(root.path.utf8) }
    private var uid: UInt32 { desk.account.uid }

    /// Does what must be done before drops are claimed and documents published; as often as it
    /// takes, for the catalogue to answer.
    ///
    /// - Returns: false when the task was cancelled first.
    func finishBegun() async -> Bool {
        await removeTemporaries()
        while !Task.isCancelled {
            do {
                try await finishRemovals()
                try await tidyDeleted()
                try await moveAside()
                return true
            } catch {
                house.say(.catalogueFailed, in: root, [.detail: House.failure(of: error).detail])
            }
            do {
                try await QuietClock().sleep(for: house.retries.storeWait)
            } catch {
                return false
            }
        }
        return false
    }

    /// Ends the removals that were cut short.
    private func finishRemovals() async throws {
        for removal in try await house.catalog.pendingRemovals(uid: uid, inbox: inbox) {
            let order = DropRemoval.Order(
                document: removal.document, path: removal.path, identity: removal.identity)
            let outcome = await DropRemoval(house: house, desk: desk)
                .perform([order], isRecovery: true).first
            guard let error = outcome?.error else { continue }
            if error is CatalogError { throw error }
            // The inbox is in the way, not the catalogue: the row stays for the next time, and
            // the drop, if it is still there, is known as taken.
            house.say(
                .removalFailed, in: root, at: removal.path,
                [.document: "\(removal.document)", .detail: House.failure(of: error).detail])
        }
    }

    /// Removes the sidecars of deleted documents, before anything newer is published.
    private func tidyDeleted() async throws {
        let owed = try await house.catalog.owedDeletions(uid: uid, inbox: inbox)
        for record in owed where record.isToTidy {
            desk.tell { desk in await desk.tidyAway(record) }
        }
    }

    /// Gives displaced documents the sidecars of their versions, before anything newer is published.
    private func moveAside() async throws {
        for record in try await house.catalog.documentsToMoveAside(uid: uid, inbox: inbox) {
            desk.tellAside(record)
        }
    }

    /// Brings the status files of the documents that wait for their turn up to date, the next first.
    ///
    /// One at a time, so that what happens meanwhile is told in between.
    func tellWaiting() async {
        var last: DocumentRecord?
        do {
            while !Task.isCancelled {
                let page = try await house.catalog.waitingDocuments(
                    uid: uid, inbox: inbox, after: last, limit: Self.page)
                guard let end = page.last else { return }
                last = end
                for document in page where !Task.isCancelled { await desk.retell(document.id) }
            }
        } catch {
            house.say(.catalogueFailed, in: root, [.detail: error.failure.detail])
        }
    }

    /// Takes the status files away of drops that went, unclaimed, while nobody looked.
    ///
    /// A folder at a time, so that what happens meanwhile is told in between; and each after intake has
    /// seen what there is: a drop that goes between the two looks would go unseen if this one came first.
    func removeStrays(behind intake: InboxIntake) async {
        // What is mounted beneath the inbox comes last: it may hang.
        let sidecars = desk.sidecars
        var folders = sidecars.submounts.points + [BeneathPath()]
        do {
            while !Task.isCancelled, let folder = folders.popLast() {
                await intake.whenScanned(folder)
                let drops = try await drops(in: folder)
                let found = try await sidecars.run(at: folder) { files in
                    try StrayStatusFiles(files: files, drops: drops).look(in: folder)
                }
                let points = Set(sidecars.submounts.points)
                folders += found.folders.filter { !points.contains($0) }
                for path in found.strays { desk.tellGone(path) }
                for path in found.emptied { desk.tellEmptied(path) }
            }
        } catch {
            house.say(.sidecarFailed, in: root, [.detail: House.failure(of: error).detail])
        }
    }

    /// What lies in a folder of the inbox where its status files lie elsewhere; nil where they lie beside it.
    private func drops(in folder: BeneathPath) async throws -> [FileName]? {
        guard root.results != nil else { return nil }
        return try await root.run(at: folder) { files in
            var names: [FileName] = []
            do {
                try files.list(folder) { name, _ in
                    names.append(name)
                    return true
                }
            } catch let error as InboxError where error.isAbsence {
                // The folder went, with all drops that were in it.
            }
            return names
        }
    }

    /// Removes the half-made files that a crash left in the inbox under hidden names of ours.
    ///
    /// What cannot be removed stays: it is in nobody's way, and no inbox keeps the others from being
    /// served.
    ///
    /// A mount beneath the inbox that does not answer soon keeps what it has.
    private func removeTemporaries() async {
        await withDiscardingTaskGroup { group in
            for root in [root] + (root.results.map { [$0] } ?? []) {
                for point in root.submounts.points {
                    group.addTask {
                        await removeTemporaries(at: point, of: root, within: Self.patience)
                    }
                }
                await removeTemporaries(at: BeneathPath(), of: root, within: nil)
            }
        }
    }

    private func removeTemporaries(
        at top: BeneathPath, of root: InboxRoot, within patience: Duration?
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
            if let detail = sweep.detail { reportLeft(detail) }
        } catch {
            reportLeft(House.failure(of: error).detail)
        }
    }

    private func reportLeft(_ detail: String) {
        house.say(.sidecarFailed, in: root, [.detail: "remove what a crash left: \(detail)"])
    }
}
