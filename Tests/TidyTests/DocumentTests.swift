import Foundation
import Rules
import Testing

@Suite struct DocumentTests {
    /// The rows of all tables in a page whose first cell is one code span: its text, and the other cells.
    private func rows(_ page: String) throws -> [(name: String, cells: [String])] {
        try SourceTree.text(page).split(separator: "\n").compactMap { line in
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard line.hasPrefix("| `"), let first = cells.first, first.hasSuffix("`") else {
                return nil
            }
            let name = first.dropFirst().dropLast()
            return name.contains("`") ? nil : (String(name), Array(cells.dropFirst()))
        }
    }

    @Test func `each line of the log has its row, with its severity and a remedy`() throws {
        let rows = try rows("docs/log.md").filter { $0.cells.count == 3 }
        #expect(rows.count == Set(rows.map(\.name)).count, "a line has two rows")
        for event in JournalEvent.allCases {
            let row = rows.first { $0.name == event.rawValue }
            #expect(row != nil, "docs/log.md has no row for “\(event.rawValue)”")
            #expect(row?.cells.first == event.severity.rawValue, "\(event.rawValue)")
            if event.severity == .error {
                #expect(
                    row?.cells.last != "–", "“\(event.rawValue)” asks a person to act, but how?")
            }
        }
        let known = Set(JournalEvent.allCases.map(\.rawValue))
        for row in rows { #expect(known.contains(row.name), "the log never says “\(row.name)”") }
    }

    @Test func `each field of the log has its row`() throws {
        let rows = try rows("docs/log.md").filter { $0.cells.count == 1 }.map(\.name)
        #expect(Set(rows) == Set(JournalField.allCases.map(\.rawValue)))
    }

    @Test func `each error code has its row, with what another attempt may change`() throws {
        let rows = try rows("docs/formats.md").filter { $0.cells.count == 3 }
        #expect(Set(rows.map(\.name)) == Set(ErrorCode.allCases.map(\.rawValue)))
        for code in ErrorCode.allCases {
            let expected =
                switch code.remedy {
                case .none: "no"
                case .onceMoreAlone: "once, alone"
                case .waiting: "waiting"
                case .whenStoreRecovers: "when the store recovers"
                }
            #expect(rows.first { $0.name == code.rawValue }?.cells.last == expected, "\(code)")
        }
    }

    @Test func `relative links lead somewhere`() throws {
        let link = try NSRegularExpression(pattern: #"\]\(([^)\s]+)\)"#)
        var pages = try SourceTree.files(below: "docs", ".md")
        for name in ["README.md", "CHANGELOG.md"]
        where FileManager.default.fileExists(atPath: SourceTree.root.appending(path: name).path) {
            let lines = try SourceTree.text(name).split(separator: "\n")
            pages.append(SourceTree.File(path: name, lines: lines))
        }
        for page in pages {
            let folder = SourceTree.root.appending(path: page.path).deletingLastPathComponent()
            for line in page.lines.map(String.init) {
                for match in link.matches(in: line, range: NSRange(line.startIndex..., in: line)) {
                    guard let range = Range(match.range(at: 1), in: line) else { continue }
                    let target = String(line[range])
                    if target.contains("://") || target.hasPrefix("mailto:") { continue }
                    try check(target, from: page, in: folder)
                }
            }
        }
    }

    private func check(_ target: String, from page: SourceTree.File, in folder: URL) throws {
        let parts = target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let file =
            parts[0].isEmpty
            ? SourceTree.root.appending(path: page.path) : folder.appending(path: String(parts[0]))
        #expect(
            FileManager.default.fileExists(atPath: file.path), "\(page) links to \(target)")
        guard parts.count == 2, file.pathExtension == "md" else { return }
        let headings = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
            .filter { $0.hasPrefix("#") }
            .map { heading in
                heading.drop { $0 == "#" || $0 == " " }.lowercased().filter {
                    $0.isLetter || $0.isNumber || $0 == " " || $0 == "-" || $0 == "_"
                }.replacingOccurrences(of: " ", with: "-")
            }
        #expect(headings.contains(String(parts[1])), "\(page) links to \(target)")
    }
}
