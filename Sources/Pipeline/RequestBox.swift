import Rules
import Synchronization

/// Something that is asked for.
struct AskedFor: Sendable, Hashable {
    /// The file that asks.
    enum Source: Sendable, Hashable {
        /// Below the inbox.
        case inbox(BeneathPath)
        /// In the state directory's `requests/`.
        case operators(String)
    }

    let source: Source
    let request: Request
    /// What it is about, below the inbox.
    let target: BeneathPath

    /// Where the file stands that asks, or would stand in the inbox.
    var path: BeneathPath { target.sibling(request.name) }
}

/// The requests of one inbox that are still to be decided.
///
/// Only what was noticed: the files stay where they are until each is carried out, and a rescan or
/// the next start finds those for which there was no room here.
final class RequestBox: Sendable {
    /// How many are kept in mind.
    static let limit = 1000

    /// What became of the one that was in hand.
    enum Fate: Sendable, Hashable {
        case decided
        /// To be looked at again when its document moves on.
        case later
        /// Something of ours was in the way.
        case trouble
    }

    private struct State {
        var marked: [AskedFor] = []
        var later: [BeneathPath: Set<AskedFor>] = [:]
        var troubled: [AskedFor] = []
        var inHand: AskedFor?
        /// Whether its document has moved on since it was taken in hand.
        var hasMoved = false
        var isOver = false
        var waiters: [CheckedContinuation<Void, Never>] = []

        var isSettled: Bool { isOver || marked.isEmpty && inHand == nil }
        var count: Int { marked.count + troubled.count + later.values.reduce(0) { $0 + $1.count } }

        mutating func mark(_ asked: AskedFor) {
            if !marked.contains(asked) { marked.append(asked) }
        }

        mutating func takeWaitersIfSettled() -> [CheckedContinuation<Void, Never>] {
            guard isSettled else { return [] }
            defer { waiters = [] }
            return waiters
        }
    }

    private let state = Mutex(State())
    private let signal = Signal()

    /// Whether nothing is to be decided now.
    var isSettled: Bool { state.withLock(\.isSettled) }
    /// Whether some are to be tried again soon.
    var hasTrouble: Bool { state.withLock { !$0.troubled.isEmpty } }

    /// A file that asks for something was noticed.
    func mark(_ asked: AskedFor) {
        let isMarked = state.withLock { state in
            guard state.count < Self.limit else { return false }
            state.mark(asked)
            return true
        }
        if isMarked { signal.raise() }
    }

    /// A document of this name came, or has come to its end.
    func documentMoved(_ path: BeneathPath) {
        let isAwaited = state.withLock { state in
            if state.inHand?.target == path { state.hasMoved = true }
            guard let waiting = state.later.removeValue(forKey: path) else { return false }
            for asked in waiting { state.mark(asked) }
            return true
        }
        if isAwaited { signal.raise() }
    }

    /// Waits until something is to be decided; returns false when the task was cancelled.
    ///
    /// - Parameter patience: how long what was in trouble rests.
    func wait(_ patience: Duration) async -> Bool {
        let isCalled = await signal.wait(atMost: hasTrouble ? patience : nil)
        state.withLock { state in
            for asked in state.troubled { state.mark(asked) }
            state.troubled = []
        }
        return isCalled
    }

    /// The next that is to be decided; whoever takes it tells ``ended(_:)``.
    func take() -> AskedFor? {
        state.withLock { state in
            guard !state.marked.isEmpty else { return nil }
            state.hasMoved = false
            state.inHand = state.marked.removeFirst()
            return state.inHand
        }
    }

    /// Tells what became of the one in hand.
    func ended(_ fate: Fate) {
        let waiters = state.withLock { state in
            guard let asked = state.inHand else { preconditionFailure("one was taken in hand") }
            state.inHand = nil
            switch fate {
            case .decided: break
            // What it is to wait for came before it could wait.
            case .later where state.hasMoved: state.mark(asked)
            case .later: state.later[asked.target, default: []].insert(asked)
            case .trouble: state.troubled.append(asked)
            }
            return state.takeWaitersIfSettled()
        }
        waiters.forEach { $0.resume() }
    }

    /// Nothing more is decided.
    func end() {
        let waiters = state.withLock { state in
            state.isOver = true
            return state.takeWaitersIfSettled()
        }
        waiters.forEach { $0.resume() }
    }

    /// Returns once nothing is to be decided now.
    func whenSettled() async {
        await withCheckedContinuation { waiter in
            let isSettled = state.withLock { state in
                if !state.isSettled { state.waiters.append(waiter) }
                return state.isSettled
            }
            if isSettled { waiter.resume() }
        }
    }
}
