import Foundation
import Testing

@Suite struct SourceTests {
    private static let lineLimit = 400

    /// What each room may import besides the standard library.
    static let allowedImports: [String: Set<String>] = {
        let system: Set<String> = ["Glibc", "SystemPackage"]
        let daemon: Set<String> = [
            "Rules", "WorkerProtocol", "Inbox", "Intake", "Store", "Catalog", "Imports", "Workers",
            "Publish",
        ]
        return [
            "Rules": [], "CSV": [], "WorkerProtocol": ["Rules"],
            "Workbook": ["CSV", "CWorkbook"],
            "Inbox": system.union(["Rules", "CLinux"]),
            "Intake": system.union(["Rules", "Inbox", "CLinux"]),
            "Store": system.union(["Rules", "CLinux", "Crypto"]),
            "Catalog": ["Rules", "GRDB", "GRDBSQLite", "Glibc"],
            "Imports": [
                "Rules", "WorkerProtocol", "GRDB", "GRDBSQLite", "Crypto", "Glibc", "CLinux",
            ],
            "Workers": system.union(["Rules", "WorkerProtocol", "CLinux"]),
            "Publish": system.union(["Rules", "Inbox", "CLinux"]),
            "Codes": ["Rules", "CCodes", "Glibc"],
            "Pipeline": system.union(daemon).union(["Codes", "Dispatch"]),
            "ingestd": system.union(daemon).union([
                "Dispatch",
                "Pipeline", "CLinux", "ArgumentParser", "Logging", "UnixSignals", "Yams",
                "FoundationEssentials",
            ]),
            "Stages": ["Rules", "CSV", "Workbook", "WorkerProtocol", "CMuPDF", "Glibc"],
            "Confinement": ["CLinux", "CSeccomp", "Glibc"],
            "ingest-worker": [
                "Rules", "WorkerProtocol", "Stages", "Confinement", "CLinux", "Glibc",
            ],
        ]
    }()
    /// Parts of the standard library, which every room may use.
    private static let standardLibrary: Set<String> = ["Synchronization", "_Concurrency"]

    /// What no source may contain, and why.
    private static let banned: [(pattern: String, reason: String)] = [
        (#"\btry\?"#, "an error is handled or reported"),
        (#"\btry!"#, "an error is handled or reported"),
        (#"\bfatalError\("#, "what can happen is an error, what cannot a precondition"),
        (#"\bTask\.sleep\b|\busleep\(|\bnanosleep\(|(?<![\w.])sleep\("#, "nothing sleeps to await"),
        (#"\bTask(\.detached)?\s*[({]"#, "tasks are children of a group, and so rest with it"),
        (#"\bTODO\b|\bFIXME\b|\bXXX\b"#, "what is to be done is done or an issue"),
        (#"\bprint\("#, "commands write through Output, the daemon through the journal"),
        (#"@unchecked Sendable"#, "the compiler checks what threads share, unless a line says why"),
        (#"^\s*import Foundation\s*$"#, "Foundation is large; FoundationEssentials does"),
    ]

    @Test func `no file is longer than the wall`() throws {
        let files =
            try SourceTree.files(below: "Sources", ".swift", ".c", ".h")
            + SourceTree.files(below: "Tests", ".swift")
        #expect(!files.isEmpty)
        for file in files {
            #expect(file.lines.count <= Self.lineLimit, "\(file) has \(file.lines.count) lines")
        }
    }

    @Test func `no line is wider than the page`() throws {
        for file in try SourceTree.files(below: "Sources", ".swift") {
            for (index, line) in file.lines.enumerated() where !Self.isComment(line) {
                // A message alone on its line may be wider: cut in two, nobody would find it.
                if line.drop(while: { $0 == " " }).hasPrefix("\"") { continue }
                #expect(line.count <= 100, "\(file):\(index + 1) has \(line.count) characters")
            }
        }
    }

    @Test func `nothing banned is written`() throws {
        for (pattern, reason) in Self.banned {
            let expression = try NSRegularExpression(pattern: pattern)
            for file in try SourceTree.files(below: "Sources", ".swift") {
                for (index, line) in file.lines.enumerated() where !Self.isComment(line) {
                    // A line that must differ says why behind `tidy:`, there or in the line above.
                    let above = index > 0 ? file.lines[index - 1] : ""
                    if line.contains("// tidy: ") || above.contains("// tidy: ") { continue }
                    let text = String(line)
                    let range = NSRange(text.startIndex..., in: text)
                    let match = expression.firstMatch(in: text, range: range)
                    #expect(match == nil, "\(file):\(index + 1): \(text) – \(reason)")
                }
            }
        }
    }

    @Test func `each room imports only what its row of the table allows`() throws {
        for file in try SourceTree.files(below: "Sources", ".swift") {
            let room = String(file.path.split(separator: "/")[1])
            let allowed = try #require(
                Self.allowedImports[room], "\(room) has no row in the table")
            for line in file.lines {
                guard let module = Self.importedModule(line) else { continue }
                #expect(
                    allowed.contains(module) || Self.standardLibrary.contains(module),
                    "\(file) imports \(module)")
            }
        }
    }

    @Test func `what other rooms can see says what it is`() throws {
        for file in try SourceTree.files(below: "Sources", ".swift") {
            for (index, line) in file.lines.enumerated() where Self.needsComment(line) {
                let isDocumented = Self.isDocumented(index, in: file.lines)
                #expect(isDocumented, "\(file):\(index + 1): \(line.drop { $0 == " " })")
            }
        }
    }

    private static func isComment(_ line: Substring) -> Bool {
        line.drop { $0 == " " }.hasPrefix("//")
    }

    private static func importedModule(_ line: Substring) -> String? {
        var words = line.split(separator: " ")[...]
        while let first = words.first,
            first.hasPrefix("@") || first == "public" || first == "internal"
                || first == "private" || first == "fileprivate"
        {
            words = words.dropFirst()
        }
        guard words.first == "import", words.count >= 2 else { return nil }
        let kinds: Set<Substring> = ["struct", "class", "enum", "func", "var", "let", "protocol"]
        let name =
            kinds.contains(words[words.startIndex + 1]) ? words.dropFirst(2) : words.dropFirst()
        return name.first.map { String($0.prefix { $0 != "." }) }
    }

    /// Public types and functions; properties and initialisers may speak for themselves by name and type.
    private static func needsComment(_ line: Substring) -> Bool {
        let words = line.split(separator: " ")
        guard words.first == "public" else { return false }
        let rest = words.dropFirst().drop {
            ["static", "final", "mutating", "indirect", "nonisolated", "consuming"].contains($0)
        }
        guard let kind = rest.first, let name = rest.dropFirst().first else { return false }
        switch kind {
        case "struct", "enum", "class", "actor", "protocol", "typealias":
            return true
        case "func":
            // Operators, what protocols of the standard library ask for, and what is over in its
            // own line need no words.
            let known = ["hash(into", "encode(", "put("]
            return name.first?.isLetter == true && !known.contains { name.hasPrefix($0) }
                && !line.hasSuffix("}")
        default:
            return false
        }
    }

    private static func isDocumented(_ index: Int, in lines: [Substring]) -> Bool {
        var index = index - 1
        while index >= 0 {
            let line = lines[index].drop { $0 == " " }
            if line.hasPrefix("///") { return true }
            guard line.hasPrefix("@") || line.hasPrefix("//") else { return false }
            index -= 1
        }
        return false
    }
}
