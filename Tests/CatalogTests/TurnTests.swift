import Catalog
import Rules
import Testing

@Suite struct TurnTests {
    let fixture: CatalogFixture
    var catalog: Catalog { fixture.catalog }

    init() throws { fixture = try CatalogFixture() }

    @Test func `many files of one account do not starve the one of another`() async throws {
        for number in 0..<20 {
            try await fixture.claim(fixture.drop("\(number).pdf", content: "a\(number)"))
        }
        try await fixture.claim(fixture.drop("b.pdf", account: bob))
        var served: [UInt32] = []
        var inHand: Set<DocumentID> = []
        for _ in 0..<5 {
            let next = try await catalog.nextDocument(
                after: served.last, excluding: inHand, now: fixture.now)
            let document = try #require(next?.document)
            served.append(document.uid)
            inHand.insert(document.id)
        }
        #expect(served == [1001, 1002, 1001, 1001, 1001])
    }

    @Test func `accounts come in turn and begin again from the lowest`() async throws {
        let carol = Account(uid: 7, name: nil)
        let last = Account(uid: .max, name: nil)
        for account in [alice, bob, carol, last] {
            try await fixture.claim(fixture.drop(account: account))
        }
        var order: [UInt32] = []
        for _ in 0..<5 {
            let next = try await catalog.nextDocument(
                after: order.last, excluding: [], now: fixture.now)
            order.append(try #require(next?.document.uid))
        }
        #expect(order == [7, 1001, 1002, .max, 7])
    }

    @Test func `within an account the oldest comes first, and none twice`() async throws {
        var ids: [DocumentID] = []
        for number in 0..<5 {
            ids.append(
                try await fixture.claim(fixture.drop("\(number).pdf", content: "\(number)"))
                    .document.id)
        }
        var taken: [DocumentID] = []
        while let next = try await catalog.nextDocument(
            after: alice.uid, excluding: Set(taken), now: fixture.now)
        {
            taken.append(next.document.id)
        }
        #expect(taken == ids)
    }

    @Test func `a stage that waits for its next attempt is not due before its time`() async throws {
        let id = try await fixture.claim(fixture.drop()).document.id
        try await fixture.set(.info, of: id, to: .processing(attempt: 1))
        #expect(try await next() == nil)
        #expect(try await catalog.nextDueDate(excluding: []) == nil)
        let until = fixture.now + .seconds(30)
        try await fixture.set(.info, of: id, to: .retrying(attempt: 1, until: until, after: slow))
        #expect(try await next() == nil)
        #expect(try await catalog.nextDueDate(excluding: []) == until)
        #expect(try await catalog.nextDueDate(excluding: [id]) == nil)
        fixture.wait(until - fixture.now)
        #expect(try await next()?.dueStages == [.info])
    }

    @Test func `a document that is over is never picked`() async throws {
        let id = try await fixture.claim(fixture.drop()).document.id
        try await fixture.complete(id)
        #expect(try await next() == nil)
    }

    @Test func `a clock that went back keeps nothing waiting that is only queued`() async throws {
        try await fixture.claim(fixture.drop())
        let past = Timestamp(milliseconds: 1000)
        #expect(try await catalog.nextDocument(after: nil, excluding: [], now: past) != nil)
    }

    private func next() async throws -> Assignment? {
        try await catalog.nextDocument(after: nil, excluding: [], now: fixture.now)
    }
}
