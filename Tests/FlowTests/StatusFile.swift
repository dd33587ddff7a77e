import Foundation
import Testing

/// A status file as programs read it.
struct StatusFile {
    let text: String
    let members: [String: Any]

    init(_ text: String) throws {
        self.text = text
        let value = try JSONSerialization.jsonObject(with: Data(text.utf8))
        members = try #require(value as? [String: Any])
    }

    /// The keys in the order in which they stand, if the form is right: the schema on the first line,
    /// then one key a line.
    var keys: [String] {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count > 3, lines[0] == #"{"schema":"ingestd/status/1","#,
            lines[lines.count - 2] == "}", lines.last == ""
        else { return [] }
        return lines[1..<(lines.count - 2)].map { line in
            guard line.hasPrefix("  \""), let end = line.firstRange(of: "\":") else {
                return "no key: \(line)"
            }
            return String(line[line.index(line.startIndex, offsetBy: 3)..<end.lowerBound])
        }
    }

    subscript(key: String) -> String? { members[key] as? String }
    func number(_ key: String) -> Int? { members[key] as? Int }
    func isNull(_ key: String) -> Bool { members[key] is NSNull }

    var state: String? { self["state"] }
    var code: String? { (members["error"] as? [String: Any])?["code"] as? String }
    var warnings: [String] { members["warnings"] as? [String] ?? [] }
    var stages: [[String: Any]] { members["stages"] as? [[String: Any]] ?? [] }
    var stageNames: [String] { stages.compactMap { $0["name"] as? String } }
    var result: [String: Any] { members["result"] as? [String: Any] ?? [:] }

    /// The stage of a name.
    func stage(_ name: String) -> [String: Any] {
        stages.first { $0["name"] as? String == name } ?? [:]
    }

    /// The files that the result lists, with their sizes.
    var files: [String: Int] {
        let list = result["files"] as? [[String: Any]] ?? []
        let pairs = list.compactMap { file in
            (file["name"] as? String).flatMap { name in (file["size"] as? Int).map { (name, $0) } }
        }
        return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }
}
