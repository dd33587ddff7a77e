import Foundation
import Rules
import Testing
import WorkerProtocol

@testable import Stages

/// Where the shared corpus is.
enum TableCorpus {
    /// `INGESTD_CORPUS`, or `shared/corpus` beside the package.
    static let root: URL =
        ProcessInfo.processInfo.environment["INGESTD_CORPUS"].map { URL(filePath: $0) }
        ?? URL(filePath: #filePath).appending(path: "../../../../shared/corpus")
        .standardizedFileURL
    static let manifest = root.appending(path: "csv/manifest.jsonl")
    static let isThere = FileManager.default.fileExists(atPath: manifest.path)
    static let isRequired = ProcessInfo.processInfo.environment["CI"] == "true"
}

/// Every table of the shared corpus through the whole stage.
@Suite(.enabled(if: TableCorpus.isThere || TableCorpus.isRequired))
struct TableCorpusTests {
    struct Entry: Decodable {
        struct Truth: Decodable {
            var kind: String
            var columns: Int?
            var max_columns: Int?
            var data_rows: Int?
            var unterminated_quote: Bool?
            var parsers_agree: Bool
        }
        var name: String
        var truth: Truth
    }

    @Test func `rows and columns are those that independent tools count`() throws {
        var compared = 0
        let lines = try Data(contentsOf: TableCorpus.manifest).split(separator: UInt8(ascii: "\n"))
        for line in lines {
            let entry = try JSONDecoder().decode(Entry.self, from: line)
            let truth = entry.truth
            guard truth.kind == "csv", truth.parsers_agree else { continue }
            let content = try Data(
                contentsOf: TableCorpus.root.appending(path: "csv/\(entry.name)"))
            compared += 1
            do {
                let outcome = try importTable(content)
                #expect(outcome.summary.totalRows == truth.data_rows, "\(entry.name)")
                #expect(
                    outcome.rows.count + outcome.summary.errorCount == truth.data_rows,
                    "\(entry.name)")
                // Those that go by a schema may have rows that it rejects.
                guard outcome.heading?.schema == nil else { continue }
                #expect(outcome.summary.errorCount == 0, "\(entry.name)")
                if (truth.columns ?? 0) > 1 {
                    #expect(outcome.heading?.columns.count == truth.max_columns, "\(entry.name)")
                }
            } catch let failure as Failure {
                let expected: ErrorCode? =
                    truth.unterminated_quote == true
                    ? .csvMalformed : truth.data_rows == 0 ? .csvNoRows : nil
                #expect(failure.code == expected, "\(entry.name)")
            }
        }
        #expect(compared >= 60)
    }
}
