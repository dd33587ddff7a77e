import Catalog
import Rules
import Synchronization

/// Gives back the room of claims that did not end within an hour, and of those that ended while the
/// catalogue took no writes.
struct ReservationExpiry: Sendable {
    private static let interval = Duration.seconds(600)

    let house: House

    /// Looks at an interval, and soon after something is owed, until the task is cancelled.
    func run() async {
        while await house.owedRoom.wait(atMost: Self.interval) {
            do {
                // What kept the catalogue from being written will hardly be gone at once.
                if house.owedRoom.first != nil {
                    try await QuietClock().sleep(for: house.retries.storeWait)
                }
                try await giveBackOwed()
                let count = try await house.catalog.expireReservations(
                    now: house.surroundings.now())
                guard count > 0 else { continue }
                house.say(.reservationsCancelled, [.count: "\(count)"])
                house.vacancies.tellAll()
            } catch is CancellationError {
                return
            } catch {
                house.say(.catalogueFailed, [.detail: House.failure(of: error).detail])
                if house.owedRoom.first != nil { house.owedRoom.tell() }
            }
        }
    }

    private func giveBackOwed() async throws {
        while let owed = house.owedRoom.first {
            try await house.catalog.cancelReservation(owed.id)
            house.owedRoom.remove(owed.id)
            house.vacancies.tell(owed.uid)
        }
    }
}

/// Reservations of claims that came to nothing, and that could not be given back yet.
///
/// As many as claims were in flight while the catalogue took no writes: each is owed once.
final class OwedRoom: Sendable {
    private let owed = Mutex<[DocumentID: UInt32]>([:])
    private let signal = Signal()

    var first: (id: DocumentID, uid: UInt32)? {
        owed.withLock { owed in owed.first.map { (id: $0.key, uid: $0.value) } }
    }

    /// - Parameter uid: the account that has room again once it is given back.
    func add(_ id: DocumentID, uid: UInt32) {
        owed.withLock { $0[id] = uid }
        signal.raise()
    }

    /// Reminds of what is owed still.
    func tell() { signal.raise() }

    /// Returns once something is owed or the time is over; false when the task was cancelled.
    func wait(atMost timeout: Duration) async -> Bool { await signal.wait(atMost: timeout) }

    func remove(_ id: DocumentID) { owed.withLock { $0[id] = nil } }
}
