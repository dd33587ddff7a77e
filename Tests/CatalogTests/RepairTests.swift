import GRDB
import Glibc
import Rules
import Testing

@testable import Catalog

/// What contradicts itself in a catalogue is found, and put right from what is not derived.
@Suite struct RepairTests {
    let fixture: CatalogFixture

    init() throws { fixture = try CatalogFixture() }

    /// Writes what the schema would not let through.
    private func tamper(_ statements: String) throws {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        try DatabaseQueue(path: fixture.path, configuration: configuration)
            .writeWithoutTransaction { try $0.execute(sql: statements) }
    }

    private func document() async throws -> DocumentRecord {
        try await fixture.complete(fixture.claim(fixture.drop()).document.id)
    }

    @Test func `every reference of the schema is looked after`() throws {
        let kept = try DatabaseQueue(path: fixture.path).read { db in
            let tables = try String.fetchAll(
                db, sql: "SELECT name FROM sqlite_schema WHERE type = 'table'")
            return try tables.flatMap { table in
                try Row.fetchAll(db, sql: "PRAGMA foreign_key_list(\(table))").map { row in
                    "\(table).\(row["from"] as String) \(row["table"] as String)"
                        + ".\(row["to"] as String)"
                }
            }
        }
        let known = Reference.all.map { "\($0.table).\($0.column) \($0.parent).\($0.key)" }
        #expect(kept.sorted() == known.sorted())
    }

    @Test(arguments: [
        ("UPDATE account SET usedBytes = 999", "chargeDiffers"),
        ("DELETE FROM account", "dangling"),
        ("DELETE FROM blob", "dangling"),
        ("DELETE FROM stageResult WHERE stage = 'text'", "dangling"),
        (
            "INSERT INTO stage SELECT zeroblob(16), name, position, isRequired, stageVersion, "
                + "parameters, 'pending', 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, "
                + "0 FROM stage LIMIT 1", "dangling"
        ),
        ("UPDATE document SET state = 'running'", "stateDiffers"),
        ("UPDATE document SET state = 'nonsense'", "stateDiffers"),
        ("UPDATE document SET dueAt = 5, completedAt = NULL", "stateDiffers"),
        ("UPDATE documentCount SET count = count + 1", "countDiffers"),
        ("DELETE FROM documentCount", "countDiffers"),
    ])
    func `what contradicts itself is found and put right`(damage: String, kind: String)
        async throws
    {
        let whole = try await document()
        try tamper(damage)
        let findings = try await fixture.catalog.findings()
        #expect(findings.contains { "\($0)".hasPrefix(kind) }, "\(findings)")
        fixture.wait()
        try await fixture.catalog.repair(now: fixture.now)
        #expect(try await fixture.catalog.findings() == [])
        let usage = try await fixture.catalog.usage(of: alice.uid)
        #expect(usage.used == QuotaUsage.oneFile(whole.size))
        let mended = try #require(try await fixture.catalog.document(whole.id))
        #expect(mended.digest == whole.digest && mended.receivedAt == whole.receivedAt)
    }

    @Test func `a stage whose result is gone runs again, and what shows it too`() async throws {
        let whole = try await document()
        try tamper("DELETE FROM stageResult WHERE stage = 'text'")
        try await fixture.catalog.repair(now: fixture.now)
        let mended = try #require(try await fixture.catalog.document(whole.id))
        let open = mended.stages.filter { !$0.state.isOver }.map(\.plan.name)
        #expect(open == [.text, .publish])
        #expect(try await fixture.complete(whole.id).standing.state == .completed)
    }

    @Test func `a damaged index is built anew`() async throws {
        let whole = try await document()
        try emptyPage(of: "documentContent")
        let damaged = try Catalog.open(fixture.path)
        let findings = try await damaged.findings()
        #expect(!findings.isEmpty)
        #expect(findings.allSatisfy { "\($0)".hasPrefix("damaged") }, "\(findings)")
        try await damaged.rebuildIndexes()
        #expect(try await damaged.findings() == [])
        #expect(try await damaged.document(whole.id) == whole)
    }

    /// Makes the only page of an index say that it holds nothing. Rule: sqlite.org/fileformat2.html,
    /// "B-tree Pages".
    private func emptyPage(of index: String) throws {
        let page = try fixture.catalog.readBlocking("find page") { db in
            try Int.fetchOne(
                db, sql: "SELECT rootpage FROM sqlite_schema WHERE name = ?", arguments: [index])
        }
        try fixture.catalog.close()
        let file = open(fixture.path, O_RDWR)
        defer { close(file) }
        let none: [UInt8] = [0, 0]
        #expect(pwrite(file, none, 2, off_t(4096 * (try #require(page) - 1) + 3)) == 2)
    }

    @Test func `a wrong size is set to what the content has, and charges follow`() async throws {
        let whole = try await document()
        try tamper("UPDATE blob SET size = 99")
        #expect(try await fixture.catalog.findings() == [.sizeDiffers(whole.digest)])
        try await fixture.catalog.setSizes(
            of: [BlobRecord(digest: whole.digest, size: ByteCount(12))])
        #expect(try await fixture.catalog.findings() == [])
        #expect(try await fixture.catalog.usage(of: alice.uid).used.bytes == ByteCount(12))
    }

    @Test func `results that no stage refers to are garbage, and so are their blobs`()
        async throws
    {
        let id = try await fixture.claim(fixture.drop()).document.id
        try await fixture.set(
            .info, of: id, to: .completed,
            output: StageOutput(artifacts: [
                ArtifactRecord(
                    name: "info.json", digest: fixture.digest("info"), size: ByteCount(3),
                    mediaType: "application/json")
            ]))
        let digests = [fixture.digest("one"), fixture.digest("info"), fixture.digest("other")]
        #expect(try fixture.catalog.recorded(among: digests) == Set(digests.prefix(2)))
        #expect(try fixture.catalog.used(among: digests) == Set(digests.prefix(2)))
        #expect(try await fixture.catalog.garbage() == CatalogGarbage(results: 0, blobs: 0))
        try tamper("UPDATE stage SET resultId = NULL")
        let garbage = CatalogGarbage(results: 1, blobs: 1)
        #expect(try await fixture.catalog.garbage() == garbage)
        #expect(try fixture.catalog.used(among: digests) == Set(digests.prefix(1)))
        #expect(try fixture.catalog.recorded(among: digests) == Set(digests.prefix(2)))
        #expect(try await fixture.catalog.removeGarbage() == garbage)
        #expect(try fixture.catalog.recorded(among: digests) == Set(digests.prefix(1)))
        #expect(try await fixture.catalog.findings() == [])
    }

    @Test func `what is lost of content alone is made anew, for all who share it`() async throws {
        let first = try await fixture.claim(fixture.drop("a.pdf")).document
        let lost = fixture.digest("lost")
        try await fixture.set(
            .info, of: first.id, to: .completed,
            output: StageOutput(artifacts: [
                ArtifactRecord(
                    name: "info.json", digest: lost, size: ByteCount(3),
                    mediaType: "application/json")
            ]))
        try await fixture.complete(first.id)
        let second = try await fixture.claim(fixture.drop("b.pdf")).document
        try await fixture.complete(second.id)
        #expect(try await fixture.catalog.makeAnew(lost, now: fixture.now))
        for id in [first.id, second.id] {
            let document = try #require(try await fixture.catalog.document(id))
            let open = document.stages.filter { !$0.state.isOver }.map(\.plan.name)
            #expect(open == [.info, .publish])
        }
        #expect(try await fixture.catalog.findings() == [])
    }

    @Test func `what was dropped cannot be made anew, nor an import`() async throws {
        let document = try await fixture.claim(fixture.drop("a.csv", kind: .csv)).document
        #expect(try await !fixture.catalog.makeAnew(document.digest, now: fixture.now))
        let tokens = fixture.digest("tokens")
        let imports = StagePlan.stages(for: .csv, settings: InboxSettings())
        let table = try await fixture.claim(
            fixture.drop("b.csv", content: "two", kind: .csv), stages: imports
        ).document
        try await fixture.set(
            .tableImport, of: table.id, to: .completed,
            output: StageOutput(artifacts: [
                ArtifactRecord(
                    name: "tokens.csv", digest: tokens, size: ByteCount(3), mediaType: "text/csv")
            ]))
        #expect(try await !fixture.catalog.makeAnew(tokens, now: fixture.now))
        #expect(try fixture.catalog.recorded(among: [tokens]) == [tokens])
    }

    @Test func `what a stage made before leaves no row when it is replaced`() async throws {
        let id = try await fixture.claim(fixture.drop()).document.id
        for content in ["first", "second"] {
            try await fixture.set(
                .info, of: id, to: .completed,
                output: StageOutput(artifacts: [
                    ArtifactRecord(
                        name: "info.json", digest: fixture.digest(content), size: ByteCount(3),
                        mediaType: "application/json")
                ]))
        }
        #expect(try await fixture.catalog.findings() == [])
        #expect(
            try fixture.catalog.recorded(
                among: [fixture.digest("first"), fixture.digest("second")])
                == [fixture.digest("second")])
    }
}
