import Rules
import Synchronization

/// Runs synchronous work in the name of an account, on threads that belong to one mount each.
///
/// One value serves the whole daemon. Identity belongs to a thread, and work is a synchronous
/// closure: no `await` can slip in between taking an identity and using it.
public final class OwnerThreads: Sendable {
    /// What a pool of threads belongs to, and may hang with.
    private enum Place: Hashable {
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
        var byPlace: [Place: Pool] = [:]
        /// At so many those that ended are swept out, so that each costs the same.
        var sweepCount = 64
    }

    private let pools = Mutex(Pools())

    public init() {}

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
        try await threads(for: .mount(device)).run(as: owner, body)
    }

    /// Runs `body`, which looks for what stands at `path`, as the daemon itself.
    ///
    /// Nobody knows beforehand which mounts a path leads over: one that hangs stops the looks for
    /// this path and no others.
    ///
    /// - Throws: ``InboxError`` when no thread is to be had; else what `body` throws.
    public func run<Result: Sendable>(
        onTheWayTo path: String, _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await threads(for: .way(path)).run(as: Owner.ofProcess(), body)
    }

    /// The threads of a mount; they end once nobody holds them and their work is done.
    func threads(ofMount device: UInt64) -> MountThreads { threads(for: .mount(device)) }

    private func threads(for place: Place) -> MountThreads {
        pools.withLock { pools in
            if let threads = pools.byPlace[place]?.threads { return threads }
            if pools.byPlace.count >= pools.sweepCount {
                pools.byPlace = pools.byPlace.filter { $0.value.threads != nil }
                pools.sweepCount = max(64, 2 * pools.byPlace.count)
            }
            let threads = MountThreads()
            pools.byPlace[place] = Pool(threads: threads)
            return threads
        }
    }
}
