import GRDB
import Glibc
import Rules
import Testing

@testable import Catalog

/// Sums that the database keeps: what was made of files, and what they are charged by inbox and kind.
@Suite struct DerivedTests {
    let fixture: CatalogFixture
    var catalog: Catalog { fixture.catalog }

    init() throws { fixture = try CatalogFixture() }

    private func output(_ sizes: Int...) -> StageOutput {
        StageOutput(
            artifacts: sizes.enumerated().map { index, size in
                ArtifactRecord(
                    name: "\(index)", digest: fixture.digest("\(index) \(size)"),
                    size: ByteCount(size), mediaType: "text/plain")
            })
    }

    /// Changes the catalogue behind its back.
    private func tamper(_ sql: String) throws {
        try DatabaseQueue(path: fixture.path).writeWithoutTransaction { try $0.execute(sql: sql) }
    }

    private func results(of account: Account = alice) async throws -> Int64 {
        try await catalog.derived(of: account.uid)[.results].bytes
    }

    @Test func `results count from the commit that keeps them, each once`() async throws {
        let id = try await fixture.claim(fixture.drop()).document.id
        #expect(try await results() == 0)
        try await fixture.set(.info, of: id, to: .completed, output: output(3, 4))
        #expect(try await results() == 7)
        // The same content under another name takes the same results over.
        try await fixture.claim(fixture.drop("b.pdf"))
        #expect(try await results() == 7)
        // Another account has results of its own.
        let other = try await fixture.claim(fixture.drop(account: bob)).document.id
        try await fixture.set(.info, of: other, to: .completed, output: output(3))
        #expect(try await results(of: bob) == 3)
        #expect(try await results() == 7)
        #expect(try await catalog.findings() == [])
    }

    @Test func `a result that takes another's place counts in its place`() async throws {
        let document = try await fixture.claim(fixture.drop()).document
        try await fixture.set(.info, of: document.id, to: .completed, output: output(3, 4))
        let plan = try #require(document.stage(.info)?.plan)
        #expect(try catalog.replacedBlocking(by: plan, of: document) == ByteCount(7))
        try await fixture.set(.info, of: document.id, to: .completed, output: output(10))
        #expect(try await results() == 10)
        let text = try #require(document.stage(.text)?.plan)
        #expect(try catalog.replacedBlocking(by: text, of: document) == .zero)
        #expect(try await catalog.findings() == [])
    }

    @Test func `results that go take their bytes along`() async throws {
        let document = try await fixture.claim(fixture.drop()).document
        try await fixture.set(.info, of: document.id, to: .completed, output: output(3, 4))
        try await fixture.set(.text, of: document.id, to: .completed, output: output(20))
        try tamper("UPDATE stage SET resultId = NULL WHERE name = 'info'")
        _ = try await catalog.removeGarbage()
        #expect(try await results() == 20)
        try tamper(
            "UPDATE stage SET resultId = NULL; DELETE FROM artifact; DELETE FROM stageResult")
        #expect(try await results() == 0)
    }

    @Test func `what is kept elsewhere is what was said last`() async throws {
        try catalog.setDerivedBlocking(.imports, of: alice.uid, to: ByteCount(50))
        try catalog.setDerivedBlocking(.imports, of: alice.uid, to: ByteCount(30))
        try catalog.writeBlocking("test") { db in
            try db.run(
                """
                INSERT INTO account (uid, trashBytes) VALUES (?1, 5)
                ON CONFLICT (uid) DO UPDATE SET trashBytes = 5
                """, [Int(alice.uid)])
        }
        let derived = try await catalog.derived(of: alice.uid)
        #expect(derived[.imports] == ByteCount(30) && derived[.trash] == ByteCount(5))
        #expect(derived.total == ByteCount(35))
        #expect(derived.total(without: .imports) == ByteCount(5))
        #expect(try await catalog.unmeasured(.imports, among: [alice.uid, bob.uid]) == [bob.uid])
        #expect(try await catalog.accounts(having: .imports) == [alice.uid])
    }

    @Test(arguments: [
        ("UPDATE derived SET bytes = bytes + 1 WHERE class = 'results'", "derivedDiffers"),
        ("DELETE FROM derived", "derivedDiffers"),
        ("UPDATE charge SET bytes = bytes + 1", "shareDiffers"),
        ("UPDATE charge SET files = files - 1", "shareDiffers"),
        ("DELETE FROM charge", "shareDiffers"),
        ("INSERT INTO charge VALUES (7, x'00', 'pdf', 1, 1)", "shareDiffers"),
    ])
    func `a wrong sum is found and put right`(damage: String, kind: String) async throws {
        let id = try await fixture.claim(fixture.drop()).document.id
        try await fixture.set(.info, of: id, to: .completed, output: output(3, 4))
        try await fixture.complete(id)
        #expect(try await catalog.findings() == [])
        try tamper(damage)
        let findings = try await catalog.findings()
        #expect(findings.contains { "\($0)".hasPrefix(kind) }, "\(findings)")
        try await catalog.repair(now: fixture.now)
        #expect(try await catalog.findings() == [])
        #expect(try await results() == 7)
    }

    @Test func `an account's standing tells its kinds, what is in flight, and what found no room`()
        async throws
    {
        try await fixture.claim(fixture.drop("a.pdf", content: "a"))
        try await fixture.claim(fixture.drop("b.csv", content: "b", size: 5, kind: .csv))
        try await fixture.claim(fixture.drop("c.csv", content: "c", size: 6, kind: .csv))
        let flight = try fixture.drop("d.pdf", size: 4)
        _ = try await catalog.reserve(
            flight.id, account: alice, size: flight.size, limit: .unlimited, now: fixture.now)
        let held = QuotaUsage(bytes: ByteCount(77), files: 2)
        try await catalog.noteHeld(held, uid: alice.uid, inbox: inbox)
        let standing = try await catalog.standing(of: alice.uid)
        #expect(standing.usage.used == QuotaUsage(bytes: ByteCount(21), files: 3))
        #expect(standing.usage.reserved == .oneFile(ByteCount(4)))
        #expect(standing.held == held)
        #expect(standing.kinds[.pdf] == .oneFile(ByteCount(10)))
        #expect(standing.kinds[.csv] == QuotaUsage(bytes: ByteCount(11), files: 2))
        #expect(try await catalog.standings() == [standing])
        _ = try await catalog.cancelAllReservations()
        #expect(try await catalog.standing(of: alice.uid).held == .zero)
    }

    @Test func `an inbox may be full though its account is not`() async throws {
        func ask(_ size: Int64, in inbox: [UInt8]) async throws -> QuotaDecision? {
            try await catalog.reserve(
                [(fixture.newID(), ByteCount(size))], account: alice,
                inbox: (inbox, QuotaLimit(bytes: ByteCount(20), files: nil)),
                limit: QuotaLimit(bytes: ByteCount(30), files: nil), now: fixture.now
            ).first
        }
        try await fixture.claim(fixture.drop())
        // What is in flight counts, too, and only in its own inbox.
        #expect(try await ask(4, in: inbox) == .granted)
        #expect(
            try await ask(7, in: inbox)
                == .held(shortBytes: ByteCount(1), shortFiles: 0, of: .inbox))
        #expect(try await ask(21, in: inbox) == .tooLarge(limit: ByteCount(20), of: .inbox))
        #expect(try await ask(16, in: Array("/other".utf8)) == .granted)
        #expect(
            try await ask(1, in: Array("/other".utf8))
                == .held(shortBytes: ByteCount(1), shortFiles: 0))
    }

    @Test func `known bytes need no room, and only while they are the name's`() async throws {
        try await fixture.claim(fixture.drop(content: "one"))
        let path = try #require(BeneathPath(bytes: Array("report.pdf".utf8)))
        let contents = try await catalog.contents(
            uid: alice.uid, inbox: inbox,
            asLongAs: [(path, ByteCount(10)), (path, ByteCount(11))])
        #expect(contents == [fixture.digest("one"), nil])
        func commit(_ content: String) async throws -> CommittedDocument {
            let drop = try fixture.drop(content: content)
            try await catalog.reserveNothing(
                for: [drop.id], account: alice, inbox: inbox, now: fixture.now)
            return try await catalog.commitClaim(drop, stages: pdfPlan, now: fixture.now)
        }
        guard case .sameAgain = try await commit("one") else {
            Issue.record("the same bytes made a new document")
            return
        }
        await #expect(throws: CatalogError.self) { _ = try await commit("two") }
        #expect(try await catalog.usage(of: alice.uid).used == .oneFile(ByteCount(10)))
    }

    @Test func `a catalogue of version 4 has its sums added up`() async throws {
        let path = fixture.folder + "/fourth.sqlite3"
        defer { for suffix in ["", "-wal", "-shm", ".v4"] { unlink(path + suffix) } }
        let fourth = try DatabaseQueue(path: path)
        try Schema.migrator.migrate(fourth, upTo: "v4")
        try fourth.inDatabase { db in
            try db.execute(sql: "INSERT INTO account VALUES (7, 5, 1)")
            try db.execute(sql: "INSERT INTO blob VALUES (zeroblob(32), 5)")
            try db.run(
                """
                INSERT INTO document (id, uid, inbox, path, kind, size, digest, proof,
                    receivedAt, state)
                VALUES (?, 7, CAST('/in' AS BLOB), CAST('a' AS BLOB), 'pdf', 5, zeroblob(32),
                    'lease', 1, 'completed')
                """, [Bytes(fixture.newID().bytes)])
            try db.execute(
                sql: """
                    INSERT INTO stageResult (uid, digest, stage, stageVersion, parameters, scope)
                    VALUES (7, zeroblob(32), 'info', 1, '', x'')
                    """)
            try db.execute(
                sql: "INSERT INTO artifact VALUES (1, 0, 'info.json', zeroblob(32), 5, 'x')")
        }
        try fourth.close()
        let catalog = try Catalog.open(path)
        let standing = try await catalog.standing(of: 7)
        #expect(standing.kinds == [.pdf: .oneFile(ByteCount(5))])
        #expect(standing.derived[.results] == ByteCount(5))
        #expect(access(path + ".v4", F_OK) == 0)
        try catalog.close()
    }
}
