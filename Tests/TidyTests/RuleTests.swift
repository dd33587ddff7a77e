import Foundation
import Testing

/// What the sources say that they obey, and whether it is written down.
@Suite struct RuleTests {
    /// A page named in a comment, with the section if one is named behind it.
    private struct Mention {
        let place: String
        let page: String
        let section: String?
        let isRule: Bool
    }

    private static var words: Regex<(Substring, page: Substring, section: Substring?)> {
        /docs\/(?<page>[a-z0-9\/-]+\.md)(?:, "(?<section>[^"]+)")?/
    }

    private static func mentions() throws -> [Mention] {
        let files =
            try SourceTree.files(below: "Sources", ".swift", ".c", ".h")
            + SourceTree.files(below: "Tests", ".swift")
            + SourceTree.files(below: "systemd", "") + SourceTree.files(below: "etc", "")
            + SourceTree.files(below: "scripts", "")
        // What these tests read the pages by is no mention of them.
        return files.filter { !$0.path.hasPrefix("Tests/TidyTests/") }.flatMap { file in
            file.lines.enumerated().flatMap { index, line in
                line.matches(of: words).map { match in
                    Mention(
                        place: "\(file):\(index + 1)", page: "docs/\(match.page)",
                        section: match.section.map(String.init),
                        isRule: line.contains("Rule: "))
                }
            }
        }
    }

    /// The headings of a page, outside of what it shows as code.
    private static func headings(of page: String) throws -> Set<String> {
        let lines = try SourceTree.text(page).split(separator: "\n").filter { $0.hasPrefix("#") }
        return Set(lines.map { $0.drop { $0 == "#" }.trimmingCharacters(in: .whitespaces) })
    }

    @Test func `each section that a source names is there`() throws {
        let mentions = try Self.mentions()
        #expect(mentions.contains { $0.section != nil })
        for mention in mentions {
            let path = SourceTree.root.appending(path: mention.page).path
            guard FileManager.default.fileExists(atPath: path) else {
                Issue.record("\(mention.place) names \(mention.page), which is not there")
                continue
            }
            guard let section = mention.section else {
                #expect(!mention.isRule, "\(mention.place): which section of \(mention.page)?")
                continue
            }
            let isThere = try Self.headings(of: mention.page).contains(section)
            #expect(isThere, "\(mention.place): \(mention.page) has no section “\(section)”")
        }
    }

    @Test func `each key of the config that a rule names is in the sample`() throws {
        let config = try SourceTree.text("etc/ingestd.yaml").split(separator: "\n")
        let rule = /Rule: etc\/ingestd\.yaml, `(?<key>[a-z_]+)`/
        var keys: Set<String> = []
        for file in try SourceTree.files(below: "Sources", ".swift") {
            for line in file.lines {
                keys.formUnion(line.matches(of: rule).map { String($0.key) })
            }
        }
        #expect(!keys.isEmpty)
        for key in keys {
            let isThere = config.contains { $0.drop { "# ".contains($0) }.hasPrefix("\(key):") }
            #expect(isThere, "etc/ingestd.yaml has no key \(key)")
        }
    }

    @Test func `the table of imports in the design is the one that is kept`() throws {
        let system: Set<String> = ["Glibc", "SystemPackage"]
        var rows: [String: Set<String>] = [:]
        for line in try SourceTree.text("docs/design.md").split(separator: "\n") {
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard cells.count == 3, line.hasPrefix("| `") else { continue }
            let room = cells[0].trimmingCharacters(in: ["`"])
            guard SourceTests.allowedImports[room] != nil else { continue }
            let names = cells[2].split(separator: ", ").map(String.init)
            rows[room] = Set(names).subtracting(["–", "System"])
                .union(names.contains("System") ? system : [])
        }
        for (room, allowed) in SourceTests.allowedImports {
            #expect(rows[room] == allowed, "docs/design.md, \(room)")
        }
    }
}
