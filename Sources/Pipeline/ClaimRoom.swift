import Glibc
import Synchronization

/// How many drops may be in the middle of a claim, over all inboxes: each has two files open.
///
/// Nobody waits for room: where there is none, a batch is a single drop, of which each inbox has a few.
final class ClaimRoom: Sendable {
    /// Past so many, batches gain nothing from one another.
    static let limit = 1024
    /// The rest of the process's descriptors is for inboxes, workers and databases.
    private static let shareOfDescriptors = 8
    /// No more is asked for than the service's unit gives.
    private static let mostDescriptors: rlim_t = 65_536

    private let left: Mutex<Int>

    /// - Parameter descriptors: how many files this process may have open.
    init(descriptors: Int = raisedDescriptorLimit()) {
        left = Mutex(min(Self.limit, descriptors / Self.shareOfDescriptors))
    }

    /// Takes room for as many as `wanted`, and for one in any case; returns for how many.
    func take(_ wanted: Int) -> Int {
        left.withLock { left in
            let taken = max(1, min(wanted, left))
            left -= taken
            return taken
        }
    }

    func giveBack(_ count: Int) { left.withLock { $0 += count } }

    /// Takes as many descriptors as this process may have; started by hand it has 1,024 mostly, and
    /// may ask for more. Returns how many those are.
    static func raisedDescriptorLimit() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return 0
        }
        let wanted = min(limit.rlim_max, mostDescriptors)
        if wanted > limit.rlim_cur {
            var raised = limit
            raised.rlim_cur = wanted
            if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 {
                limit = raised
            }
        }
        return Int(clamping: limit.rlim_cur)
    }
}
