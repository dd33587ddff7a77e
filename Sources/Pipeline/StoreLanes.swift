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

    /// Runs `body` over pieces of `items` side by side, on as many lanes as there are items for.
    ///
    /// - Returns: what was made of each, in the same order.
    func runEach<Item: Sendable, Value: Sendable>(
        _ items: [Item], _ body: @escaping @Sendable ([Item]) -> [Value]
    ) async throws -> [Value] {
        guard items.count > 1 else { return try await run { body(items) } }
        let size = (items.count + Self.count - 1) / Self.count
        let pieces = stride(from: 0, to: items.count, by: size).map { start in
            Array(items[start..<min(start + size, items.count)])
        }
        return try await withThrowingTaskGroup(of: (Int, [Value]).self) { group in
            for (index, piece) in pieces.enumerated() {
                group.addTask { (index, try await self.run { body(piece) }) }
            }
            var made = [[Value]](repeating: [], count: pieces.count)
            for try await (index, values) in group { made[index] = values }
            return made.flatMap { $0 }
        }
    }

    /// Begins `body` on a lane that is free, for a thread that may block: it goes on meanwhile, and waits
    /// for the value when it needs it.
    func begin<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) -> LaneWork<Value> {
        let work = LaneWork<Value>()
        add { work.end(Result { try body() }) }
        return work
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

/// What a lane was given to do, for the thread that gave it.
final class LaneWork<Value: Sendable>: Sendable {
    private struct State {
        var outcome: Result<Value, any Error>?
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())
    private let done = DispatchSemaphore(value: 0)

    /// Whether ``value()`` would not wait.
    var isDone: Bool { state.withLock { $0.outcome != nil } }

    /// Whether ``value()`` would throw, and at once.
    var hasFailed: Bool {
        guard case .failure = state.withLock(\.outcome) else { return false }
        return true
    }

    fileprivate func end(_ result: Result<Value, any Error>) {
        let waiter = state.withLock { state in
            state.outcome = result
            return state.waiter.take()
        }
        done.signal()
        waiter?.resume()
    }

    /// Returns once ``value()`` would not wait; for one task, which must not block.
    func whenDone() async {
        await withCheckedContinuation { waiter in
            let isDone = state.withLock { state in
                if state.outcome == nil { state.waiter = waiter }
                return state.outcome != nil
            }
            if isDone { waiter.resume() }
        }
    }

    /// Waits for the lane.
    func value() throws -> Value {
        done.wait()
        // Whoever asks again waits for nothing.
        done.signal()
        guard let result = state.withLock(\.outcome) else {
            preconditionFailure("it was there before the signal")
        }
        return try result.get()
    }
}
