import Synchronization

/// Tasks that wait, each for a value of its own, first come first served.
///
/// Whoever hands values out belongs to one actor; a cancellation comes from anywhere and needs no
/// turn on it.
final class Waiters<Value: Sendable>: Sendable {
    typealias Waiter = CheckedContinuation<Value, Never>

    private struct State {
        var lastTicket: UInt64 = 0
        var waiting: [UInt64: Waiter] = [:]
        /// Tickets whose wait was cancelled before it began or while it was in hand.
        var cancelled: Set<UInt64> = []
    }

    private let state = Mutex(State())

    var isEmpty: Bool { state.withLock(\.waiting.isEmpty) }

    /// A number for a wait that is about to begin; later ones are higher.
    func takeTicket() -> UInt64 {
        state.withLock { state in
            state.lastTicket += 1
            return state.lastTicket
        }
    }

    /// Lets a task wait, unless that was cancelled; it then goes on with `none`.
    func add(_ waiter: Waiter, ticket: UInt64, none: Value) {
        let isCancelled = state.withLock { state in
            if state.cancelled.contains(ticket) { return true }
            state.waiting[ticket] = waiter
            return false
        }
        if isCancelled { waiter.resume(returning: none) }
    }

    /// Takes out the one that has waited longest; it is to be resumed, or added again.
    func takeFirst() -> (ticket: UInt64, waiter: Waiter)? {
        state.withLock { state in
            guard let ticket = state.waiting.keys.min(),
                let waiter = state.waiting.removeValue(forKey: ticket)
            else { return nil }
            return (ticket, waiter)
        }
    }

    /// Ends a wait, or keeps it from beginning.
    func cancel(_ ticket: UInt64, none: Value) {
        let waiter = state.withLock { state in
            state.cancelled.insert(ticket)
            return state.waiting.removeValue(forKey: ticket)
        }
        waiter?.resume(returning: none)
    }

    /// Forgets a wait that is over.
    func giveBack(_ ticket: UInt64) {
        state.withLock { state in _ = state.cancelled.remove(ticket) }
    }

    /// Resumes all that wait.
    func resumeAll(returning value: Value) {
        while let first = takeFirst() { first.waiter.resume(returning: value) }
    }
}
