import Imports
import Rules
import Testing
import WorkerProtocol

@Suite struct ImportProgressTests {
    /// Imports so many people; gives what was told meanwhile.
    private func told(
        rows: Int, in scene: ImportScene? = nil
    ) throws -> [(done: Int, total: Int)] {
        let scene = try scene ?? ImportScene()
        let seed = UInt64.random(in: .min ... .max)
        var told: [(done: Int, total: Int)] = []
        let transaction = try scene.begin()
        let people = (0..<rows).map {
            person("P \($0)", "\(UInt64($0) &* (seed | 1))@example.com")
        }
        for start in stride(from: 0, to: rows, by: 500) {
            let part = Array(people[start..<min(rows, start + 500)])
            try transaction.append(batch(part, from: start + 2))
        }
        _ = try transaction.commit(
            totalRows: rows, errorCount: 0, now: Timestamp(milliseconds: 0),
            onProgress: { done, total in told.append((done, total)) })
        return told
    }

    @Test func `rows on their way into the database are counted to the end, and never back`()
        throws
    {
        let told = try told(rows: 40_000)
        #expect(told.map(\.done) == told.map(\.done).sorted())
        #expect(Set(told.map(\.total)).count == 1)
        let shares = told.map { Double($0.done) / Double($0.total) }
        #expect(shares.allSatisfy { (0...1).contains($0) })
        #expect(shares.contains { $0 > 0.1 && $0 < 0.4 })
        #expect(shares.contains { $0 > 0.8 })
    }

    @Test func `while the rows of a former run go it is told that none has come yet`() throws {
        let scene = try ImportScene()
        _ = try told(rows: 40_000, in: scene)
        let told = try told(rows: 3, in: scene)
        #expect(!told.isEmpty)
        #expect(told.allSatisfy { $0.done == 0 && $0.total == 3 })
    }

    @Test func `a handful of rows has come in before there is anything to tell`() throws {
        #expect(try told(rows: 3).isEmpty)
    }
}
