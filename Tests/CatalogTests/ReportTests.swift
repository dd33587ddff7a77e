import Catalog
import GRDB
import Rules
import Testing

@Suite struct ReportTests {
    let fixture: CatalogFixture
    var catalog: Catalog { fixture.catalog }

    init() throws { fixture = try CatalogFixture() }

    @Test func `documents are counted by state and listed newest first`() async throws {
        var ids: [DocumentID] = []
        for name in ["a.pdf", "b.pdf", "c.pdf"] {
            ids.append(try await fixture.claim(fixture.drop(name, content: name)).document.id)
        }
        try await fixture.complete(ids[0])
        try await fixture.set(.info, of: ids[1], to: .processing(attempt: 1))
        let counts: [DocumentState: Int] = [.completed: 1, .running: 1, .queued: 1]
        #expect(try await catalog.counts() == counts)
        #expect(try await catalog.counts(inbox: inbox) == counts)
        #expect(try await catalog.counts(inbox: [1]) == [:])
        #expect(
            try await catalog.documents(inbox: inbox, limit: 2).map(\.id) == [ids[2], ids[1]])
        #expect(try await waiting() == [ids[2]])
        try await fixture.set(.info, of: ids[1], to: .pending)
        #expect(try await waiting() == [ids[1], ids[2]])
        #expect(try await waiting(after: ids[1]) == [ids[2]])
        #expect(try await waiting(uid: bob.uid) == [])
        let path = try fixture.drop("a.pdf").path
        let found = try await catalog.currentDocument(uid: alice.uid, inbox: inbox, path: path)
        #expect(found?.id == ids[0])
        #expect(
            try await catalog.currentDocument(uid: bob.uid, inbox: inbox, path: path) == nil)
    }

    private func waiting(
        uid: UInt32 = alice.uid, after id: DocumentID? = nil
    ) async throws -> [DocumentID] {
        var last: DocumentRecord?
        if let id { last = try await catalog.document(id) }
        var waiting: [DocumentID] = []
        // A page for each, so that every step from one to the next is taken.
        while true {
            let page = try await catalog.waitingDocuments(
                uid: uid, inbox: inbox, after: last, limit: 1)
            guard let next = page.last else { return waiting }
            waiting.append(next.id)
            last = next
        }
    }

    @Test func `a name that is not UTF-8 is kept byte for byte`() async throws {
        var drop = try fixture.drop()
        drop.path = try #require(BeneathPath(bytes: [0xff, 0x2f, 0xc3, 0x28]))
        try await fixture.claim(drop)
        #expect(try await catalog.document(drop.id)?.path == drop.path)
        #expect(
            try await catalog.pendingRemovals(uid: alice.uid, inbox: inbox).first?.path == drop.path
        )
    }

    @Test func `blobs come page by page, each once`() async throws {
        for number in 0..<25 {
            try await fixture.claim(fixture.drop("\(number).pdf", content: "\(number)"))
        }
        var digests: [ContentDigest] = []
        while true {
            let page = try await catalog.blobs(after: digests.last, limit: 10)
            if page.isEmpty { break }
            digests += page.map(\.digest)
        }
        #expect(digests.count == 25)
        #expect(Set(digests) == Set((0..<25).map { fixture.digest("\($0)") }))
    }

    @Test func `usage of all accounts is told by uid`() async throws {
        try await fixture.claim(fixture.drop(account: bob))
        try await fixture.claim(fixture.drop())
        #expect(try await catalog.standings().map(\.usage.uid) == [alice.uid, bob.uid])
    }

    @Test(arguments: [
        "UPDATE account SET usedBytes = usedBytes + 1",
        "UPDATE account SET usedFiles = 0",
        "UPDATE document SET state = 'completed'",
        "UPDATE document SET dueAt = NULL",
        "UPDATE stage SET state = 'completed' WHERE name = 'publish'",
        "UPDATE blob SET size = 11",
        "INSERT INTO blob (digest, size) VALUES (zeroblob(32), 1)",
        "PRAGMA foreign_keys = 0; DELETE FROM document",
    ])
    func `what was changed behind our back is found`(statement: String) async throws {
        try await fixture.claim(fixture.drop())
        #expect(try await catalog.findings() == [])
        var configuration = Configuration()
        configuration.foreignKeysEnabled = !statement.contains("foreign_keys")
        try await DatabaseQueue(path: fixture.path, configuration: configuration)
            .writeWithoutTransaction { try $0.execute(sql: statement) }
        #expect(try await !catalog.findings().isEmpty)
    }
}
