import Rules
import Synchronization

/// Runs synchronous work in the name of an account, on threads that belong to one mount each.
///
/// One value serves the whole daemon. Identity belongs to a thread, and work is a synchronous
/// closure: no `await` can slip in between taking an identity and using it.
public final class OwnerThreads: Sendable {
    private let mounts = Mutex<[UInt64: MountThreads]>([:])
    let privilege = Privilege()
    /// What is mounted where.
    let register = MountRegister()

    /// How long a file system may think about the way to an inbox, in which nobody's bytes are
    /// moved. One that takes longer is passed over until it is looked at again.
    let patience: Duration

    public convenience init() { self.init(patience: .seconds(10)) }

    init(patience: Duration) { self.patience = patience }

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
        let threads = threads(ofMount: device)
        return try await withCheckedThrowingContinuation { continuation in
            do {
                try threads.submit { identity in
                    continuation.resume(
                        with: Swift.Result {
                            try identity.become(owner)
                            return try body()
                        })
                }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    /// The threads of a mount.
    func threads(ofMount device: UInt64) -> MountThreads {
        mounts.withLock { mounts in
            if let threads = mounts[device] { return threads }
            let threads = MountThreads()
            mounts[device] = threads
            return threads
        }
    }
}
