import Catalog
import Rules
import Testing

/// What is made of a content is made once for each account, and what failed for good is not tried again.
@Suite struct OutcomeTests {
    let fixture: CatalogFixture
    var catalog: Catalog { fixture.catalog }
    private let deadly = Failure(.workerCrashed, message: "It crashed.", detail: "run: signal 11")
    private let ours = Failure(.internalError, message: "Our fault.", detail: "run: unforeseen")

    init() throws { fixture = try CatalogFixture() }

    private func claim(_ name: String, _ account: Account = alice) async throws -> DocumentRecord {
        try await fixture.claim(fixture.drop(name, account: account)).document
    }

    private func fail(_ document: DocumentRecord, with failure: Failure) async throws {
        try await fixture.set(.info, of: document.id, to: .processing(attempt: 1))
        try await fixture.set(.info, of: document.id, to: .failed(failure))
        try await fixture.complete(document.id)
    }

    @Test func `what was made of a content serves every later document of the account`()
        async throws
    {
        let first = try await claim("1.pdf")
        try await fixture.complete(first.id)
        let second = try await claim("2.pdf")
        #expect(second.job.dueStages(at: fixture.now) == [.publish])
        #expect(second.stage(.text)?.attempt == 0)
        // Another account's results are nothing to it.
        let others = try await claim("3.pdf", bob)
        #expect(others.job.dueStages(at: fixture.now) == [.info])
    }

    @Test func `what was dropped together is read once`() async throws {
        let first = try await claim("1.pdf")
        let second = try await claim("2.pdf")
        #expect(second.job.dueStages(at: fixture.now) == [.info])
        try await fixture.complete(first.id)
        let next = try #require(
            try await catalog.nextDocument(excluding: [], in: served, now: fixture.now))
        #expect(next.document.id == second.id)
        #expect(next.hasKnownOutcomes)
        let adopted = try await catalog.adoptOutcomes(for: second.id, now: fixture.now)
        #expect(adopted.job.dueStages(at: fixture.now) == [.publish])
        #expect(try await catalog.findings() == [])
    }

    @Test(arguments: [true, false])
    func `what killed its workers is not tried again under another name`(together: Bool)
        async throws
    {
        let first = try await claim("1.pdf")
        let early = together ? try await claim("2.pdf") : nil
        try await fail(first, with: deadly)
        let copy: DocumentRecord
        if let early { copy = early } else { copy = try await claim("2.pdf") }
        var second = try await catalog.adoptOutcomes(for: copy.id, now: fixture.now)
        #expect(second.stage(.info)?.state == .failed(deadly))
        #expect(second.stage(.text)?.state == .skipped)
        #expect(second.job.dueStages(at: fixture.now) == [.publish])
        second = try await fixture.complete(second.id)
        #expect(second.standing.state == .failed)
        let others = try await claim("3.pdf", bob)
        #expect(others.job.dueStages(at: fixture.now) == [.info])
        #expect(try await catalog.findings() == [])
    }

    @Test func `what failed by our own fault is tried again`() async throws {
        try await fail(try await claim("1.pdf"), with: ours)
        let second = try await claim("2.pdf")
        let adopted = try await catalog.adoptOutcomes(for: second.id, now: fixture.now)
        #expect(adopted.job.dueStages(at: fixture.now) == [.info])
    }

    @Test func `a document that waits for another attempt takes what became known meanwhile`()
        async throws
    {
        let first = try await claim("1.pdf")
        let second = try await claim("2.pdf")
        try await fixture.set(.info, of: second.id, to: .processing(attempt: 1))
        try await fixture.set(
            .info, of: second.id, to: .retrying(attempt: 1, until: fixture.now, after: deadly))
        try await fail(first, with: deadly)
        let adopted = try await catalog.adoptOutcomes(for: second.id, now: fixture.now)
        #expect(adopted.stage(.info)?.state == .failed(deadly))
    }

    @Test func `the same bytes under the same name are tried again, others' outcome or not`()
        async throws
    {
        try await fail(try await claim("1.pdf"), with: deadly)
        let second = try await claim("2.pdf")
        _ = try await catalog.adoptOutcomes(for: second.id, now: fixture.now)
        try await fixture.complete(second.id)
        let again = try await claim("2.pdf")
        #expect(again.id == second.id)
        #expect(again.stage(.info)?.isAnew == true)
        let adopted = try await catalog.adoptOutcomes(for: second.id, now: fixture.now)
        #expect(adopted.job.dueStages(at: fixture.now) == [.info])
        let done = try await fixture.complete(second.id)
        #expect(done.standing.state == .completed)
        #expect(done.stages.allSatisfy { !$0.isAnew })
    }

    @Test func `another version or other settings of a stage are another result`() async throws {
        let first = try await claim("1.pdf")
        try await fixture.complete(first.id)
        var plan = pdfPlan
        plan[2].version += 1
        plan[3].parameters = "page=2"
        let second = try await fixture.claim(fixture.drop("2.pdf"), stages: plan).document
        #expect(second.stage(.info)?.state == .completed)
        #expect(second.job.dueStages(at: fixture.now) == [.text, .thumbnail])
    }

    @Test func `what waits for its next attempt still does after a restart`() async throws {
        let id = try await claim("1.pdf").id
        let until = fixture.now + .seconds(30)
        try await fixture.set(.info, of: id, to: .processing(attempt: 1))
        try await fixture.set(.info, of: id, to: .retrying(attempt: 1, until: until, after: ours))
        try catalog.close()
        let reopened = try Catalog.open(fixture.path)
        #expect(
            try await reopened.interruptRunning(now: fixture.now, retries: RetrySchedule()) == [])
        let document = try #require(try await reopened.document(id))
        #expect(
            document.stage(.info)?.state == .retrying(attempt: 1, until: until, after: ours))
        #expect(try await reopened.nextDueDate(excluding: [], in: served) == until)
        #expect(
            try await reopened.nextDocument(excluding: [], in: served, now: fixture.now) == nil)
        #expect(try await reopened.nextDocument(excluding: [], in: served, now: until) != nil)
        try reopened.close()
    }
}
