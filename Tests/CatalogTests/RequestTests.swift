import Catalog
import Rules
import Testing

/// What is asked for is done once for each file that asks, and leaves nothing behind.
@Suite struct RequestTests {
    let fixture: CatalogFixture
    var catalog: Catalog { fixture.catalog }
    private let file = DropIdentity(device: 1, inode: 2, size: .zero, modified: 3, changed: 4)
    private let another = DropIdentity(device: 1, inode: 2, size: .zero, modified: 3, changed: 5)

    init() throws { fixture = try CatalogFixture() }

    private func ask(
        _ ruling: RequestRuling, by file: DropIdentity, about document: DocumentRecord
    ) async throws -> RequestOutcome {
        fixture.wait()
        return try await catalog.carryOut(
            "a.pdf.retry", by: file, about: document.path, uid: document.uid,
            inbox: document.inbox, now: fixture.now
        ) { _ in ruling }
    }

    private func cover(_ parameters: String) -> PlannedStage {
        var plan = pdfPlan[3]
        plan.parameters = parameters
        return plan
    }

    /// Completes what is due, with one artifact of each stage's own.
    private func complete(_ id: DocumentID) async throws {
        var document = try #require(try await catalog.document(id))
        while let stage = document.job.dueStages(at: fixture.now).first {
            let name = "\(stage.rawValue) \(document.stage(stage)?.plan.parameters ?? "")"
            document = try await fixture.set(
                stage, of: id, to: .completed,
                output: StageOutput(
                    result: "{}",
                    artifacts: [
                        ArtifactRecord(
                            name: "a", digest: fixture.digest(name), size: ByteCount(1),
                            mediaType: "image/jpeg")
                    ]))
        }
    }

    @Test func `a file that was granted its request is known when it is met again`() async throws {
        let document = try await fixture.claim(fixture.drop()).document
        try await complete(document.id)
        let reruns = RequestRuling.granted([.init(plan: pdfPlan[4], isAnew: false)])
        guard case .granted = try await ask(reruns, by: file, about: document) else {
            Issue.record("it was not granted")
            return
        }
        // Whatever would be decided now.
        try await complete(document.id)
        for ruling in [reruns, .refused("nothing has failed"), .later] {
            #expect(
                try await ask(ruling, by: file, about: document) == .repeated(document.id))
        }
        #expect(try await catalog.document(document.id)?.requestWarning == nil)
        let next = try await ask(.refused("nothing has failed"), by: another, about: document)
        guard case .refused(let warned, _) = next else {
            Issue.record("\(next)")
            return
        }
        #expect(warned.requestWarning?.contains("nothing has failed") == true)
    }

    @Test func `a retry that was hastened is known too`() async throws {
        let document = try await fixture.claim(fixture.drop()).document
        try await fixture.set(.info, of: document.id, to: .processing(attempt: 1))
        let until = fixture.now + .seconds(30)
        try await fixture.set(
            .info, of: document.id, to: .retrying(attempt: 1, until: until, after: slow))
        _ = try await ask(.hastened, by: file, about: document)
        try await complete(document.id)
        #expect(
            try await ask(.refused("too late"), by: file, about: document)
                == .repeated(document.id))
    }

    @Test func `what a stage made by other settings goes with its artifacts`() async throws {
        let document = try await fixture.claim(fixture.drop()).document
        try await complete(document.id)
        let former = fixture.digest("thumbnail \(pdfPlan[3].parameters)")
        for page in 1...5 {
            #expect(try catalog.recorded(among: [former]).isEmpty == (page > 1))
            let ruling = RequestRuling.granted([.init(plan: cover("page=\(page)"), isAnew: true)])
            var file = file
            file.changed = Int64(100 + page)
            _ = try await ask(ruling, by: file, about: document)
            try await complete(document.id)
        }
        let covers = (1...5).map { fixture.digest("thumbnail page=\($0)") }
        #expect(try catalog.recorded(among: covers) == [covers[4]])
        #expect(try await catalog.garbage() == CatalogGarbage(results: 0, blobs: 0))
        #expect(try await catalog.findings() == [])
    }

    @Test func `what another document of the account has made the same way stays`() async throws {
        let first = try await fixture.claim(fixture.drop("1.pdf")).document
        try await complete(first.id)
        let second = try await fixture.claim(fixture.drop("2.pdf")).document
        try await complete(second.id)
        let ruling = RequestRuling.granted([.init(plan: cover("page=2"), isAnew: true)])
        _ = try await ask(ruling, by: file, about: first)
        try await complete(first.id)
        let former = fixture.digest("thumbnail \(pdfPlan[3].parameters)")
        #expect(try catalog.used(among: [former]) == [former])
        #expect(try await catalog.artifacts(of: second.id)[.thumbnail]?.first?.digest == former)
        _ = try await ask(ruling, by: file, about: second)
        #expect(try catalog.recorded(among: [former]).isEmpty)
        #expect(try await catalog.garbage() == CatalogGarbage(results: 0, blobs: 0))
        #expect(try await catalog.findings() == [])
    }

    @Test func `the same bytes again stand in line as if they had just come`() async throws {
        let early = try await fixture.claim(fixture.drop("early.pdf", content: "early")).document
        try await fixture.complete(early.id)
        fixture.wait(.seconds(3600))
        let middle = try await fixture.claim(fixture.drop("middle.pdf", content: "middle")).document
        fixture.wait(.seconds(3600))
        let again = try await fixture.claim(fixture.drop("early.pdf", content: "early")).document
        #expect(again.id == early.id)
        #expect(again.place > middle.place)
        #expect(again.startedAt.map { $0 > middle.receivedAt } == true)
        let next = try await catalog.nextDocument(excluding: [], in: served, now: fixture.now)
        #expect(next?.document.id == middle.id)
    }

    @Test func `the same bytes again keep the place that they still wait at`() async throws {
        let early = try await fixture.claim(fixture.drop("early.pdf", content: "early")).document
        fixture.wait(.seconds(3600))
        let again = try await fixture.claim(fixture.drop("early.pdf", content: "early")).document
        #expect(again.place == early.place)
    }

    @Test func `the original that was asked for stays when the same bytes come again`() async throws
    {
        let document = try await fixture.claim(fixture.drop()).document
        try await fixture.complete(document.id)
        var publish = pdfPlan[4]
        publish.parameters = StagePlan.withOriginal
        _ = try await ask(
            .granted([.init(plan: publish, isAnew: false)]), by: file, about: document)
        try await fixture.complete(document.id)
        let again = try await fixture.claim(fixture.drop()).document
        #expect(again.stage(.publish)?.plan.parameters == StagePlan.withOriginal)
    }
}
