import Foundation
import Rules
import Testing
import WorkerProtocol

@testable import Stages

/// The project's own samples.
@Suite struct TableFixtureTests {
    func fixture(_ name: String) throws -> Data {
        try Data(
            contentsOf: URL(filePath: #filePath).appending(path: "../../Fixtures/csv/\(name)")
                .standardizedFileURL)
    }

    @Test func `participants in CP949 are read, the two bad ones rejected`() throws {
        let outcome = try importTable(try fixture("participants-cp949.csv"))
        #expect(outcome.heading?.encoding == "cp949")
        #expect(outcome.heading?.schema == "participants")
        #expect(outcome.summary == TableSummary(totalRows: 12, errorCount: 2))
        #expect(outcome.rejects.map(\.row) == [7, 9])
        #expect(outcome.rejects.map(\.field) == ["email", "name"])
        #expect(outcome.values.map { $0[0] }.contains("장똠방"))
        let addresses = outcome.values.compactMap { $0[1] }
        #expect(addresses.count == 10 && Set(addresses).count == 9)
        #expect(outcome.warnings.isEmpty)
    }

    @Test func `a table in Windows-1252 keeps its umlauts and decimal commas`() throws {
        let outcome = try importTable(try fixture("table-semicolon-cp1252.csv"))
        #expect(outcome.heading?.columns == ["Straße", "Größe", "Preis"])
        #expect(outcome.heading?.delimiter == ";")
        #expect(outcome.values.first == ["Überweg 1", "12,5", "3,20 €"])
    }

    @Test func `a table in UTF-16 with tabs and lines within fields is read`() throws {
        let outcome = try importTable(try fixture("table-utf16.csv"))
        #expect(outcome.heading?.encoding == "utf-16-le")
        #expect(outcome.heading?.delimiter == "tab")
        #expect(outcome.values.first == ["강남점", "서울시\r\n강남구", "02-1"])
    }
}
