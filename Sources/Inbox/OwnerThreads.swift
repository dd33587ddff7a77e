import Rules
import Synchronization

/// Runs synchronous work in the name of an account, on threads that belong to one mount each.
///
/// One value serves the whole daemon. Identity belongs to a thread, and work is a synchronous
/// closure: no `await` can slip in between taking an identity and using it.
public final class OwnerThreads: Sendable {
    /// What a pool of threads belongs to, and may hang with.
    private enum Ground: Hashable {
        /// What is done on a mount that is known.
        case mount(UInt64)
        /// The look for what stands at a path, on whatever mounts the way to it leads over.
        case way(String)
    }

    /// A pool lives as long as somebody uses it: mounts come and go, and their threads with them.
    private struct Pool {
        weak var threads: MountThreads?
    }

    private struct Pools {
        var byGround: [Ground: Pool] = [:]
        /// At so many those that ended are swept out, so that each costs the same.
        var sweepCount = 64
    }

    private let pools = Mutex(Pools())
    let privilege = Privilege()
    /// What is mounted where.
    let register = MountRegister()

    /// How long a file system may think about the way to an inbox, in which nobody's bytes are
    /// moved. One that takes longer is passed over until it is looked at again.
    let patience: Duration

    /// What that is measured by.
    let clock: any Clock<Duration>

    /// - Parameter clock: measures how long a file system may take.
    public convenience init(clock: any Clock<Duration> = ContinuousClock()) {
        self.init(patience: .seconds(10), clock: clock)
    }

    init(patience: Duration, clock: any Clock<Duration> = ContinuousClock()) {
        self.patience = patience
        self.clock = clock
    }

    /// Runs `body` as `owner` on a thread of the mount `device` and hands on what it returns or
    /// throws.
    ///
    /// Cancellation does not reach it: what has begun on a file is finished.
    ///
    /// - Throws: ``InboxError`` when no thread or no identity is to be had; else what `body`
    ///   throws.
    public func run<Result: Sendable>(
        as owner: Owner, onMount device: UInt64, _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await threads(ofMount: device).run(as: owner, body)
    }

    /// The threads of a mount; they end once nobody holds them and their work is done.
    func threads(ofMount device: UInt64) -> MountThreads { threads(for: .mount(device)) }

    /// The threads for finding what stands at `path`, in the daemon's own name.
    ///
    /// Nobody knows beforehand which mounts a path leads over: one that hangs stops the looks for
    /// this path and no others.
    func threads(onTheWayTo path: String) -> MountThreads { threads(for: .way(path)) }

    private func threads(for ground: Ground) -> MountThreads {
        pools.withLock { pools in
            if let threads = pools.byGround[ground]?.threads { return threads }
            if pools.byGround.count >= pools.sweepCount {
                pools.byGround = pools.byGround.filter { $0.value.threads != nil }
                pools.sweepCount = max(64, 2 * pools.byGround.count)
            }
            let threads = MountThreads()
            pools.byGround[ground] = Pool(threads: threads)
            return threads
        }
    }
}
