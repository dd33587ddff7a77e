import Catalog
import Rules
import Testing

@Suite struct TurnTests {
    let fixture: CatalogFixture
    var catalog: Catalog { fixture.catalog }

    init() throws { fixture = try CatalogFixture() }

    /// Serves documents one after the other, none at once, each for what it may cost.
    private func serve(
        _ count: Int, _ turns: inout AccountTurns, _ taken: inout Set<DocumentID>
    ) async throws -> [DocumentRecord] {
        var order: [DocumentRecord] = []
        for _ in 0..<count {
            let next = try await catalog.nextDocument(
                turns, excluding: taken, in: served, now: fixture.now)
            let document = try #require(next?.document)
            let cost = WorkEstimate.time(document.kind, size: document.size)
            turns.begin(in: 0, of: document.uid, mayTake: cost, at: .zero)
            turns.end(in: 0, at: cost)
            taken.insert(document.id)
            order.append(document)
        }
        return order
    }

    @Test func `many files of one account do not starve the one of another`() async throws {
        for number in 0..<20 {
            try await fixture.claim(fixture.drop("\(number).pdf", content: "a\(number)"))
        }
        var turns = AccountTurns()
        var taken: Set<DocumentID> = []
        _ = try await serve(3, &turns, &taken)
        try await fixture.claim(fixture.drop("b.pdf", account: bob))
        let order = try await serve(4, &turns, &taken)
        #expect(order.map(\.uid) == [1002, 1001, 1001, 1001])
    }

    @Test func `accounts come in turn and begin again from the lowest`() async throws {
        let carol = Account(uid: 7, name: nil)
        let last = Account(uid: .max, name: nil)
        for number in 0..<2 {
            for account in [alice, bob, carol, last] {
                try await fixture.claim(
                    fixture.drop("\(number).pdf", content: "\(number)", account: account))
            }
        }
        var turns = AccountTurns()
        var taken: Set<DocumentID> = []
        let order = try await serve(8, &turns, &taken)
        #expect(order.map(\.uid) == [7, 1001, 1002, .max, 7, 1001, 1002, .max])
    }

    @Test func `a large document counts as what it costs, not as one`() async throws {
        // A hundred megabytes take as long as some two hundred and fifty small ones.
        try await fixture.claim(fixture.drop("scan.pdf", content: "s", size: 100_000_000))
        try await fixture.claim(fixture.drop("a.pdf", content: "a", size: 100_000_000))
        for number in 0..<30 {
            try await fixture.claim(
                fixture.drop("\(number).pdf", content: "b\(number)", account: bob))
        }
        var turns = AccountTurns()
        var taken: Set<DocumentID> = []
        let order = try await serve(32, &turns, &taken)
        #expect(order.map(\.uid) == [1001] + Array(repeating: 1002, count: 30) + [1001])
    }

    @Test func `small documents of an account come before large ones`() async throws {
        let large = try await fixture.claim(
            fixture.drop("large.pdf", content: "l", size: 50_000_000)
        ).document.id
        fixture.wait(.seconds(60))
        let small = try await fixture.claim(fixture.drop("small.pdf")).document.id
        var taken: Set<DocumentID> = []
        var turns = AccountTurns()
        #expect(try await serve(2, &turns, &taken).map(\.id) == [small, large])
    }

    @Test func `no document waits for what comes more than ten minutes later`() async throws {
        let large = try await fixture.claim(
            fixture.drop("large.pdf", content: "l", size: .max >> 20)
        ).document.id
        fixture.wait(WorkEstimate.longestCourtesy)
        let small = try await fixture.claim(fixture.drop("small.pdf")).document.id
        var taken: Set<DocumentID> = []
        var turns = AccountTurns()
        #expect(try await serve(2, &turns, &taken).map(\.id) == [large, small])
    }

    @Test func `one content of an account is not read twice side by side`() async throws {
        let first = try await fixture.claim(fixture.drop("1.pdf")).document
        let copy = try await fixture.claim(fixture.drop("2.pdf")).document.id
        let others = try await fixture.claim(fixture.drop("3.pdf", account: bob)).document.id
        let inHand = AccountContent(uid: alice.uid, digest: first.digest)
        func next(_ contents: Set<AccountContent>) async throws -> DocumentID? {
            try await catalog.nextDocument(
                excluding: [first.id], sameAs: contents, in: served, now: fixture.now
            )?.document.id
        }
        #expect(try await next([inHand]) == others)
        #expect(try await next([]) == copy)
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
            excluding: Set(taken), in: served, now: fixture.now)
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
            try await catalog.nextDocument(excluding: [], in: served, now: past) != nil)
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
                excluding: [], in: served, now: fixture.now)
            let isServed = served == ServedInboxes([(bob.uid, inbox)])
            #expect(next?.document.id == (isServed ? id : nil))
            #expect(try await catalog.nextDueDate(excluding: [id], in: served) == nil)
        }
    }

    private func next() async throws -> Assignment? {
        try await catalog.nextDocument(excluding: [], in: served, now: fixture.now)
    }
}
