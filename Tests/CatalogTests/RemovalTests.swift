import Catalog
import Rules
import Testing

@Suite struct RemovalTests {
    let fixture: CatalogFixture
    var catalog: Catalog { fixture.catalog }

    init() throws { fixture = try CatalogFixture() }

    @Test func `a removal that is done is forgotten`() async throws {
        let drop = try fixture.drop()
        try await fixture.claim(drop)
        #expect(try await isLeftover(drop, drop.identity))
        try await catalog.removalDone(drop.id)
        #expect(try await catalog.pendingRemovals(uid: alice.uid, inbox: inbox) == [])
        #expect(try await !isLeftover(drop, drop.identity))
    }

    @Test func `a committed drop that still stands is not claimed again, renamed or not`()
        async throws
    {
        let drop = try fixture.drop()
        try await fixture.claim(drop)
        var renamed = drop.identity
        renamed.changed += 1
        #expect(try await isLeftover(drop, renamed))
        var written = renamed
        written.modified += 1
        #expect(try await !isLeftover(drop, written))
        var replaced = drop.identity
        replaced.inode += 1
        #expect(try await !isLeftover(drop, replaced))
    }

    @Test func `a leftover is one until anything about it changes`() async throws {
        let drop = try fixture.drop()
        try await fixture.claim(drop)
        var present = drop.identity
        present.changed += 5
        try await catalog.removalFailed(drop.id, identity: present, now: fixture.now)
        #expect(try await catalog.pendingRemovals(uid: alice.uid, inbox: inbox) == [])
        let leftover = try #require(try await catalog.leftovers(uid: alice.uid, inbox: inbox).first)
        #expect(leftover.identity == present && leftover.failedAt == fixture.now)
        #expect(try await isLeftover(drop, present))
        present.changed += 1
        #expect(try await !isLeftover(drop, present))
        #expect(try await !isLeftover(fixture.drop("other.pdf"), leftover.identity))
    }

    @Test func `a failure is told only of a removal that was asked for`() async throws {
        let drop = try fixture.drop()
        await #expect(throws: CatalogError.noSuchDocument(drop.id)) {
            try await catalog.removalFailed(drop.id, identity: drop.identity, now: fixture.now)
        }
    }

    private func isLeftover(_ drop: NewDocument, _ identity: DropIdentity) async throws -> Bool {
        let known = try await catalog.documentsOfLeftovers(
            uid: drop.account.uid, inbox: drop.inbox, drops: [(drop.path, identity)])
        return known != [nil]
    }
}
