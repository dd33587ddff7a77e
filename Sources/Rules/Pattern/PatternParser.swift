/// What a part of a pattern stands for.
indirect enum PatternNode {
    case set(ScalarSet)
    case sequence([PatternNode])
    case choice([PatternNode])
    /// At least so often; at most so often, or without end.
    case repeated(PatternNode, least: Int, greatest: Int?)
    case start
    case end
}

/// Reads the text of a pattern.
///
/// Rule: docs/formats.md, "Patterns".
struct PatternParser {
    static let repeatLimit = 1000
    private static let depthLimit = 50
    private static let special: Set<Unicode.Scalar> = [
        "^", "$", "\\", ".", "*", "+", "?", "(", ")", "[", "]", "{", "}", "|",
    ]

    private let scalars: [Unicode.Scalar]
    private var at = 0
    private var depth = 0

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    mutating func parse() throws(SettingError) -> PatternNode {
        let node = try choice()
        // Only a bracket can have ended it.
        guard at == scalars.count else { throw SettingError("a “)” has no “(” before it") }
        return node
    }

    private var next: Unicode.Scalar? { at < scalars.count ? scalars[at] : nil }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard next == scalar else { return false }
        at += 1
        return true
    }

    private mutating func choice() throws(SettingError) -> PatternNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthLimit else {
            throw SettingError("brackets stand more than \(Self.depthLimit) deep")
        }
        var branches = [try sequence()]
        while take("|") { branches.append(try sequence()) }
        return branches.count == 1 ? branches[0] : .choice(branches)
    }

    private mutating func sequence() throws(SettingError) -> PatternNode {
        var parts: [PatternNode] = []
        while let scalar = next, scalar != "|", scalar != ")" {
            parts.append(try repeated(try atom()))
        }
        return .sequence(parts)
    }

    private mutating func atom() throws(SettingError) -> PatternNode {
        guard let scalar = next else { throw SettingError("the pattern ends too early") }
        at += 1
        switch scalar {
        case "^": return .start
        case "$": return .end
        case ".": return .set(.allButLineFeed)
        case "(": return try group()
        case "[": return .set(try bracket())
        case "\\": return .set(try escaped())
        case "*", "+", "?": throw SettingError("nothing stands before “\(scalar)” to repeat")
        case "{", "}", "]": throw SettingError("“\(scalar)” must be written as “\\\(scalar)”")
        default: return .set(.one(scalar))
        }
    }

    private mutating func group() throws(SettingError) -> PatternNode {
        if take("?") {
            guard take(":") else {
                throw SettingError("of groups with “(?” only “(?:” is understood")
            }
        }
        let node = try choice()
        guard take(")") else { throw SettingError("a “(” has no “)” behind it") }
        return node
    }

    private mutating func repeated(_ node: PatternNode) throws(SettingError) -> PatternNode {
        var bounds: (Int, Int?)?
        if take("*") { bounds = (0, nil) }
        if bounds == nil, take("+") { bounds = (1, nil) }
        if bounds == nil, take("?") { bounds = (0, 1) }
        if bounds == nil, take("{") { bounds = try counts() }
        guard let (least, greatest) = bounds else { return node }
        // Whether much or little is taken first makes no difference to whether there is a match.
        _ = take("?")
        if let scalar = next, ["*", "+", "?", "{"].contains(scalar) {
            throw SettingError("“\(scalar)” repeats what is repeated already; put it in brackets")
        }
        return .repeated(node, least: least, greatest: greatest)
    }

    private mutating func counts() throws(SettingError) -> (Int, Int?) {
        let mistake = SettingError(
            "a “{” must begin a count of at most \(Self.repeatLimit) such as “{2}”, “{2,}” or “{2,5}”"
        )
        guard let least = number() else { throw mistake }
        var greatest: Int? = least
        if take(",") { greatest = next == "}" ? nil : number() ?? -1 }
        guard take("}"), greatest ?? least >= least else { throw mistake }
        return (least, greatest)
    }

    private mutating func number() -> Int? {
        let start = at
        var value = 0
        while let scalar = next, ("0"..."9").contains(scalar), value <= Self.repeatLimit {
            value = value * 10 + Int(scalar.value - 0x30)
            at += 1
        }
        return at > start && value <= Self.repeatLimit ? value : nil
    }

    /// What stands behind a backslash.
    private mutating func escaped() throws(SettingError) -> ScalarSet {
        guard let scalar = next else { throw SettingError("the pattern ends with a lone “\\”") }
        at += 1
        switch scalar {
        case "d": return .digits
        case "D": return ScalarSet.digits.inverted
        case "w": return .wordCharacters
        case "W": return ScalarSet.wordCharacters.inverted
        case "s": return .whitespace
        case "S": return ScalarSet.whitespace.inverted
        case "t": return .one("\t")
        case "n": return .one("\n")
        case "r": return .one("\r")
        case "0"..."9":
            throw SettingError("what was matched before cannot be asked for again (“\\\(scalar)”)")
        case "a"..."z", "A"..."Z": throw SettingError("“\\\(scalar)” is not understood")
        default: return .one(scalar)
        }
    }

    /// What stands between square brackets.
    private mutating func bracket() throws(SettingError) -> ScalarSet {
        let isInverted = take("^")
        var ranges: [ClosedRange<UInt32>] = []
        var isFirst = true
        while let scalar = next, scalar != "]" || isFirst {
            isFirst = false
            let low = try member()
            guard next == "-", at + 1 < scalars.count, scalars[at + 1] != "]" else {
                ranges += low.ranges
                continue
            }
            at += 1
            let high = try member()
            guard let first = low.single, let last = high.single, first <= last else {
                throw SettingError(
                    "a range between “[” and “]” must go from one character up to another")
            }
            ranges.append(first...last)
        }
        guard take("]") else { throw SettingError("a “[” has no “]” behind it") }
        let set = ScalarSet(ranges)
        return isInverted ? set.inverted : set
    }

    private mutating func member() throws(SettingError) -> ScalarSet {
        guard let scalar = next else { throw SettingError("a “[” has no “]” behind it") }
        at += 1
        return scalar == "\\" ? try escaped() : .one(scalar)
    }
}

extension ScalarSet {
    /// The only character of the set; nil where there are more.
    fileprivate var single: UInt32? {
        guard ranges.count == 1, ranges[0].count == 1 else { return nil }
        return ranges[0].lowerBound
    }
}
