import Catalog
import Rules
import Testing

@Suite struct ClaimTests {
    let fixture: CatalogFixture
    var catalog: Catalog { fixture.catalog }

    init() throws { fixture = try CatalogFixture() }

    @Test func `usage and reservations together fill the limit and not a byte more`() async throws {
        try await fixture.claim(fixture.drop(size: 60))
        let limit = QuotaLimit(bytes: ByteCount(100), files: nil)
        func ask(_ size: Int) async throws -> QuotaDecision {
            try await catalog.reserve(
                fixture.newID(), account: alice, size: ByteCount(size), limit: limit,
                now: fixture.now)
        }
        #expect(try await ask(30) == .granted)
        #expect(try await ask(11) == .held(shortBytes: ByteCount(1), shortFiles: 0))
        #expect(try await ask(10) == .granted)
        #expect(try await ask(1) == .held(shortBytes: ByteCount(1), shortFiles: 0))
        #expect(try await ask(101) == .tooLarge(limit: ByteCount(100)))
        let usage = try await catalog.usage(of: alice.uid)
        #expect(usage.used == QuotaUsage(bytes: ByteCount(60), files: 1))
        #expect(usage.reserved == QuotaUsage(bytes: ByteCount(40), files: 2))
        #expect(try await catalog.usage(of: bob.uid).used == .zero)
    }

    @Test func `claims side by side never pass the limit`() async throws {
        let limit = QuotaLimit(bytes: ByteCount(500), files: 40)
        let ids = (0..<200).map { _ in fixture.newID() }
        let (catalog, now) = (catalog, fixture.now)
        let granted = try await withThrowingTaskGroup(of: Bool.self) { group in
            for id in ids {
                group.addTask {
                    try await catalog.reserve(
                        id, account: alice, size: ByteCount(10), limit: limit, now: now) == .granted
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(granted == 40)
        #expect(try await catalog.usage(of: alice.uid).reserved.bytes == ByteCount(400))
    }

    @Test func `a commit is a document, its stages, its charge and a removal to do`() async throws {
        let drop = try fixture.drop("events/gala/report.pdf")
        guard case .new(let document, nil) = try await fixture.claim(drop) else {
            Issue.record("the first of its name displaces nothing")
            return
        }
        #expect(document == (try await catalog.document(drop.id)))
        #expect(document.standing.state == .queued && document.isCurrent)
        #expect(document.collection == "events/gala" && document.fileName.utf8Text == "report.pdf")
        #expect(document.stages.map(\.plan) == pdfPlan)
        #expect(document.stages.map(\.state.isOver) == [true, false, false, false, false])
        #expect(document.digest == drop.digest && document.proof == .lease)
        let usage = try await catalog.usage(of: alice.uid)
        #expect(usage.used == QuotaUsage(bytes: ByteCount(10), files: 1))
        #expect(usage.reserved == .zero)
        let removal = try #require(
            try await catalog.pendingRemovals(uid: alice.uid, inbox: inbox).first)
        #expect(removal.document == drop.id && removal.identity == drop.identity)
        #expect(removal.path == drop.path && removal.inbox == inbox)
        #expect(try await catalog.findings() == [])
    }

    @Test func `a commit whose room is not held any more changes nothing`() async throws {
        let expired = try fixture.drop()
        let reserve = { (drop: NewDocument, size: Int) in
            try await catalog.reserve(
                drop.id, account: alice, size: ByteCount(size), limit: .unlimited,
                now: fixture.now)
        }
        _ = try await reserve(expired, 10)
        fixture.wait(Catalog.reservationLifetime)
        #expect(try await catalog.expireReservations(now: fixture.now) == 1)
        let cancelled = try fixture.drop()
        _ = try await reserve(cancelled, 10)
        try await catalog.cancelReservation(cancelled.id)
        let tooSmall = try fixture.drop()
        _ = try await reserve(tooSmall, 9)
        for drop in [expired, cancelled, tooSmall] {
            await #expect(throws: CatalogError.reservationLost(drop.id)) {
                try await catalog.commitClaim(drop, stages: pdfPlan, now: fixture.now)
            }
        }
        #expect(try await catalog.counts() == [:])
        #expect(try await catalog.usage(of: alice.uid).used == .zero)
        #expect(try await catalog.pendingRemovals(uid: alice.uid, inbox: inbox) == [])
        #expect(try await catalog.cancelAllReservations() == 1)
    }

    @Test func `a reservation that is over its time is as good as none, though it is still there`()
        async throws
    {
        // Its blob may have been collected: the machine may have slept for days.
        let drop = try fixture.drop()
        _ = try await catalog.reserve(
            drop.id, account: alice, size: drop.size, limit: .unlimited, now: fixture.now)
        fixture.wait(Catalog.reservationLifetime)
        await #expect(throws: CatalogError.reservationLost(drop.id)) {
            try await catalog.commitClaim(drop, stages: pdfPlan, now: fixture.now)
        }
        #expect(try await catalog.reservationCount() == 1)
    }

    @Test func `a reservation lives for its time and not a moment longer`() async throws {
        let id = fixture.newID()
        _ = try await catalog.reserve(
            id, account: alice, size: ByteCount(1), limit: .unlimited, now: fixture.now)
        fixture.wait(Catalog.reservationLifetime - .milliseconds(1))
        #expect(try await catalog.expireReservations(now: fixture.now) == 0)
        fixture.wait()
        #expect(try await catalog.expireReservations(now: fixture.now) == 1)
    }

    @Test func `the same bytes under the same name are the same document`() async throws {
        let first = try await fixture.claim(fixture.drop()).document
        try await fixture.complete(first.id)
        let second = try fixture.drop()
        let outcome = try await fixture.claim(second)
        guard case .sameAgain(let again) = outcome else {
            Issue.record("expected the document that was there, got \(outcome)")
            return
        }
        #expect(again.id == first.id)
        #expect(again.job.dueStages(at: fixture.now) == [.publish])
        #expect(again.completedAt == nil)
        let usage = try await catalog.usage(of: alice.uid)
        #expect(usage.used.files == 1 && usage.reserved == .zero)
        #expect(
            try await catalog.pendingRemovals(uid: alice.uid, inbox: inbox).map(\.identity) == [
                second.identity
            ])
        #expect(try await catalog.findings() == [])
    }

    @Test func `the same bytes again try what had failed, under the settings of now`() async throws
    {
        let first = try await fixture.claim(fixture.drop()).document
        try await fixture.set(.info, of: first.id, to: .processing(attempt: 1))
        try await fixture.set(.info, of: first.id, to: .failed(corrupt))
        let failed = try await fixture.complete(first.id)
        #expect(failed.standing.state == .failed)
        var plan = pdfPlan
        plan[1].parameters = "mended"
        let again = try await fixture.claim(fixture.drop(), stages: plan).document
        #expect(again.standing.state == .queued)
        #expect(again.stage(.info)?.state == .pending)
        #expect(again.stage(.info)?.plan.parameters == "mended")
        #expect(again.stage(.info)?.attempt == 0)
        #expect(again.stage(.text)?.state == .pending)
    }

    @Test func `the same bytes again leave a job alone that still runs`() async throws {
        let first = try await fixture.claim(fixture.drop()).document
        let running = try await fixture.set(.info, of: first.id, to: .processing(attempt: 1))
        #expect(try await fixture.claim(fixture.drop()) == .sameAgain(running))
    }

    @Test func `other bytes under the same name make the older one a version`() async throws {
        var ids: [DocumentID] = []
        for content in ["one", "two", "three"] {
            ids.append(try await fixture.claim(fixture.drop(content: content)).document.id)
        }
        let versions = try await catalog.documents(
            inbox: inbox, path: try fixture.drop().path, limit: 10)
        #expect(versions.map(\.id) == ids.reversed())
        #expect(versions.map(\.version) == [nil, 2, 1])
        #expect(try await catalog.usage(of: alice.uid).used.files == 3)
        #expect(
            try await catalog.documentsToMoveAside(uid: alice.uid, inbox: inbox).map(\.id) == [
                ids[0], ids[1],
            ])
        // Somebody's own file has the name of version 1, so that the oldest became version 3.
        try await catalog.movedAside(ids[1], as: 2)
        try await catalog.movedAside(ids[0], as: 3)
        #expect(try await catalog.documentsToMoveAside(uid: alice.uid, inbox: inbox) == [])
        let fourth = try await fixture.claim(fixture.drop(content: "four"))
        guard case .new(_, let displaced) = fourth else {
            Issue.record("other bytes are a new document")
            return
        }
        #expect(displaced?.id == ids[2] && displaced?.version == 4)
        #expect(try await catalog.findings() == [])
    }

    @Test func `one account's document is never another's`() async throws {
        let mine = try await fixture.claim(fixture.drop()).document
        let theirs = try await fixture.claim(fixture.drop(account: bob))
        guard case .new(let document, nil) = theirs else {
            Issue.record("another account's document of that name was met")
            return
        }
        #expect(document.id != mine.id)
        #expect(try await catalog.usage(of: bob.uid).used.files == 1)
    }

    @Test func `what was made of a blob is made once per account`() async throws {
        let first = try await fixture.claim(fixture.drop("a.pdf")).document
        let artifact = ArtifactRecord(
            name: "text.txt", digest: fixture.digest("text"), size: ByteCount(4),
            mediaType: "text/plain")
        try await fixture.set(.info, of: first.id, to: .completed, output: StageOutput())
        try await fixture.set(
            .text, of: first.id, to: .completed,
            output: StageOutput(result: "{}", warnings: ["Cut\nshort."], artifacts: [artifact]))
        let second = try await fixture.claim(fixture.drop("b.pdf")).document
        #expect(second.job.dueStages(at: fixture.now) == [.thumbnail])
        #expect(second.stage(.text)?.result == "{}")
        #expect(second.warnings == ["Cut short."])
        #expect(second == (try await catalog.document(second.id)))
        #expect(try await catalog.findings() == [])
        #expect(try await catalog.artifacts(of: second.id) == [.text: [artifact]])
        let theirs = try await fixture.claim(fixture.drop("a.pdf", account: bob)).document
        #expect(theirs.job.dueStages(at: fixture.now) == [.info])
        #expect(try await catalog.artifacts(of: theirs.id) == [:])
    }

    @Test func `what other settings made is not taken over`() async throws {
        let first = try await fixture.claim(fixture.drop("a.pdf")).document
        try await fixture.complete(first.id)
        var plan = pdfPlan
        plan[3].parameters = "page=7"
        plan[2].version += 1
        let second = try await fixture.claim(fixture.drop("b.pdf"), stages: plan).document
        #expect(second.job.dueStages(at: fixture.now) == [.text, .thumbnail])
    }

    @Test func `an import of the same bytes runs for each document`() async throws {
        let plan = StagePlan.stages(for: .csv, settings: InboxSettings())
        let first = try await fixture.claim(
            fixture.drop("a/p.csv", kind: .csv), stages: plan
        ).document
        try await fixture.set(
            .tableImport, of: first.id, to: .completed, output: StageOutput(result: "first"))
        let second = try await fixture.claim(
            fixture.drop("b/p.csv", kind: .csv), stages: plan
        ).document
        #expect(second.job.dueStages(at: fixture.now) == [.tableImport])
        try await fixture.set(
            .tableImport, of: second.id, to: .completed, output: StageOutput(result: "second"))
        let results = try await catalog.documents(inbox: inbox, limit: 2).map {
            $0.stage(.tableImport)?.result
        }
        #expect(results == ["second", "first"])
    }

    @Test func `a commit that was asked for is told even to a cancelled task`() async throws {
        let drop = try fixture.drop()
        _ = try await catalog.reserve(
            drop.id, account: alice, size: drop.size, limit: .unlimited, now: fixture.now)
        let (catalog, now) = (catalog, fixture.now)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await catalog.commitClaim(drop, stages: pdfPlan, now: now)
        }
        #expect(try await task.value.document.id == drop.id)
        #expect(try await catalog.document(drop.id) != nil)
    }
}
