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
        var order: [UInt32] = []
        var inHand: Set<DocumentID> = []
        for _ in 0..<5 {
            let next = try await catalog.nextDocument(
                after: order.last, excluding: inHand, in: served, now: fixture.now)
            let document = try #require(next?.document)
            order.append(document.uid)
            inHand.insert(document.id)
        }
        #expect(order == [1001, 1002, 1001, 1001, 1001])
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
                after: order.last, excluding: [], in: served, now: fixture.now)
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
            after: alice.uid, excluding: Set(taken), in: served, now: fixture.now)
        {
            taken.append(next.document.id)
        }
        #expect(taken == ids)
    }

    @Test func `a stage that waits for its next attempt is not due before its time`() async throws {
        let id = try await fixture.claim(fixture.drop()).document.id
        try await fixture.set(.info, of: id, to: .processing(attempt: 1))
        #expect(try await next() == nil)
        #expect(try await catalog.nextDueDate(excluding: [], in: served) == nil)
        let until = fixture.now + .seconds(30)
        try await fixture.set(.info, of: id, to: .retrying(attempt: 1, until: until, after: slow))
        #expect(try await next() == nil)
        #expect(try await catalog.nextDueDate(excluding: [], in: served) == until)
        #expect(try await catalog.nextDueDate(excluding: [id], in: served) == nil)
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
        #expect(
            try await catalog.nextDocument(after: nil, excluding: [], in: served, now: past) != nil)
    }

    @Test func `documents of inboxes that are not served are passed over, however many`()
        async throws
    {
        for number in 0..<5 {
            try await fixture.claim(fixture.drop("\(number).pdf", content: "\(number)"))
        }
        let id = try await fixture.claim(fixture.drop("b.pdf", account: bob)).document.id
        for served in [ServedInboxes([(bob.uid, inbox)]), ServedInboxes([(alice.uid, [1])])] {
            let next = try await catalog.nextDocument(
                after: nil, excluding: [], in: served, now: fixture.now)
            let isServed = served == ServedInboxes([(bob.uid, inbox)])
            #expect(next?.document.id == (isServed ? id : nil))
            #expect(try await catalog.nextDueDate(excluding: [id], in: served) == nil)
        }
    }

    private func next() async throws -> Assignment? {
        try await catalog.nextDocument(after: nil, excluding: [], in: served, now: fixture.now)
    }
}
