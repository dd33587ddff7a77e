import CSV
import Foundation
import Testing

/// The shared corpus: real files, and what independent tools say of them.
enum Corpus {
    /// `INGESTD_CORPUS`, or `shared/corpus` beside the package.
    static let root: URL =
        ProcessInfo.processInfo.environment["INGESTD_CORPUS"].map { URL(filePath: $0) }
        ?? URL(filePath: #filePath).appending(path: "../../../../shared/corpus").standardizedFileURL

    static let isThere = FileManager.default.fileExists(
        atPath: root.appending(path: "csv/manifest.jsonl").path)
    static let isRequired = ProcessInfo.processInfo.environment["CI"] == "true"

    struct Entry: Decodable, Sendable, CustomTestStringConvertible {
        struct Truth: Decodable {
            var kind: String
            var encoding: String?
            var same_text_as: [String]?
            var delimiter: String?
            var columns: Int?
            var records: Int?
            var unterminated_quote: Bool?
            var parsers_agree: Bool
        }
        var name: String
        var truth: Truth
        var testDescription: String { name }
    }

    static func tables() -> [Entry] {
        guard let manifest = try? Data(contentsOf: root.appending(path: "csv/manifest.jsonl"))
        else { return [] }
        let entries = manifest.split(separator: UInt8(ascii: "\n")).compactMap {
            try? JSONDecoder().decode(Entry.self, from: $0)
        }
        return entries.filter { $0.truth.kind == "csv" && $0.truth.parsers_agree }
    }
}

@Suite(.enabled(if: Corpus.isThere || Corpus.isRequired))
struct CorpusTests {
    /// Encodings that are not read: their files are read in the fallback, and that is said.
    static let foreign: Set<String> = ["euc-jp", "shift-jis", "iso8859-15"]

    @Test func `the corpus has tables to compare with`() {
        #expect(Corpus.tables().count >= 60)
    }

    @Test(arguments: Corpus.tables())
    func `a real file is read as independent tools read it`(entry: Corpus.Entry) throws {
        let truth = entry.truth
        let data = try Data(contentsOf: Corpus.root.appending(path: "csv/\(entry.name)"))
        let verdict = try #require(sniff(Array(data)))
        let names = Set(
            ([truth.encoding ?? ""] + (truth.same_text_as ?? [])).map {
                $0.lowercased().replacing("_", with: "-")
            })
        if names.isSubset(of: Self.foreign) {
            #expect(verdict.certainty == .guessed)
        } else {
            #expect(names.contains(verdict.encoding.rawValue))
        }

        let text = try #require(
            transcode(Array(data.dropFirst(verdict.markLength)), verdict.encoding).text)
        let dialect = Array(text.utf8).withUnsafeBytes {
            CSVDialect.sniff($0, isWhole: true)
        }
        let isWide = (truth.columns ?? 0) > 1
        if isWide { #expect(dialect.delimiter == truth.delimiter?.utf8.first) }
        guard truth.unterminated_quote == false else {
            #expect(throws: CSVError.self) {
                try read(text.utf8, delimiter: Character(UnicodeScalar(dialect.delimiter)))
            }
            return
        }
        let records = try read(
            text.utf8, delimiter: Character(UnicodeScalar(dialect.delimiter)), piece: 7)
        #expect(records.count == truth.records)
        if isWide { #expect(records.first?.count == truth.columns) }
    }
}
