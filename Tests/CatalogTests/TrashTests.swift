import Catalog
import Rules
import Testing

/// What is deleted leaves nothing behind that counts, and takes nothing along that others have.
@Suite struct TrashTests {
    let fixture: CatalogFixture
    var catalog: Catalog { fixture.catalog }

    init() throws { fixture = try CatalogFixture() }

    private func file(_ number: Int64) -> DropIdentity {
        DropIdentity(device: 1, inode: 2, size: .zero, modified: 3, changed: number)
    }

    private func delete(
        _ document: DocumentRecord, by number: Int64 = 1, bound: QuotaLimit = .unlimited,
        keptFor: Duration = .seconds(60)
    ) async throws -> RequestOutcome {
        fixture.wait()
        return try await catalog.carryOut(
            "delete", by: file(number), about: document.path, version: document.version,
            uid: document.uid, inbox: document.inbox,
            deleting: DeletionTerms(
                keptFor: keptFor, bound: bound, removesRows: false, standing: nil),
            now: fixture.now
        ) { _ in .deletion }
    }

    /// A document that is over, its drop gone, with one artifact of each stage.
    private func document(
        _ name: String, _ content: String = "one", account: Account = alice
    ) async throws -> DocumentRecord {
        let drop = try fixture.drop(name, content: content, account: account)
        var document = try await fixture.claim(drop).document
        try await catalog.removalsDone([document.id])
        while let stage = document.job.dueStages(at: fixture.now).first {
            document = try await fixture.set(
                stage, of: document.id, to: .completed,
                output: StageOutput(
                    artifacts: [
                        ArtifactRecord(
                            name: "a", digest: fixture.digest("\(content) \(stage.rawValue)"),
                            size: ByteCount(1), mediaType: "text/plain")
                    ]))
        }
        return document
    }

    @Test func `deleted and restored it is the document that it was`() async throws {
        let before = try await document("a.pdf")
        guard case .deleted(let trashed) = try await delete(before) else {
            Issue.record("it was not deleted")
            return
        }
        #expect(trashed.isToTidy)
        #expect(try await catalog.usage(of: alice.uid).used == .zero)
        #expect(try await catalog.trashUsage(of: alice.uid) == .oneFile(before.size))
        #expect(try await catalog.counts() == [:])
        #expect(try await catalog.findings() == [])
        let path = before.path
        let outcome = try await catalog.restore(
            by: file(2), about: path, version: nil, uid: alice.uid, inbox: inbox,
            limit: .unlimited, now: fixture.now)
        guard case .restored(let after) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(after.id == before.id && after.modifiedNanoseconds == 5)
        #expect(after.stages.dropLast() == before.stages.dropLast())
        #expect(after.job.dueStages(at: fixture.now) == [.publish])
        #expect(try await catalog.usage(of: alice.uid).used == .oneFile(before.size))
        #expect(try await catalog.trashUsage(of: alice.uid) == .zero)
        #expect(try await catalog.findings() == [])
    }

    @Test func `the file that asked asks for nothing else that has the name by then`()
        async throws
    {
        let first = try await document("a.pdf")
        _ = try await delete(first)
        let second = try await document("a.pdf", "two")
        #expect(try await delete(second) == .repeated(first.id))
        #expect(try await catalog.document(second.id) == second)
        guard case .deleted = try await delete(second, by: 2) else {
            Issue.record("another file is another request")
            return
        }
    }

    private func restore(
        _ document: DocumentRecord, by number: Int64
    ) async throws -> RestoreOutcome {
        fixture.wait()
        return try await catalog.restore(
            by: file(number), about: document.path, version: nil, uid: document.uid,
            inbox: inbox, limit: .unlimited, now: fixture.now)
    }

    @Test func `a file that a crash has left deletes nothing once more that was restored since`()
        async throws
    {
        let document = try await document("a.pdf")
        _ = try await delete(document, by: 1)
        guard case .restored = try await restore(document, by: 2) else {
            Issue.record("it was not restored")
            return
        }
        #expect(try await delete(document, by: 1) == .repeated(document.id))
        // Nor after something else was granted.
        let rerun = RequestRuling.granted([.init(plan: pdfPlan[4], isAnew: false)])
        _ = try await catalog.carryOut(
            "refresh", by: file(3), about: document.path, uid: document.uid, inbox: inbox,
            now: fixture.now
        ) { _ in rerun }
        #expect(try await delete(document, by: 1) == .repeated(document.id))
        guard case .deleted = try await delete(document, by: 4) else {
            Issue.record("another file is another request")
            return
        }
        #expect(try await catalog.findings() == [])
    }

    @Test func `a file that a crash has left restores nothing once more that was deleted since`()
        async throws
    {
        let document = try await document("a.pdf")
        _ = try await delete(document, by: 1)
        _ = try await restore(document, by: 2)
        _ = try await delete(document, by: 3)
        #expect(try await restore(document, by: 2) == .repeated(document.id))
        guard case .restored = try await restore(document, by: 4) else {
            Issue.record("another file is another request")
            return
        }
        #expect(try await catalog.findings() == [])
    }

    @Test func `what was published is known though its stages are to run anew`() async throws {
        let document = try await document("a.pdf")
        let files = [("text.txt", 5), ("pages/0001.jpg", 7)]
        try await publish(document, files)
        #expect(try await catalog.publishedFiles(of: document.id).map(\.name) == files.map(\.0))
        _ = try await catalog.carryOut(
            "refresh", by: file(1), about: document.path, uid: document.uid, inbox: inbox,
            now: fixture.now
        ) { _ in
            .granted(pdfPlan.dropFirst().map { .init(plan: $0, isAnew: true) })
        }
        _ = try await delete(document, by: 2)
        let left = try await catalog.publishedFiles(ofTrashed: document.id)
        #expect(Set(left) == Set(files.map { PublishedFile(name: $0.0, size: ByteCount($0.1)) }))
    }

    /// Records a publication as the pipeline does.
    private func publish(_ document: DocumentRecord, _ files: [(String, Int)]) async throws {
        let list = files.map { "{\"name\":\"\($0.0)\", \"size\":\($0.1), \"media_type\":\"x\"}" }
        var change = StageChange(
            document: document.id, stage: .publish, state: .completed, at: fixture.now)
        change.documentResult = "{\"pages\":1, \"files\":[\(list.joined(separator: ", "))]}"
        try await catalog.record([change])
    }

    @Test func `what is forgotten takes along what nobody else has, and no more`() async throws {
        let mine = try await document("a.pdf")
        let others = try await document("b.pdf", account: bob)
        _ = try await delete(mine)
        fixture.wait(.seconds(61))
        // Sidecars that may be there keep the row that knows them.
        #expect(try await catalog.purge(now: fixture.now, limit: 10) == [])
        try await catalog.tidied(mine.id)
        #expect(try await catalog.purge(now: fixture.now, limit: 10).map(\.id) == [mine.id])
        #expect(try await catalog.unusedBlobs(now: fixture.now, limit: 10) == [])
        #expect(try await catalog.findings() == [])
        #expect(try await catalog.artifacts(of: others.id).count > 0)

        _ = try await delete(others)
        try await catalog.tidied(others.id)
        fixture.wait(.seconds(61))
        #expect(try await catalog.purge(now: fixture.now, limit: 10).count == 1)
        let unused = try await catalog.unusedBlobs(now: fixture.now, limit: 10)
        #expect(unused.contains(fixture.digest("one")))
        #expect(unused.count > 1)
        #expect(try catalog.recorded(among: unused) == [])
        #expect(try await catalog.blobs(limit: 10) == [])
        #expect(try await catalog.findings() == [])
    }

    @Test func `the same content again takes over what the trash has of it`() async throws {
        _ = try await delete(try await document("a.pdf"))
        let again = try await fixture.claim(fixture.drop("b.pdf")).document
        #expect(again.job.dueStages(at: fixture.now) == [.publish])
        // The other account has it read anew.
        let others = try await fixture.claim(fixture.drop("b.pdf", account: bob)).document
        #expect(others.job.dueStages(at: fixture.now) != [.publish])
    }

    @Test func `past its bound the trash lets the oldest go, and itself if it must`() async throws {
        let bound = QuotaLimit(bytes: ByteCount(25), files: nil)
        for (number, name) in ["a.pdf", "b.pdf", "c.pdf"].enumerated() {
            let document = try await document(name, name)
            _ = try await delete(document, by: Int64(number), bound: bound)
            try await catalog.tidied(document.id)
        }
        #expect(try await catalog.trashUsage(of: alice.uid).files == 2)
        #expect(
            try await catalog.purge(now: fixture.now, limit: 10).map { "\($0.path)" } == ["a.pdf"])
        let last = try await document("d.pdf", "d")
        _ = try await delete(last, by: 9, bound: QuotaLimit(bytes: ByteCount(9), files: nil))
        #expect(try await catalog.trashUsage(of: alice.uid) == .zero)
        #expect(try await catalog.findings() == [])
    }

    @Test func `a document whose drop is still to go waits`() async throws {
        let document = try await fixture.claim(fixture.drop()).document
        #expect(try await delete(document) == .later)
        try await catalog.removalsDone([document.id])
        guard case .deleted = try await delete(document) else {
            Issue.record("nothing is in the way")
            return
        }
        #expect(
            try await catalog.nextDocument(excluding: [], in: served, now: fixture.now) == nil)
    }

    @Test func `nothing is charged past the limit by a restore`() async throws {
        let document = try await document("a.pdf")
        _ = try await delete(document)
        _ = try await self.document("b.pdf", "two")
        let outcome = try await catalog.restore(
            by: file(2), about: document.path, version: nil, uid: alice.uid, inbox: inbox,
            limit: QuotaLimit(bytes: ByteCount(19), files: nil), now: fixture.now)
        guard case .noRoom(_, .held(let bytes, _, _)) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(bytes == ByteCount(1))
        #expect(try await catalog.trashUsage(of: alice.uid).files == 1)
        let here = try await catalog.restore(
            by: file(2), about: document.path, version: nil, uid: alice.uid, inbox: inbox,
            limit: .unlimited, inboxLimit: QuotaLimit(bytes: nil, files: 1), now: fixture.now)
        guard case .noRoom(_, .held(_, 1, of: .inbox)) = here else {
            Issue.record("\(here)")
            return
        }
    }

    @Test func `the trash gives way where an account's files have led to as much as they may`()
        async throws
    {
        let first = try await document("a.pdf")
        let second = try await document("b.pdf", "two")
        // The artifacts of both, and one of the two.
        let made = try await catalog.derived(of: alice.uid).total
        let bound = QuotaLimit(bytes: nil, files: nil, derivedCap: .bytes(made + second.size))
        _ = try await delete(first, by: 1, bound: bound)
        #expect(try await catalog.trashUsage(of: alice.uid).files == 1)
        _ = try await delete(second, by: 2, bound: bound)
        #expect(try await catalog.trashUsage(of: alice.uid) == .oneFile(second.size))
    }
}
