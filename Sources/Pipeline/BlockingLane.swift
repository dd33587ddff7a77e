import Dispatch

/// A thread of its own for calls that block on the state directory, so that they never hold up the cooperative pool.
///
/// Its queue is bounded by its one user: a claim lane awaits each piece before the next.
final class BlockingLane: Sendable {
    private let queue: DispatchQueue

    init(name: String) { queue = DispatchQueue(label: name) }

    /// Runs `body` on the lane; cancellation does not reach it.
    func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { waiter in
            queue.async { waiter.resume(with: Result { try body() }) }
        }
    }
}
