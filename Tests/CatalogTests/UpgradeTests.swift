import GRDB
import Glibc
import Rules
import Testing

@testable import Catalog

/// A catalogue of an earlier version is copied aside before it is brought up to date.
@Suite struct UpgradeTests {
    let fixture: CatalogFixture

    init() throws { fixture = try CatalogFixture() }

    private var copy: String { fixture.path + ".v7" }

    /// The steps of a later ingestd.
    private func later(_ step: String = "CREATE TABLE extra (id INTEGER) STRICT")
        -> DatabaseMigrator
    {
        var migrator = Schema.migrator
        migrator.registerMigration("v8") { try $0.execute(sql: step) }
        return migrator
    }

    @Test func `nothing is copied where nothing is changed`() throws {
        try fixture.catalog.close()
        try Catalog.open(fixture.path).close()
        #expect(access(copy, F_OK) != 0)
    }

    @Test func `the copy is the catalogue as it was, and an older ingestd takes it`() async throws {
        let document = try await fixture.claim(fixture.drop()).document
        try fixture.catalog.close()
        try Catalog.open(fixture.path, migrator: later()).close()
        #expect(throws: CatalogError.newer(path: fixture.path)) { try Catalog.open(fixture.path) }
        defer { unlink(copy) }
        #expect(access(copy + ".part", F_OK) != 0)
        let old = try Catalog.openReadOnly(copy)
        #expect(try await old.document(document.id) == document)
        #expect(try await old.findings() == [])
        try old.close()
    }

    @Test func `a step that fails leaves the catalogue as it was, and its copy`() async throws {
        let document = try await fixture.claim(fixture.drop()).document
        try fixture.catalog.close()
        defer { unlink(copy) }
        for _ in 0..<2 {
            #expect(throws: CatalogError.self) {
                try Catalog.open(fixture.path, migrator: later("this is no SQL"))
            }
            #expect(access(copy, F_OK) == 0)
        }
        let reopened = try Catalog.open(fixture.path)
        #expect(try await reopened.document(document.id) == document)
        try reopened.close()
    }

    @Test func `without its copy the catalogue is not touched`() throws {
        try fixture.catalog.close()
        // A folder at its name keeps the copy from being made.
        mkdir(copy, 0o700)
        mkdir(copy + "/x", 0o700)
        defer { for path in [copy + "/x", copy] { rmdir(path) } }
        let error = #expect(throws: CatalogError.self) {
            try Catalog.open(fixture.path, migrator: later())
        }
        #expect(error?.failure.code == .storeIO)
        #expect(access(copy + ".part", F_OK) != 0)
        try Catalog.open(fixture.path).close()
    }

    @Test func `a reader says that an earlier version has to be brought up to date first`() throws {
        try fixture.catalog.close()
        try DatabaseQueue(path: fixture.path).writeWithoutTransaction {
            try $0.execute(sql: "DELETE FROM grdb_migrations")
        }
        #expect(throws: CatalogError.older(path: fixture.path)) {
            try Catalog.openReadOnly(fixture.path)
        }
        try Catalog.openReadOnly(fixture.path, acceptingOlder: true).close()
    }

    @Test func `a catalogue of version 1 has its documents counted`() async throws {
        let path = fixture.folder + "/first.sqlite3"
        defer { for suffix in ["", "-wal", "-shm", ".v1"] { unlink(path + suffix) } }
        let first = try DatabaseQueue(path: path)
        try Schema.migrator.migrate(first, upTo: "v1")
        try first.inDatabase { db in
            try db.execute(sql: "INSERT INTO account VALUES (7, 0, 0)")
            try db.execute(sql: "INSERT INTO blob VALUES (zeroblob(32), 0)")
            for (number, state) in ["completed", "completed", "queued"].enumerated() {
                try db.run(
                    """
                    INSERT INTO document (id, uid, inbox, path, kind, size, digest, proof,
                        receivedAt, state)
                    VALUES (?, 7, CAST('/in' AS BLOB), CAST(? AS BLOB), 'pdf', 0, zeroblob(32),
                        'lease', 1, ?)
                    """, [Bytes(fixture.newID().bytes), "\(number)", state])
            }
        }
        try first.close()
        let catalog = try Catalog.open(path)
        #expect(try await catalog.counts(inbox: Array("/in".utf8)) == [.completed: 2, .queued: 1])
        #expect(try await catalog.counts() == [.completed: 2, .queued: 1])
        #expect(access(path + ".v1", F_OK) == 0)
        try catalog.close()
    }

    @Test func `what waits in a catalogue of version 2 keeps the order in which it came`()
        async throws
    {
        let path = fixture.folder + "/second.sqlite3"
        defer { for suffix in ["", "-wal", "-shm", ".v2"] { unlink(path + suffix) } }
        let second = try DatabaseQueue(path: path)
        try Schema.migrator.migrate(second, upTo: "v2")
        try second.inDatabase { db in
            try db.execute(sql: "INSERT INTO account VALUES (7, 0, 0)")
            try db.execute(sql: "INSERT INTO blob VALUES (zeroblob(32), 0)")
            // The larger came first, and one is over.
            for (number, due) in [(0, 0), (1, 0), (2, 5), (3, nil)] as [(Int, Int?)] {
                let id = Bytes(fixture.newID().bytes)
                try db.run(
                    """
                    INSERT INTO document (id, uid, inbox, path, kind, size, digest, proof,
                        receivedAt, state, dueAt)
                    VALUES (?, 7, ?, CAST(? AS BLOB), 'pdf', ?, zeroblob(32), 'lease', ?,
                        'queued', ?)
                    """,
                    [id, Bytes(inbox), "\(number)", 1_000_000 * (9 - number), number + 10, due])
                try db.run(
                    """
                    INSERT INTO stage (documentId, name, position, isRequired, stageVersion,
                        parameters, state) VALUES (?, 'publish', 0, 1, 1, '', 'pending')
                    """, [id])
            }
        }
        try second.close()
        let catalog = try Catalog.open(path)
        var order: [String] = []
        var taken: Set<DocumentID> = []
        while let next = try await catalog.nextDocument(
            excluding: taken, in: served, now: fixture.now)
        {
            order.append("\(next.document.path)")
            taken.insert(next.document.id)
        }
        #expect(order == ["0", "1", "2"])
        #expect(access(path + ".v2", F_OK) == 0)
        try catalog.close()
    }
}
