import Catalog
import Inbox
import Rules
import Store
import SystemPackage

/// Brings everything back to a true state after the last stop, however that came about.
///
/// Each step can be done again: a crash during recovery is mended by the next.
/// Rule: docs/design.md, the table of states.
struct Recovery {
    /// How many rows are handled at once.
    private static let page = 1000

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
    func finishRemovals(in desks: [InboxDesk]) async throws {
        let roots = roots(of: desks)
        let removals = try await house.catalog.pendingRemovals(limit: .max)
        for removal in removals {
            guard let root = roots[removal.inbox]?.root else { continue }
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
    func moveAside(in desks: [InboxDesk]) async throws {
        let desks = roots(of: desks)
        for record in try await house.catalog.documentsToMoveAside(limit: .max) {
            desks[record.inbox]?.tellAside(record)
        }
    }

    /// Removes the half-made files that a crash left in the inbox under hidden names of ours.
    func removeTemporaries(in root: InboxRoot) async throws {
        let count = try await root.run { files in try HiddenFiles(files: files).removeAll() }
        if count > 0 {
            house.say(
                .stagingEmptied,
                [.account: "\(root.account)", .inbox: root.path, .count: "\(count)"])
        }
    }

    private func roots(of desks: [InboxDesk]) -> [[UInt8]: InboxDesk] {
        Dictionary(
            desks.map { (Array($0.root.path.utf8), $0) }, uniquingKeysWith: { first, _ in first })
    }
}

/// The files and folders of an inbox that are being made under hidden names.
struct HiddenFiles {
    /// No folder deeper than this is looked into; the kernel's paths end before.
    private static let depthLimit = 2048

    let files: InboxFiles

    /// Removes them all; returns how many there were.
    ///
    /// What was set aside from a removal is left: the catalogue knows what that is.
    func removeAll() throws -> Int {
        var count = 0
        var folders = [BeneathPath()]
        while let folder = folders.popLast() {
            var made: [(BeneathPath, isFolder: Bool)] = []
            do {
                try files.list(folder) { name, kind in
                    let path = folder.appending(name)
                    if HiddenName.isTemporary(name) {
                        made.append((path, kind == .folder))
                    } else if kind == .folder, path.components.count < Self.depthLimit {
                        folders.append(path)
                    }
                    return true
                }
            } catch let error as InboxError {
                // A folder that its owner may not read, or that went away, holds nothing of ours.
                guard error.errno == .permissionDenied || error.isAbsence else { throw error }
            }
            for (path, isFolder) in made {
                if isFolder { try files.removeTree(path) } else { try files.unlink(path) }
                count += 1
            }
        }
        return count
    }
}
