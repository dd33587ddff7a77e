/// A regular expression that is matched in one pass, however it is written and whatever it meets.
///
/// It has nothing that would need a second look at a text: no references to what was matched before
/// and no looking around; docs/decisions/0016-schemas.md tells why.
///
/// Rule: docs/formats.md, "Patterns".
public struct Pattern: Sendable, Hashable {
    /// One step of the machine that the pattern becomes; a step not said to lead elsewhere leads to
    /// the next.
    enum Step: Sendable, Hashable {
        /// Takes one character of this set.
        case take(Int)
        /// Goes on at both places.
        case fork(Int, Int)
        case jump(Int)
        case start
        case end
        case match
    }

    /// Scalar values of a pattern's text.
    static let lengthLimit = 1000
    static let stepLimit = 4000

    public let text: String
    let steps: [Step]
    let sets: [ScalarSet]

    /// - Throws: ``SettingError`` that says what cannot be understood.
    public init(_ text: String) throws(SettingError) {
        guard text.unicodeScalars.count <= Self.lengthLimit else {
            throw SettingError("a pattern has at most \(Self.lengthLimit) characters")
        }
        // Values are compared in the composed form, in which a decomposed pattern would match nothing.
        // None of the characters that mean something here composes with another.
        var parser = PatternParser(CanonicalForm.of(text))
        let node = try parser.parse()
        var writer = PatternWriter()
        try writer.write(node)
        self.text = text
        steps = writer.steps + [.match]
        sets = writer.sets
    }
}

/// Turns the parts of a pattern into steps.
private struct PatternWriter {
    private(set) var steps: [Pattern.Step] = []
    private(set) var sets: [ScalarSet] = []
    /// Parts looked at, which bounds what repeats nothing but itself, too.
    private var visits = 0

    mutating func write(_ node: PatternNode) throws(SettingError) {
        visits += 1
        guard steps.count < Pattern.stepLimit, visits < 4 * Pattern.stepLimit else {
            throw SettingError("the pattern repeats too much: written out it is too long")
        }
        switch node {
        case .set(let set):
            let index = sets.firstIndex(of: set) ?? sets.count
            if index == sets.count { sets.append(set) }
            steps.append(.take(index))
        case .start: steps.append(.start)
        case .end: steps.append(.end)
        case .sequence(let parts):
            for part in parts { try write(part) }
        case .choice(let branches):
            try write(branches[...])
        case .repeated(let node, let least, let greatest):
            for _ in 0..<least { try write(node) }
            if let greatest {
                for _ in least..<max(least, greatest) { try write(optional: node) }
            } else {
                try write(endless: node)
            }
        }
    }

    private mutating func write(_ branches: ArraySlice<PatternNode>) throws(SettingError) {
        guard let first = branches.first else { return }
        guard branches.count > 1 else { return try write(first) }
        let fork = hold()
        try write(first)
        let jump = hold()
        steps[fork] = .fork(fork + 1, steps.count)
        try write(branches.dropFirst())
        steps[jump] = .jump(steps.count)
    }

    private mutating func write(optional node: PatternNode) throws(SettingError) {
        let fork = hold()
        try write(node)
        steps[fork] = .fork(fork + 1, steps.count)
    }

    private mutating func write(endless node: PatternNode) throws(SettingError) {
        let fork = hold()
        try write(node)
        steps.append(.jump(fork))
        steps[fork] = .fork(fork + 1, steps.count)
    }

    /// Keeps a place for a step that is known later.
    private mutating func hold() -> Int {
        steps.append(.match)
        return steps.count - 1
    }
}
