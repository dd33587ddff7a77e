import Catalog
import Rules
import Testing

@Suite struct StageTests {
    let fixture: CatalogFixture
    let retries = RetrySchedule()
    var catalog: Catalog { fixture.catalog }

    init() throws { fixture = try CatalogFixture() }

    func claimed(_ name: String = "report.pdf") async throws -> DocumentID {
        try await fixture.claim(fixture.drop(name, content: name)).document.id
    }

    @Test func `a document's times follow from its stages`() async throws {
        let id = try await claimed()
        let running = try await fixture.set(.info, of: id, to: .processing(attempt: 1))
        let began = fixture.now
        #expect(running.startedAt == began && running.completedAt == nil)
        #expect(running.stage(.info)?.startedAt == began)
        try await fixture.set(.info, of: id, to: .completed)
        let done = try await fixture.complete(id)
        #expect(done.startedAt == began && done.completedAt == fixture.now)
        #expect(done.standing.state == .completed)
        #expect(done.stage(.info)?.seconds == 0.5)
        #expect(done == (try await catalog.document(id)))
    }

    @Test func `a document that is over still tells how many attempts it took`() async throws {
        let id = try await claimed()
        try await fixture.set(.info, of: id, to: .processing(attempt: 3))
        try await fixture.set(.info, of: id, to: .completed)
        #expect(try await fixture.complete(id).standing.attempt == 3)
    }

    @Test func `each state comes back as it was recorded`() async throws {
        let id = try await claimed()
        let until = fixture.now + .seconds(9)
        let states: [(StageState, attempt: Int)] = [
            (.processing(attempt: 1), 1), (.retrying(attempt: 1, until: until, after: slow), 1),
            (.processing(attempt: 2), 2), (.retrying(attempt: 1, until: until, after: nil), 1),
            (.processing(attempt: 2), 2), (.failed(corrupt), 2), (.pending, 0), (.skipped, 0),
            (.completed, 0),
        ]
        for (state, attempt) in states {
            let stage = try await fixture.set(.text, of: id, to: state).stage(.text)
            #expect(stage?.state == state)
            #expect(stage?.attempt == attempt)
        }
    }

    @Test func `a required failure skips what is needless, and is over once published`()
        async throws
    {
        let id = try await claimed()
        try await fixture.set(.info, of: id, to: .processing(attempt: 1))
        let failing = try await fixture.set(.info, of: id, to: .failed(corrupt))
        #expect(failing.stage(.text)?.state == .skipped)
        #expect(failing.stage(.thumbnail)?.state == .skipped)
        #expect(failing.job.dueStages(at: fixture.now) == [.publish])
        #expect(failing.standing.status == .processing)
        let failed = try await fixture.set(.publish, of: id, to: .completed)
        #expect(failed.standing.state == .failed)
        #expect(failed.standing.failure == StageFailure(stage: .info, failure: corrupt))
        #expect(failed.completedAt == fixture.now)
        #expect(try await catalog.findings() == [])
    }

    @Test func `what is recorded is what is read again`() async throws {
        let id = try await claimed("a.pdf")
        let later = Failure(.storeIO, message: "m", detail: "d")
        let final = Failure(.pdfCorrupt, message: "m", detail: "d")
        let output = StageOutput(
            result: #"{"pages":1}"#, warnings: ["one\nline", "", "another"], artifacts: [])
        let steps: [(StageName, StageState, StageOutput?)] = [
            (.info, .processing(attempt: 1), nil),
            (.info, .retrying(attempt: 1, until: fixture.now + .seconds(3), after: later), nil),
            (.info, .processing(attempt: 2), nil), (.info, .completed, output),
            (.text, .processing(attempt: 1), nil), (.text, .failed(final), nil),
            (.thumbnail, .processing(attempt: 1), nil),
        ]
        for (stage, state, output) in steps {
            let change = StageChange(
                document: id, stage: stage, state: state, at: fixture.now, seconds: 0.25,
                output: output)
            let told = try await catalog.record([change])
            #expect(try await catalog.document(id) == told.first, "\(stage) \(state)")
        }
        // Others are needless once a required one has failed.
        let other = try await claimed("b.pdf")
        let told = try await catalog.record([
            StageChange(
                document: other, stage: .info, state: .processing(attempt: 1), at: fixture.now),
            StageChange(
                document: other, stage: .info, state: .failed(final), at: fixture.now, seconds: 1,
                documentResult: "{}"),
        ])
        #expect(told.first?.stage(.text)?.state == .skipped)
        #expect(try await catalog.document(other) == told.first)
    }

    @Test func `many changes are one transaction, and one wrong one undoes them all`()
        async throws
    {
        let first = try await claimed("a.pdf")
        let second = try await claimed("b.pdf")
        let stranger = fixture.newID()
        func begin(_ id: DocumentID, _ stage: StageName = .info) -> StageChange {
            StageChange(
                document: id, stage: stage, state: .processing(attempt: 1), at: fixture.now)
        }
        await #expect(throws: CatalogError.noSuchDocument(stranger)) {
            try await catalog.record([begin(first), begin(stranger)])
        }
        await #expect(throws: CatalogError.noSuchStage(first, .tableImport)) {
            try await catalog.record([begin(second), begin(first, .tableImport)])
        }
        #expect(try await catalog.counts() == [.queued: 2])
        let both = try await catalog.record([begin(second), begin(first), begin(second, .text)])
        #expect(both.map(\.id) == [second, first])
        #expect(try await catalog.counts() == [.running: 2])
    }

    @Test func `a stage that runs anew replaces what it had made`() async throws {
        let id = try await claimed()
        func artifact(_ name: String, _ content: String) -> ArtifactRecord {
            ArtifactRecord(
                name: name, digest: fixture.digest(content), size: ByteCount(3),
                mediaType: "text/plain")
        }
        let old = [artifact("a", "old"), artifact("b", "old b")]
        let new = [artifact("b", "new"), artifact("a", "old")]
        for artifacts in [old, new] {
            try await fixture.set(
                .text, of: id, to: .completed, output: StageOutput(artifacts: artifacts))
        }
        #expect(try await catalog.artifacts(of: id) == [.text: new])
        // What nothing refers to any more is no longer known, so that its content may be collected.
        #expect(try await catalog.findings() == [])
        let digests = ["old", "old b", "new"].map(fixture.digest)
        #expect(try catalog.recorded(among: digests) == [digests[0], digests[2]])
    }

    @Test func `the document's own result is kept until it is replaced`() async throws {
        let id = try await claimed()
        for result in ["one", nil, "two"] {
            let change = StageChange(
                document: id, stage: .publish, state: .processing(attempt: 1), at: fixture.now,
                documentResult: result)
            let document = try await catalog.record([change]).first
            #expect(document?.result == result ?? "one")
        }
    }

    @Test func `what ran when ingestd died waits at once for another try, unspent`() async throws {
        let id = try await claimed()
        try await fixture.set(.info, of: id, to: .completed)
        try await fixture.set(.text, of: id, to: .processing(attempt: 2))
        try await fixture.set(.thumbnail, of: id, to: .processing(attempt: 1))
        let other = try await claimed("untouched.pdf")
        // Another connection, as after a crash: nothing was closed, nothing was told.
        let reopened = try Catalog.open(fixture.path)
        let put = try await reopened.interruptRunning(now: fixture.now, retries: retries)
        #expect(Set(put.map(\.stage)) == [.text, .thumbnail])
        #expect(put.allSatisfy { $0.document == id && $0.uid == alice.uid })
        let document = try #require(try await reopened.document(id))
        #expect(
            document.stage(.text)?.state == .retrying(attempt: 1, until: fixture.now, after: nil))
        #expect(document.stage(.text)?.interruptions == 1)
        #expect(document.standing.state == .retrying)
        #expect(document.job.dueStages(at: fixture.now) == [.text, .thumbnail])
        #expect(try await reopened.document(other)?.standing.state == .queued)
        #expect(try await reopened.interruptRunning(now: fixture.now, retries: retries) == [])
    }

    @Test func `a stage that always takes ingestd down is given up`() async throws {
        let id = try await claimed()
        for count in 1...Catalog.interruptionLimit {
            try await fixture.set(.info, of: id, to: .processing(attempt: 1))
            let put = try await catalog.interruptRunning(now: fixture.now, retries: retries)
            let stage = try #require(put.first)
            #expect(stage.interruptions == count)
            #expect(stage.state.isOver == (count == Catalog.interruptionLimit))
        }
        let document = try #require(try await catalog.document(id))
        #expect(document.standing.failure?.failure.code == .internalError)
        #expect(document.job.dueStages(at: fixture.now) == [.publish])
        #expect(try await catalog.findings() == [])
    }
}
