import Catalog
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
    }
}
