import Rules
import Yams

/// Reads typed values out of YAML nodes and keeps a list of everything that is wrong with them.
///
/// A value that cannot be read becomes nil and a problem with its place, so that one reading finds all mistakes.
struct ConfigReader {
    /// A file with more mistakes than this is not a config; the rest would not be read anyway.
    static let problemLimit = 100

    private(set) var problems: [ConfigProblem] = []

    mutating func report(_ node: Node, _ message: String) {
        guard problems.count < Self.problemLimit else { return }
        let mark = node.mark
        problems.append(
            ConfigProblem(line: mark?.line ?? 0, column: mark?.column ?? 0, message: message))
    }

    /// The values of a mapping by their keys; nil where the node is something else. `nothing` has no values.
    mutating func section<Key: RawRepresentable & CaseIterable & Hashable>(
        _ node: Node, _ what: String, keys: Key.Type
    ) -> [Key: Node] where Key.RawValue == String {
        guard let entries = entries(node, what) else { return [:] }
        var values: [Key: Node] = [:]
        for (name, keyNode, value) in entries {
            if let key = Key(rawValue: name) {
                values[key] = value
            } else {
                let known = Key.allCases.map(\.rawValue)
                report(keyNode, unknown("key “\(name)” in \(what)", name, known: known))
            }
        }
        return values
    }

    /// A mapping's keys, their nodes and values, in the order of the file; nil where the node is something else.
    mutating func entries(
        _ node: Node, _ what: String
    ) -> [(name: String, key: Node, value: Node)]? {
        if isNothing(node) { return [] }
        guard let mapping = node.mapping else {
            report(node, "\(what) must be keys with values, such as “key: value”")
            return nil
        }
        return mapping.compactMap { pair in
            guard let name = pair.key.scalar?.string else {
                report(pair.key, "a key in \(what) must be a plain word")
                return nil
            }
            return (name, pair.key, pair.value)
        }
    }

    /// The items of a list of at most `limit`; nil where the node is something else.
    mutating func list(_ node: Node, _ what: String, limit: Int) -> [Node] {
        if isNothing(node) { return [] }
        guard let sequence = node.sequence else {
            report(node, "\(what) must be a list, each item on a line of its own behind “- ”")
            return []
        }
        guard sequence.count <= limit else {
            report(node, "\(what) has \(sequence.count) items; at most \(limit) are allowed")
            return []
        }
        return Array(sequence)
    }

    /// A text that is not empty.
    mutating func text(_ node: Node?, _ what: String) -> String? {
        guard let node else { return nil }
        guard let text = node.scalar?.string, !isNothing(node) else {
            report(node, "\(what) must have a value")
            return nil
        }
        return text
    }

    /// A whole number within a range.
    mutating func number(_ node: Node?, _ what: String, in range: ClosedRange<Int>) -> Int? {
        guard let node, let text = text(node, what) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            report(
                node,
                "\(what) must be a whole number from \(range.lowerBound) to \(range.upperBound), "
                    + "not “\(text)”")
            return nil
        }
        return number
    }

    /// A share of a whole, in millionths: `0.05` or `5%`.
    mutating func share(_ node: Node?, _ what: String) -> Int? {
        guard let node, let text = text(node, what) else { return nil }
        let isPercent = text.hasSuffix("%")
        let number = (isPercent ? text.dropLast() : text[...]).filter { $0 != " " }
        let parts = number.split(separator: ".", omittingEmptySubsequences: false)
        let decimals = parts.count == 2 ? parts[1] : ""
        let unit = isPercent ? 10_000 : 1_000_000
        let places = isPercent ? 4 : 6
        let isNumber =
            parts.count <= 2 && decimals.count <= places && (parts.count == 1 || !decimals.isEmpty)
            && (parts.first?.count).map { (1...3).contains($0) } ?? false
            && parts.allSatisfy { $0.allSatisfy { ("0"..."9").contains($0) } }
        let padded = decimals + String(repeating: "0", count: max(0, places - decimals.count))
        guard isNumber, let whole = Int(parts[0]), let rest = Int(padded),
            (0...1_000_000).contains(whole * unit + rest)
        else {
            report(node, "\(what) must be a share from 0 to 1 or from 0% to 100%, not “\(text)”")
            return nil
        }
        return whole * unit + rest
    }

    mutating func flag(_ node: Node?, _ what: String) -> Bool? {
        guard let node, let text = text(node, what) else { return nil }
        switch text.lowercased() {
        case "true", "yes", "on": return true
        case "false", "no", "off": return false
        default:
            report(node, "\(what) must be true or false, not “\(text)”")
            return nil
        }
    }

    /// One of a few words.
    mutating func choice<Value: RawRepresentable & CaseIterable>(
        _ node: Node?, _ what: String, of: Value.Type
    ) -> Value? where Value.RawValue == String {
        guard let node, let text = text(node, what) else { return nil }
        if let value = Value(rawValue: text) { return value }
        report(node, unknown("\(what) “\(text)”", text, known: Value.allCases.map(\.rawValue)))
        return nil
    }

    mutating func size(
        _ node: Node?, _ what: String, in range: ClosedRange<ByteCount>
    ) -> ByteCount? {
        guard let node, let text = text(node, what) else { return nil }
        do {
            let size = try ByteCount(setting: text)
            guard range.contains(size) else {
                report(
                    node, "\(what) must be from \(range.lowerBound) to \(range.upperBound)")
                return nil
            }
            return size
        } catch {
            report(node, "\(what): \(error)")
            return nil
        }
    }

    mutating func duration(
        _ node: Node?, _ what: String, in range: ClosedRange<Duration>
    ) -> Duration? {
        guard let node, let text = text(node, what) else { return nil }
        do {
            let duration = try Duration(setting: text)
            guard range.contains(duration) else {
                report(
                    node,
                    "\(what) must be from \(range.lowerBound.setting) to "
                        + "\(range.upperBound.setting), not \(text)")
                return nil
            }
            return duration
        } catch {
            report(node, "\(what): \(error)")
            return nil
        }
    }

    /// The sentence about a word that is not known: it names the one that was probably meant, else all.
    func unknown(_ subject: String, _ word: String, known: [String]) -> String {
        let nearest = NearestName.of(word, among: known).map { "did you mean “\($0)”? " } ?? ""
        return "unknown \(subject); \(nearest)known: \(known.joined(separator: ", "))"
    }

    /// Whether a key has no value behind it: its line ends, or says `null` or `~` without quotes.
    func isNothing(_ node: Node) -> Bool {
        guard let scalar = node.scalar, scalar.style == .plain || scalar.style == .any else {
            return node.scalar?.string.isEmpty ?? false
        }
        return ["", "~", "null"].contains(scalar.string)
    }
}
