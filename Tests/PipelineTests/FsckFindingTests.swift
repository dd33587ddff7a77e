import Foundation
import Testing

@testable import Pipeline

@Suite struct FsckFindingTests {
    @Test func `each code of a finding has its row, with whether it is harm`() throws {
        let page = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "docs/operations.md")
        var rows: [String: String] = [:]
        for line in try String(contentsOf: page, encoding: .utf8).split(separator: "\n") {
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard cells.count == 4, line.hasPrefix("| `") else { continue }
            rows[cells[0].trimmingCharacters(in: ["`"])] = cells[1]
        }
        #expect(Set(rows.keys) == Set(FsckFinding.Code.allCases.map(\.rawValue)))
        for code in FsckFinding.Code.allCases {
            #expect(rows[code.rawValue] == (code.isHarm ? "wrong" : "note"), "\(code)")
        }
    }

    @Test func `a million findings take no more room than ten thousand`() {
        let box = FindingBox()
        for number in 0..<25_000 {
            box.add(FsckFinding(code: .blobMissing, subject: "\(number)", detail: "gone"))
            box.add(FsckFinding(code: .blobMissing, subject: "7", detail: "gone"))
        }
        box.add(FsckFinding(code: .stranger, subject: "x", detail: "there"))
        #expect(box.all.count == FindingBox.limit + 2)
        #expect(box.all.last?.detail == "15000 more of this kind are not told one by one")
        #expect(box.all.last?.code.isHarm == true)
    }
}
