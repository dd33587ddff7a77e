/// Where inboxes are: one path, or a pattern such as `/home/*/Inbox`.
///
/// In a path with one of `*`, `?` and `[`, each component is a glob, and `\` takes the next
/// character as it is. Any other path is taken letter by letter.
///
/// Rule: docs/formats.md, "Patterns of inboxes".
public struct InboxPattern: Sendable, Hashable {
    /// One component from the first wildcard on.
    public struct Step: Sendable, Hashable {
        private let glob: Glob
        /// The only name that fits; nil for a wildcard.
        public let name: FileName?

        fileprivate init(_ glob: Glob, name: FileName?) {
            self.glob = glob
            self.name = name
        }

        /// The step to a directory of just this name.
        public init(to name: FileName) {
            glob = Glob("")
            self.name = name
        }

        /// Whether a directory of this name fits.
        ///
        /// A wildcard passes over what is never looked into inside an inbox either: hidden and
        /// system folders, and ingestd's own sidecars.
        public func admits(_ candidate: FileName) -> Bool {
            if let name { return name == candidate }
            guard !SidecarNames.isStatus(name: candidate) else { return false }
            let verdict = NameRules().verdictOnLast(BeneathPath([candidate]), isFolder: true)
            return verdict == .candidate && glob.matches(candidate.bytes)
        }
    }

    private static let wildcards = Set("*?[".utf8)

    /// The components before the first wildcard; all of an exact path's.
    public let fixed: [FileName]
    /// The components from the first wildcard on; none for an exact path.
    public let steps: [Step]

    /// Nil unless the path is absolute and free of `.`, `..`, doubled slashes and NUL.
    public init?(_ path: String) {
        guard path.utf8.first == UInt8(ascii: "/"), !path.utf8.contains(0) else { return nil }
        let isGlob = Self.hasWildcard(path)
        var fixed: [FileName] = []
        var steps: [Step] = []
        let parts = path.utf8.dropFirst().split(
            separator: UInt8(ascii: "/"), omittingEmptySubsequences: path.utf8.count == 1)
        for part in parts {
            let glob = Glob(String(decoding: part, as: UTF8.self))
            let literal = isGlob ? glob.literal : Array(part)
            let name = literal.flatMap(FileName.init)
            guard literal == nil || name != nil else { return nil }
            if let name, steps.isEmpty {
                fixed.append(name)
            } else {
                steps.append(Step(glob, name: name))
            }
        }
        self.fixed = fixed
        self.steps = steps
    }

    /// Whether it names one directory and no other.
    public var isExact: Bool { steps.isEmpty }

    /// The path up to the first wildcard; the whole of an exact path.
    public var fixedPath: String { "/" + fixed.map(\.description).joined(separator: "/") }

    /// Whether the path of an inbox, as bytes, fits.
    public func matches(_ path: [UInt8]) -> Bool {
        guard path.first == UInt8(ascii: "/") else { return false }
        let parts = path.dropFirst().split(separator: UInt8(ascii: "/"))
        guard parts.count == fixed.count + steps.count else { return false }
        return zip(fixed, parts).allSatisfy { $0.bytes.elementsEqual($1) }
            && zip(steps, parts.dropFirst(fixed.count)).allSatisfy { step, part in
                FileName(part).map(step.admits) ?? false
            }
    }

    /// Whether a path, as it is written in the config, may be more than one directory.
    public static func hasWildcard(_ path: String) -> Bool {
        path.utf8.contains(where: wildcards.contains)
    }

    /// What about a pattern is hardly meant as it is written; nil where nothing is.
    public static func mistake(in path: String) -> String? {
        guard hasWildcard(path) else { return nil }
        var rest = Array(path.utf8)[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\\"): _ = rest.popFirst()
            case UInt8(ascii: "*") where rest.first == byte:
                return "“**” is no more than “*” here; write /*/* for folders of folders"
            case UInt8(ascii: "["):
                guard let end = setEnd(rest) else {
                    return "a “[” is never closed; write \\[ for the character itself"
                }
                rest = rest[end...].dropFirst()
            default: continue
            }
        }
        return nil
    }

    /// Where the set whose `[` was read is closed within its component.
    private static func setEnd(_ rest: ArraySlice<UInt8>) -> Int? {
        var start = rest.startIndex
        if let first = rest.first, "!^".utf8.contains(first) { start += 1 }
        // A bracket that comes first is a member of the set.
        if start < rest.endIndex, rest[start] == UInt8(ascii: "]") { start += 1 }
        let end = rest[min(start, rest.endIndex)...].firstIndex { "]/".utf8.contains($0) }
        return end.flatMap { rest[$0] == UInt8(ascii: "]") ? $0 : nil }
    }

    /// The pattern that matches this very path and no other.
    public static func exactly(_ path: String) -> String {
        guard hasWildcard(path) else { return path }
        return path.reduce(into: "") { text, character in
            if #"*?[\"#.contains(character) { text.append("\\") }
            text.append(character)
        }
    }
}
