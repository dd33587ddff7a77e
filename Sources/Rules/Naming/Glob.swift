/// A pattern for names: `*` is any run of characters but `/`, `**` any run, `?` one character but
/// `/`, `[a-z]` and `[!a-z]` one ASCII character out of a set, `\` takes the next character as it
/// is.
///
/// A pattern with a `/` is held against a whole path below the inbox, any other against the last
/// name. Matching takes time proportional to the pattern's length times the name's, whatever either
/// holds.
struct Glob: Sendable, Hashable {
    private enum Token: Sendable, Hashable {
        case byte(UInt8)
        case oneCharacter
        case oneOf(ranges: [ClosedRange<UInt8>], isNegated: Bool)
        case run(crossesFolders: Bool)
    }

    let pattern: String
    private let tokens: [Token]
    private let isOnPath: Bool

    init(_ pattern: String) {
        self.pattern = pattern
        var bytes = Array(pattern.utf8)
        isOnPath = bytes.contains(UInt8(ascii: "/"))
        if bytes.first == UInt8(ascii: "/") { bytes.removeFirst() }
        tokens = Self.parse(bytes[...])
    }

    /// The only name that matches; nil where a wildcard lets several.
    var literal: [UInt8]? {
        var bytes: [UInt8] = []
        for token in tokens {
            guard case .byte(let byte) = token else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    func matches(_ path: BeneathPath) -> Bool {
        matches(isOnPath ? path.bytes : path.name?.bytes ?? [])
    }

    /// Follows all the ways to match at once: `reached` has the tokens that may come next.
    func matches(_ name: [UInt8]) -> Bool {
        var reached = closure(of: [0])
        var rest = name[...]
        while let first = rest.first, !reached.isEmpty {
            let length = Self.characterLength(rest)
            var next: Set<Int> = []
            for index in reached where index < tokens.count {
                switch tokens[index] {
                case .run(let crossesFolders):
                    if crossesFolders || first != UInt8(ascii: "/") { next.insert(index) }
                case .oneCharacter:
                    if first != UInt8(ascii: "/") { next.insert(index + 1) }
                case .oneOf(let ranges, let isNegated):
                    let isIn = ranges.contains { $0.contains(first) }
                    if isIn != isNegated, first != UInt8(ascii: "/") { next.insert(index + 1) }
                case .byte:
                    if let after = literalEnd(from: index, matching: rest.prefix(length)) {
                        next.insert(after)
                    }
                }
            }
            reached = closure(of: next)
            rest = rest.dropFirst(length)
        }
        return rest.isEmpty && reached.contains(tokens.count)
    }

    /// A run may be empty: whoever reaches it reaches what stands behind it too.
    private func closure(of indices: Set<Int>) -> Set<Int> {
        var reached = indices
        for index in indices.sorted() {
            var index = index
            while index < tokens.count, case .run = tokens[index] {
                index += 1
                reached.insert(index)
            }
        }
        return reached
    }

    private func literalEnd(from index: Int, matching character: ArraySlice<UInt8>) -> Int? {
        let end = index + character.count
        guard end <= tokens.count else { return nil }
        let isEqual = zip(tokens[index..<end], character).allSatisfy { $0 == .byte($1) }
        return isEqual ? end : nil
    }

    /// The bytes of the UTF-8 character that begins here; one where it is none.
    private static func characterLength(_ bytes: ArraySlice<UInt8>) -> Int {
        guard let first = bytes.first else { return 0 }
        let length =
            switch first {
            case 0xc2...0xdf: 2
            case 0xe0...0xef: 3
            case 0xf0...0xf4: 4
            default: 1
            }
        let isWhole =
            bytes.count >= length
            && bytes.dropFirst().prefix(length - 1).allSatisfy { $0 & 0xc0 == 0x80 }
        return isWhole ? length : 1
    }

    private static func parse(_ pattern: ArraySlice<UInt8>) -> [Token] {
        var tokens: [Token] = []
        var rest = pattern
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "*"):
                let crosses = rest.first == UInt8(ascii: "*")
                if crosses { rest.removeFirst() }
                tokens.append(.run(crossesFolders: crosses))
            case UInt8(ascii: "?"):
                tokens.append(.oneCharacter)
            case UInt8(ascii: "["):
                guard let (set, after) = parseSet(rest) else {
                    tokens.append(.byte(byte))
                    continue
                }
                tokens.append(set)
                rest = after
            case UInt8(ascii: "\\"):
                tokens.append(.byte(rest.popFirst() ?? byte))
            default:
                tokens.append(.byte(byte))
            }
        }
        return tokens
    }

    /// Reads what follows a `[`; nil where no `]` ends it, and the bracket stands for itself.
    private static func parseSet(
        _ pattern: ArraySlice<UInt8>
    ) -> (token: Token, rest: ArraySlice<UInt8>)? {
        var rest = pattern
        let isNegated = rest.first == UInt8(ascii: "!") || rest.first == UInt8(ascii: "^")
        if isNegated { rest.removeFirst() }
        // A bracket that comes first is a member of the set.
        guard let end = rest.dropFirst().firstIndex(of: UInt8(ascii: "]")) else { return nil }
        var members = rest[..<end]
        var ranges: [ClosedRange<UInt8>] = []
        while let low = members.popFirst() {
            if members.first == UInt8(ascii: "-"), let high = members.dropFirst().first {
                if low <= high { ranges.append(low...high) }
                members.removeFirst(2)
            } else {
                ranges.append(low...low)
            }
        }
        return (.oneOf(ranges: ranges, isNegated: isNegated), rest[(end + 1)...])
    }
}
