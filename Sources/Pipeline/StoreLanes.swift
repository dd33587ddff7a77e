import Dispatch
import Synchronization

/// The few threads for calls that block on the state directory, so that they never hold up the
/// threads that tasks run on.
///
/// What waits is bounded by the claims in flight: each awaits one piece before its next.
/// Rule: docs/decisions/0006-claim-lanes.md, "6. Claims block on queues of Dispatch".
final class StoreLanes: Sendable {
    /// Past eight, syncs side by side gain nothing more on any disk that was tried.
    static let count = 8

    private typealias Work = @Sendable () -> Void

    private struct State {
        var idle: [DispatchQueue]
        var waiting: [Work] = []
    }

    private let state = Mutex(
        State(idle: (0..<count).map { DispatchQueue(label: "store-\($0)") }))

    /// Runs `body` on a lane that is free, first come first served; cancellation does not reach it.
    func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { waiter in
            add { waiter.resume(with: Result { try body() }) }
        }
    }

    private func add(_ work: @escaping Work) {
        let lane = state.withLock { state in
            guard let lane = state.idle.popLast() else {
                state.waiting.append(work)
                return DispatchQueue?.none
            }
            return lane
        }
        lane?.async { self.work(on: lane, beginning: work) }
    }

    /// Goes on until nothing waits, and then gives the lane back.
    private func work(on lane: DispatchQueue?, beginning work: @escaping Work) {
        var next: Work? = work
        while let work = next {
            work()
            next = state.withLock { state in
                guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
                if let lane { state.idle.append(lane) }
                return nil
            }
        }
    }
}
