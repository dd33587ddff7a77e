import Catalog
import Imports
import Rules
import Store

/// Brings what belongs to the whole house back to a true state after the last stop, however that
/// came about; the inboxes follow as each is served.
///
/// Each step can be done again: a crash during recovery is mended by the next.
/// Rule: docs/design.md, "Invariants and the order of writes".
struct Recovery {
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
        try await measureImports(
            of: Set(interrupted.filter { $0.stage == .tableImport }.map(\.uid)))
    }

    /// Counts what the rows of accounts take whose imports were cut off on their way from the database to
    /// the catalogue, and of those that were never counted.
    private func measureImports(of interrupted: Set<UInt32>) async throws {
        let inspection = house.imports.inspection
        let folders = try await house.lanes.run { try inspection.folders() }
        let uncounted = try await house.catalog.unmeasured(.imports, among: folders.accounts)
        for uid in interrupted.union(uncounted).sorted() {
            do {
                try await house.lanes.run { [house] in
                    try house.catalog.setDerivedBlocking(
                        .imports, of: uid, to: inspection.bytesInUse(by: uid))
                }
            } catch let error as ImportError {
                // A damaged database is its account's trouble, and told by fsck.
                house.say(
                    .importsUntidied,
                    [.account: "\(uid)", .reason: error.failure.detail])
            }
        }
    }
}
