import GRDB
import Glibc
import Rules
import Testing

@testable import Catalog

@Suite struct SchemaTests {
    let fixture: CatalogFixture

    init() throws { fixture = try CatalogFixture() }

    private func tamper(_ statement: String) throws {
        try DatabaseQueue(path: fixture.path).writeWithoutTransaction {
            try $0.execute(sql: statement)
        }
    }

    @Test func `what is committed is there when the catalogue is opened again`() async throws {
        let document = try await fixture.claim(fixture.drop()).document
        try fixture.catalog.close()
        let reopened = try Catalog.open(fixture.path)
        #expect(try await reopened.document(document.id) == document)
    }

    @Test func `a commit is synced in full`() async throws {
        let level = try await fixture.catalog.read("ask") { db in
            try Int.fetchOne(db, sql: "PRAGMA synchronous")
        }
        // Rule: sqlite.org/pragma.html#pragma_synchronous; 2 is FULL.
        #expect(level == 2)
    }

    @Test func `the log is written ahead and foreign keys are held`() throws {
        let file = try DatabaseQueue(path: fixture.path)
        #expect(try file.read { try String.fetchOne($0, sql: "PRAGMA journal_mode") } == "wal")
        #expect(throws: (any Error).self) {
            try file.write { db in
                try db.execute(
                    sql: """
                        INSERT INTO stage (documentId, name, position, isRequired, stageVersion,
                            parameters, state) VALUES (zeroblob(16), 'info', 0, 1, 1, '', 'pending')
                        """)
            }
        }
    }

    @Test func `a catalogue of a later version is refused`() throws {
        try tamper("INSERT INTO grdb_migrations VALUES ('v9999')")
        #expect(throws: CatalogError.newer(path: fixture.path)) {
            try Catalog.open(fixture.path)
        }
        #expect(throws: CatalogError.newer(path: fixture.path)) {
            try Catalog.openReadOnly(fixture.path)
        }
    }

    @Test(arguments: ["PRAGMA application_id = 1", "PRAGMA application_id = 0"])
    func `another program's database is refused and left alone`(statement: String) throws {
        try tamper(statement)
        #expect(throws: CatalogError.foreign(path: fixture.path)) {
            try Catalog.open(fixture.path)
        }
    }

    @Test func `a crash between the first transactions leaves what can be finished`() async throws {
        let path = fixture.folder + "/young.sqlite3"
        let young = try DatabaseQueue(path: path)
        try await young.writeWithoutTransaction { try Schema.mark($0) }
        // What a migrator makes first, in a transaction of its own.
        try await young.write {
            try $0.execute(
                sql: "CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY)")
        }
        try young.close()
        _ = try await Catalog.open(path).usage(of: 1)
    }

    @Test func `a file that is no database is refused`() throws {
        let path = fixture.folder + "/note"
        let file = try #require(fopen(path, "w"))
        fputs(String(repeating: "just some text, longer than a header ", count: 40), file)
        fclose(file)
        defer { unlink(path) }
        let error = #expect(throws: CatalogError.self) { try Catalog.open(path) }
        #expect(error?.failure.code == .storeIO)
    }

    @Test func `a catalogue that cannot be made waits for the operator`() {
        let error = #expect(throws: CatalogError.self) {
            try Catalog.open(fixture.folder + "/nowhere/catalogue.sqlite3")
        }
        #expect(error?.failure.code == .storeIO)
    }

    @Test func `a reader beside the daemon sees what is committed and changes nothing`()
        async throws
    {
        let reader = try Catalog.openReadOnly(fixture.path)
        #expect(try await reader.counts() == [:])
        let id = try await fixture.claim(fixture.drop()).document.id
        #expect(try await reader.counts() == [.queued: 1])
        #expect(try await reader.findings() == [])
        let error = await #expect(throws: CatalogError.self) {
            try await reader.removalDone(id)
        }
        #expect(error?.failure.code == .storeIO)
    }

    @Test(arguments: [
        ("dueAt = 0 AND uid = 1 AND inbox = x'61' ORDER BY place, id", "documentTurn"),
        (
            "dueAt > 0 AND uid = 1 AND inbox = x'61' AND dueAt <= 5 ORDER BY dueAt, id",
            "documentLater"
        ),
    ])
    func `picking work finds the first row at once`(query: String, index: String) throws {
        let plan = try DatabaseQueue(path: fixture.path).read { db in
            try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN SELECT id FROM document WHERE \(query)")
                .map { $0["detail"] as String }
        }
        // Nothing is sorted: that would be a second step.
        #expect(plan.count == 1)
        #expect(plan.first?.contains("COVERING INDEX \(index) (uid=? AND inbox=?") == true)
    }
}
