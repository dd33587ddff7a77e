import Foundation
import Testing

@testable import Workbook

/// Every workbook of the shared corpus against what independent tools read in it.
@Suite(.enabled(if: WorkbookCorpus.isThere || WorkbookCorpus.isRequired))
struct CorpusTests {
    private struct Sheet: Decodable {
        var sheet: String
        var rows: Int
        var first_row: [String]
        var second_row: [String]?
    }

    private struct Entry: Decodable {
        struct Truth: Decodable {
            var kind: String
            /// Absent where the tool could not read the file.
            var calamine: [Sheet]?

            enum Key: CodingKey { case kind, calamine }

            init(from decoder: any Decoder) throws {
                let values = try decoder.container(keyedBy: Key.self)
                kind = try values.decode(String.self, forKey: .kind)
                let refusal = Result { try values.decode([String: String].self, forKey: .calamine) }
                switch refusal {
                case .success: calamine = nil
                case .failure:
                    calamine =
                        kind == "csv" ? nil : try values.decode([Sheet].self, forKey: .calamine)
                }
            }
        }
        var name: String
        var truth: Truth
    }

    @Test func `sheets, rows and the first two rows are those that another tool reads`() throws {
        var compared = 0
        let lines = try Data(contentsOf: WorkbookCorpus.manifest).split(
            separator: UInt8(ascii: "\n"))
        for line in lines {
            let entry = try JSONDecoder().decode(Entry.self, from: line)
            guard entry.truth.kind != "csv" else { continue }
            let bytes = [UInt8](
                try Data(contentsOf: WorkbookCorpus.root.appending(path: "csv/\(entry.name)")))
            compared += 1
            guard let sheets = entry.truth.calamine else {
                #expect(ending(of: bytes) == .encrypted, "\(entry.name)")
                continue
            }
            let workbook = try Workbook(WorkbookBytes(bytes))
            #expect(workbook.sheets.map(\.name) == sheets.map(\.sheet), "\(entry.name)")
            for (index, sheet) in sheets.enumerated() {
                let found = try fields(of: bytes, sheet: index)
                #expect(found.count == sheet.rows, "\(entry.name) \(sheet.sheet)")
                let rows = [sheet.first_row] + (sheet.second_row.map { [$0] } ?? [])
                for (mine, row) in zip(found, rows) {
                    let theirs = Array(row.reversed().drop { $0.isEmpty }.reversed())
                    let areSame =
                        mine.count == theirs.count && zip(mine, theirs).allSatisfy(Self.isSame)
                    #expect(areSame, "\(entry.name) \(sheet.sheet): \(mine) and \(theirs)")
                }
            }
        }
        #expect(compared == 16)
    }

    /// Tools differ in how they write whole numbers and truths, and the other one tells the time of a
    /// date that its format does not show.
    private static func isSame(_ mine: String, _ theirs: String) -> Bool {
        if let one = Double(mine), let other = Double(theirs) { return one == other }
        if mine.wholeMatch(of: /\d{4}-\d\d-\d\d(T.*)?/) != nil {
            return theirs.hasPrefix(mine.replacing("T", with: " "))
                || mine == theirs + "T00:00:00"
        }
        return mine.lowercased() == theirs.lowercased()
    }
}

/// Where the shared corpus is: `INGESTD_CORPUS`, or `shared/corpus` beside the package.
enum WorkbookCorpus {
    static let root: URL =
        ProcessInfo.processInfo.environment["INGESTD_CORPUS"].map { URL(filePath: $0) }
        ?? URL(filePath: #filePath).appending(path: "../../../../shared/corpus")
        .standardizedFileURL
    static let manifest = root.appending(path: "csv/manifest.jsonl")
    static let isThere = FileManager.default.fileExists(atPath: manifest.path)
    static let isRequired = ProcessInfo.processInfo.environment["CI"] == "true"
}
