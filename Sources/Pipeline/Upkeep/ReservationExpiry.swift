import Catalog
import Rules

/// Gives back the room of claims that did not end within an hour.
struct ReservationExpiry: Sendable {
    private static let interval = Duration.seconds(600)

    let house: House

    /// Looks at an interval, until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            do {
                try await QuietClock().sleep(for: Self.interval)
                let count = try await house.catalog.expireReservations(
                    now: house.surroundings.now())
                guard count > 0 else { continue }
                house.say(.reservationsCancelled, [.count: "\(count)"])
                house.vacancies.tellAll()
            } catch is CancellationError {
                return
            } catch {
                house.say(.catalogueFailed, [.detail: House.failure(of: error).detail])
            }
        }
    }
}
