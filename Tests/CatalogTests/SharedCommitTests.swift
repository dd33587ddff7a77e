import Dispatch
import GRDB
import Glibc
import Rules
import Synchronization
import Testing

@testable import Catalog

/// Writes that share a commit stand and fall each by itself.
@Suite struct SharedCommitTests {
    let fixture: CatalogFixture

    init() throws { fixture = try CatalogFixture() }

    @Test func `of many claims at once those without room fail alone`() async throws {
        let drops = try (0..<300).map { try fixture.drop("\($0).pdf", content: "\($0)") }
        for (number, drop) in drops.enumerated() where !number.isMultiple(of: 3) {
            _ = try await fixture.catalog.reserve(
                drop.id, account: alice, size: drop.size, limit: .unlimited, now: fixture.now)
        }
        let (catalog, now) = (fixture.catalog, fixture.now)
        let failed = await withTaskGroup(of: Int?.self) { group in
            for (number, drop) in drops.enumerated() {
                group.addTask {
                    do {
                        _ = try await catalog.commitClaim(drop, stages: pdfPlan, now: now)
                        return nil
                    } catch {
                        let isLost = error as? CatalogError == .reservationLost(drop.id)
                        return isLost ? number : -1
                    }
                }
            }
            return await group.reduce(into: Set<Int>()) { if let number = $1 { $0.insert(number) } }
        }
        #expect(failed == Set((0..<300).filter { $0.isMultiple(of: 3) }))
        #expect(try await catalog.usage(of: alice.uid).used.files == 200)
        for (number, drop) in drops.enumerated() {
            let isThere = try await catalog.document(drop.id) != nil
            #expect(isThere == !number.isMultiple(of: 3))
        }
    }

    @Test func `of claims that are committed as one batch those without room fail alone`()
        async throws
    {
        let drops = try (0..<9).map { try fixture.drop("\($0).pdf", content: "\($0)") }
        let granted = drops.enumerated().filter { !$0.offset.isMultiple(of: 3) }.map(\.element)
        let decisions = try await fixture.catalog.reserve(
            granted.map { ($0.id, $0.size) }, account: alice, limit: .unlimited, now: fixture.now)
        #expect(decisions == granted.map { _ in .granted })
        let outcomes = await fixture.catalog.commitClaims(
            drops.map { NewClaim(document: $0, stages: pdfPlan) }, now: fixture.now)
        for (number, (drop, outcome)) in zip(drops, outcomes).enumerated() {
            if number.isMultiple(of: 3) {
                #expect(outcome == .failure(.reservationLost(drop.id)))
            } else {
                #expect(try outcome.get().document.id == drop.id)
            }
            let isThere = try await fixture.catalog.document(drop.id) != nil
            #expect(isThere == !number.isMultiple(of: 3))
        }
        #expect(try await fixture.catalog.usage(of: alice.uid).used.files == 6)
    }

    @Test func `what waits while a write is under way is committed together, in order`()
        async throws
    {
        let queue = try DatabaseQueue(path: fixture.folder + "/shared.sqlite3")
        defer { unlink(fixture.folder + "/shared.sqlite3") }
        let counter = CommitCounter()
        try await queue.write { db in
            try db.execute(sql: "CREATE TABLE word (number INTEGER)")
        }
        queue.add(transactionObserver: counter, extent: .databaseLifetime)
        let commits = SharedCommits(queue: queue)
        let count = 2 * SharedCommits.batchLimit
        let began = DispatchSemaphore(value: 0)
        let mayGoOn = DispatchSemaphore(value: 0)
        await withCheckedContinuation { waiter in
            commits.add(
                .init(isDurable: true, count: 1) { _, _ in
                    began.signal()
                    mayGoOn.wait()
                } end: { _ in
                })
            began.wait()
            for number in 0..<count {
                commits.add(
                    .init(isDurable: number.isMultiple(of: 2), count: 1) { _, db in
                        try db.execute(sql: "INSERT INTO word VALUES (?)", arguments: [number])
                    } end: { _ in
                        if number == count - 1 { waiter.resume() }
                    })
            }
            mayGoOn.signal()
        }
        let numbers = try await queue.read { try Int.fetchAll($0, sql: "SELECT number FROM word") }
        #expect(numbers == Array(0..<count))
        // The first alone, and the others in two full batches.
        #expect(counter.count.withLock { $0 } == 3)
    }
}

/// Counts the commits of one database.
private final class CommitCounter: TransactionObserver, Sendable {
    let count = Mutex(0)

    func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool { true }
    func databaseDidChange(with event: DatabaseEvent) {}
    func databaseDidRollback(_ db: Database) {}
    func databaseDidCommit(_ db: Database) { count.withLock { $0 += 1 } }
}
