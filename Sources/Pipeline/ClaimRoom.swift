import Synchronization

/// How many drops may be in the middle of a claim, over all inboxes: each has two files open.
///
/// Nobody waits for room: where there is none, a batch is a single drop, of which each inbox has a few.
final class ClaimRoom: Sendable {
    static let limit = 1024

    private let left = Mutex(limit)

    /// Takes room for as many as `wanted`, and for one in any case; returns for how many.
    func take(_ wanted: Int) -> Int {
        left.withLock { left in
            let taken = max(1, min(wanted, left))
            left -= taken
            return taken
        }
    }

    func giveBack(_ count: Int) { left.withLock { $0 += count } }
}
