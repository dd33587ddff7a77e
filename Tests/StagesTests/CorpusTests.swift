import Foundation
import Glibc
import Rules
import Testing
import WorkerProtocol

@testable import Stages

/// PDFs of many makers, with what independent tools said about them.
enum Corpus {
    /// One line of `manifest.jsonl`, as far as it is needed here.
    struct Entry: Decodable, Sendable, CustomTestStringConvertible {
        struct Opinion: Decodable, Sendable {
            var title: String?
            var first80: String?
        }

        var name: String
        var tags: [String]
        /// The page count where the tools agree on one.
        var pages: Int?
        var pagesAgree: Bool
        var truth: [String: Opinion]

        var testDescription: String { name }

        /// The first characters of text, where two tools of different makers read the same.
        var agreedText: String? {
            guard let text = truth["mutool_text"]?.first80, text == truth["pdftotext"]?.first80
            else { return nil }
            return text.isEmpty ? nil : text
        }

        enum CodingKeys: String, CodingKey {
            case name, tags, pages, truth
            case pagesAgree = "pages_agree"
        }
    }

    static let folder: String = {
        let root =
            ProcessInfo.processInfo.environment["INGESTD_CORPUS"]
            ?? "\(packageFolder)/../shared/corpus"
        return "\(root)/pdf"
    }()

    /// Whether to look: where it is, and where it must be.
    static var isExpected: Bool {
        access("\(folder)/manifest.jsonl", R_OK) == 0
            || ProcessInfo.processInfo.environment["CI"] == "true"
    }

    static func entries() throws -> [Entry] {
        let manifest = try String(contentsOfFile: "\(folder)/manifest.jsonl", encoding: .utf8)
        return try manifest.split(separator: "\n").map {
            try JSONDecoder().decode(Entry.self, from: Data($0.utf8))
        }
    }
}

@Suite(.enabled(if: Corpus.isExpected)) struct CorpusTests {
    @Test func `every file ends in a result or in a code of its own, and as other tools say`()
        throws
    {
        let entries = try Corpus.entries()
        #expect(entries.count >= 70)
        for entry in entries { try check(entry) }
    }

    private func check(_ entry: Corpus.Entry) throws {
        // A bomb takes all the time it is given.
        let isBomb = entry.tags.contains("bomb")
        let limits = StageLimits(softDeadline: isBomb ? .milliseconds(200) : .seconds(60))
        let path = "\(Corpus.folder)/\(entry.name)"
        let info = try StageRun(path, .info, limits: limits)
        guard let summary = info.summary else {
            let codes: [ErrorCode] = [.pdfCorrupt, .pdfEncrypted, .pdfNoPages, .pdfTooManyPages]
            let code = try #require(info.failure?.code, "\(entry.name) came to no end")
            #expect(codes.contains(code), "\(entry.name)")
            #expect(!entry.pagesAgree, "\(entry.name): others can open it")
            return
        }
        if entry.pagesAgree { #expect(summary.pages == entry.pages, "\(entry.name)") }
        let title = entry.truth["pdfinfo"]?.title ?? ""
        if entry.pagesAgree { #expect(summary.metadata["title"] ?? "" == title, "\(entry.name)") }

        let thumbnail = try StageRun(path, .thumbnail, limits: limits)
        #expect(thumbnail.result != nil || thumbnail.failure?.code == .pdfCorrupt, "\(entry.name)")
        let text = try StageRun(path, .text, limits: limits)
        #expect(text.result != nil || text.failure?.code == .pdfCorrupt, "\(entry.name)")
        if let agreed = entry.agreedText, let found = text.text, !isBomb {
            #expect(condensed(found).hasPrefix(condensed(agreed)), "\(entry.name)")
        }
        if text.result != nil, !isBomb, entry.tags.contains("valid") {
            let formFeeds = text.artifact?.count { $0 == 0x0c }
            #expect(formFeeds == summary.pages, "\(entry.name)")
        }
    }

    /// Words with one space between them: tools differ in how they space and break lines.
    private func condensed(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}
