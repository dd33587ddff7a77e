/// Matches texts against one ``Pattern``.
///
/// All ways through the pattern are followed at once; which of them are open is one state, and
/// states are worked out when they are first met and then remembered. A character costs one look
/// into a table, and never more than one walk over the steps. Used by one thread at a time.
final class PatternMachine {
    /// Transitions and steps of all states, 4 bytes each; past them the states are forgotten.
    static let entryLimit = 1 << 18
    /// What a state takes besides, in entries.
    private static let entriesOfState = 32
    private static let unknown: Int32 = -1

    /// A set of ways that are open.
    private struct State: Hashable {
        /// The steps at which a character or the end is waited for, in order.
        var steps: [Int32]
        /// Whether some way has come through.
        var isMatch: Bool
        /// Whether some way comes through if the text ends here.
        var isMatchAtEnd: Bool
    }

    private let pattern: Pattern
    /// Where classes of characters begin that all sets tell apart, in order; the first is zero.
    private let classStarts: [UInt32]
    /// The classes of ASCII.
    private let asciiClasses: [UInt16]
    /// For each class the sets that have it.
    private let setsOfClass: [[Bool]]

    private var states: [State] = []
    private var numbers: [State: Int32] = [:]
    private var transitions: [Int32] = []
    /// What all states take, in entries.
    private(set) var entries = 0
    /// How many times all states were forgotten.
    private(set) var flushes = 0
    private var visited: [Bool]

    init(_ pattern: Pattern) {
        self.pattern = pattern
        var starts: Set<UInt32> = [0]
        for set in pattern.sets {
            for range in set.ranges {
                starts.insert(range.lowerBound)
                starts.insert(range.upperBound + 1)
            }
        }
        let classStarts = starts.sorted()
        self.classStarts = classStarts
        asciiClasses = (0..<128).map { UInt16(Self.classIndex($0, in: classStarts)) }
        setsOfClass = classStarts.map { start in pattern.sets.map { $0.contains(start) } }
        visited = Array(repeating: false, count: pattern.steps.count)
        begin()
    }

    /// Whether the pattern matches somewhere in a text, which is UTF-8.
    func matches(_ text: UnsafeRawBufferPointer) -> Bool {
        var state: Int32 = 0
        var at = 0
        while !states[Int(state)].isMatch {
            guard at < text.count else { return states[Int(state)].isMatchAtEnd }
            // Nothing is open, and nothing begins behind a text's start any more.
            if states[Int(state)].steps.isEmpty { return false }
            let scalarClass = nextClass(text, &at)
            let known = transitions[Int(state) * classStarts.count + scalarClass]
            state = known != Self.unknown ? known : step(from: state, over: scalarClass)
        }
        return true
    }

    // MARK: - Characters

    private func nextClass(_ text: UnsafeRawBufferPointer, _ at: inout Int) -> Int {
        let lead = text[at]
        if lead < 0x80 {
            at += 1
            return Int(asciiClasses[Int(lead)])
        }
        let length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
        var value = UInt32(lead) & (length == 2 ? 0x1f : length == 3 ? 0x0f : 0x07)
        let end = min(at + length, text.count)
        for index in (at + 1)..<max(end, at + 1) { value = value << 6 | UInt32(text[index]) & 0x3f }
        at = end
        return Self.classIndex(value, in: classStarts)
    }

    /// The last class that begins at the value or before it.
    private static func classIndex(_ value: UInt32, in starts: [UInt32]) -> Int {
        var low = 0
        var high = starts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= value { low = middle } else { high = middle }
        }
        return low
    }

    // MARK: - States

    /// Makes the first state, from which a text begins: number zero.
    private func begin() {
        states = []
        numbers = [:]
        transitions = []
        entries = 0
        _ = number(of: closure(from: [0], isStart: true))
    }

    /// Works a transition out; may forget all others.
    private func step(from state: Int32, over scalarClass: Int) -> Int32 {
        let sets = setsOfClass[scalarClass]
        var next: [Int] = []
        for index in states[Int(state)].steps {
            if case .take(let set) = pattern.steps[Int(index)], sets[set] {
                next.append(Int(index) + 1)
            }
        }
        // A match may begin anywhere.
        next.append(0)
        let reached = closure(from: next, isStart: false)
        // Whatever the limit, there is room for some.
        let leastLimit = 4 * (Self.entriesOfState + classStarts.count + pattern.steps.count)
        if entries + size(of: reached) > max(Self.entryLimit, leastLimit) {
            flushes += 1
            begin()
            return number(of: reached)
        }
        let number = number(of: reached)
        transitions[Int(state) * classStarts.count + scalarClass] = number
        return number
    }

    /// In entries.
    private func size(of state: State) -> Int {
        Self.entriesOfState + classStarts.count + state.steps.count
    }

    private func number(of state: State) -> Int32 {
        if let number = numbers[state] { return number }
        let number = Int32(states.count)
        entries += size(of: state)
        numbers[state] = number
        states.append(state)
        transitions += Array(repeating: Self.unknown, count: classStarts.count)
        return number
    }

    /// All that is reached without a character.
    private func closure(from places: [Int], isStart: Bool) -> State {
        var state = reached(from: places, isStart: isStart, isEnd: false)
        let ends = state.steps.map(Int.init).filter { pattern.steps[$0] == .end }
        state.isMatchAtEnd =
            state.isMatch
            || !ends.isEmpty && reached(from: ends, isStart: isStart, isEnd: true).isMatch
        return state
    }

    private func reached(from places: [Int], isStart: Bool, isEnd: Bool) -> State {
        for index in visited.indices { visited[index] = false }
        var waiting: [Int32] = []
        var isMatch = false
        var open = places
        while let place = open.popLast() {
            guard !visited[place] else { continue }
            visited[place] = true
            switch pattern.steps[place] {
            case .take: waiting.append(Int32(place))
            case .fork(let first, let second): open += [first, second]
            case .jump(let target): open.append(target)
            case .start: if isStart { open.append(place + 1) }
            case .end:
                if isEnd { open.append(place + 1) } else { waiting.append(Int32(place)) }
            case .match: isMatch = true
            }
        }
        return State(steps: waiting.sorted(), isMatch: isMatch, isMatchAtEnd: false)
    }
}
