import Rules
import Synchronization

/// Something that is asked for.
struct AskedFor: Sendable, Hashable {
    /// The file that asks.
    enum Source: Sendable, Hashable {
        /// Below the inbox.
        case inbox(BeneathPath)
        /// Below the folder that its results go into.
        case results(BeneathPath)
        /// In the state directory's `requests/`.
        case operators(OperatorRequests.File)
    }

    /// Who asks.
    enum Asker: Sendable, Hashable, CaseIterable { case owner, operators }

    let source: Source
    let request: Request
    /// What it is about, below the inbox.
    let target: BeneathPath

    /// Where the file stands that asks, or would stand in the inbox.
    var path: BeneathPath { target.sibling(request.name) }

    var asker: Asker {
        switch source {
        case .inbox, .results: .owner
        case .operators: .operators
        }
    }
}

/// The requests of one inbox that are still to be decided.
///
/// Only what was noticed: the files stay where they are until each is carried out, and where there was
/// no room for some they are looked for again as soon as there is. What operators ask goes first, and
/// has room of its own: whoever fills an inbox with requests keeps no operator from theirs.
final class RequestBox: Sendable {
    /// How many of each asker are kept in mind; two paths each.
    static let limit = 1000

    /// What became of the one that was in hand.
    enum Fate: Sendable, Hashable {
        /// Its file is gone.
        case done
        /// Its file stays, and asks for nothing.
        case unfit
        /// To be looked at again when its document moves on.
        case later
        /// Something of ours was in the way.
        case trouble
    }

    /// What is said to a file that was noticed.
    enum Answer: Sendable, Hashable {
        /// It is to be decided now.
        case news
        /// It was to be decided before.
        case known
        /// There is no room; it is looked for again once there is.
        case turnedAway
    }

    /// What one asker wants.
    private struct Line {
        /// In the order in which they came.
        private(set) var marked: [AskedFor] = []
        /// The same; what comes by the thousand is not held against each of them.
        private(set) var isMarked: Set<AskedFor> = []
        var later: [BeneathPath: Set<AskedFor>] = [:]
        var troubled: [AskedFor] = []
        /// Whether there was no room for some.
        var hasTurnedAway = false
        /// Whether a file went since, so that a look for others comes to another end than the last.
        var hasAdvanced = false

        var count: Int { marked.count + troubled.count + later.values.reduce(0) { $0 + $1.count } }

        mutating func mark(_ asked: AskedFor) {
            later[asked.target]?.remove(asked)
            if later[asked.target]?.isEmpty == true { later[asked.target] = nil }
            if isMarked.insert(asked).inserted { marked.append(asked) }
        }

        mutating func takeFirst() -> AskedFor {
            let first = marked.removeFirst()
            isMarked.remove(first)
            return first
        }

        /// Whether it is time to look for those that were turned away.
        mutating func takeRoom() -> Bool {
            guard hasTurnedAway, hasAdvanced, marked.isEmpty else { return false }
            (hasTurnedAway, hasAdvanced) = (false, false)
            return true
        }
    }

    private struct State {
        /// Changed where they lie: a copy would be one of a thousand requests.
        var lines: [AskedFor.Asker: Line] = [:]
        var inHand: AskedFor?
        /// Whether its document has moved on since it was taken in hand.
        var hasMoved = false
        var isOver = false
        var waiters: [CheckedContinuation<Void, Never>] = []
        var onRoom: (@Sendable (AskedFor.Asker) -> Void)?

        subscript(_ asker: AskedFor.Asker) -> Line { lines[asker, default: Line()] }

        var isSettled: Bool {
            isOver || inHand == nil && lines.values.allSatisfy(\.marked.isEmpty)
        }

        /// Whether it is waiting for its decision already.
        func isKnown(_ asked: AskedFor) -> Bool {
            let line = self[asked.asker]
            if line.isMarked.contains(asked) || line.troubled.contains(asked) { return true }
            switch asked.asker {
            // Another file of the same name may have come meanwhile.
            case .owner: return false
            case .operators:
                return inHand == asked || line.later[asked.target]?.contains(asked) == true
            }
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
    var hasTrouble: Bool {
        state.withLock { $0.lines.values.contains { !$0.troubled.isEmpty } }
    }

    /// Has `body` called when there is room again for what there was none for; it must return at once.
    func tellRoom(_ body: @escaping @Sendable (AskedFor.Asker) -> Void) {
        state.withLock { $0.onRoom = body }
    }

    /// A file that asks for something was noticed.
    ///
    @discardableResult
    func mark(_ asked: AskedFor) -> Answer {
        let answer: Answer = state.withLock { state in
            if state.isKnown(asked) { return .known }
            guard state[asked.asker].count < Self.limit else {
                state.lines[asked.asker, default: Line()].hasTurnedAway = true
                return .turnedAway
            }
            state.lines[asked.asker, default: Line()].mark(asked)
            return .news
        }
        if answer == .news { signal.raise() }
        return answer
    }

    /// A document of this name came, has come to its end, or will not come.
    func documentMoved(_ path: BeneathPath) {
        let isAwaited = state.withLock { state in
            if state.inHand?.target == path { state.hasMoved = true }
            let waiting = AskedFor.Asker.allCases.flatMap { state[$0].later[path] ?? [] }
            for asked in waiting { state.lines[asked.asker, default: Line()].mark(asked) }
            return !waiting.isEmpty
        }
        if isAwaited { signal.raise() }
    }

    /// Waits until something is to be decided; returns false when the task was cancelled.
    ///
    /// - Parameter patience: how long what was in trouble rests.
    func wait(_ patience: Duration) async -> Bool {
        let isCalled = await signal.wait(atMost: hasTrouble ? patience : nil)
        state.withLock { state in
            for asker in AskedFor.Asker.allCases {
                let troubled = state[asker].troubled
                state.lines[asker, default: Line()].troubled = []
                for asked in troubled { state.lines[asker, default: Line()].mark(asked) }
            }
        }
        return isCalled
    }

    /// The next that is to be decided; whoever takes it tells ``ended(_:)``.
    func take() -> AskedFor? {
        state.withLock { state in
            let asker: AskedFor.Asker = state[.operators].marked.isEmpty ? .owner : .operators
            guard !state[asker].marked.isEmpty else { return nil }
            state.hasMoved = false
            state.inHand = state.lines[asker, default: Line()].takeFirst()
            return state.inHand
        }
    }

    /// Tells what became of the one in hand.
    func ended(_ fate: Fate) {
        let (asker, onRoom, waiters) = state.withLock { state in
            guard let asked = state.inHand else { preconditionFailure("one was taken in hand") }
            state.inHand = nil
            let asker = asked.asker
            switch fate {
            case .done: state.lines[asker, default: Line()].hasAdvanced = true
            case .unfit: break
            // What it is to wait for came before it could wait.
            case .later where state.hasMoved: state.lines[asker, default: Line()].mark(asked)
            case .later:
                state.lines[asker, default: Line()].later[asked.target, default: []].insert(asked)
            case .trouble: state.lines[asker, default: Line()].troubled.append(asked)
            }
            let onRoom = state.lines[asker, default: Line()].takeRoom() ? state.onRoom : nil
            return (asker, onRoom, state.takeWaitersIfSettled())
        }
        onRoom?(asker)
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
