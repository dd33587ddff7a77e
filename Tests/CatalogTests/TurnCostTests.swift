import GRDB
import Glibc
import Rules
import Testing

@testable import Catalog

/// What it costs to pick the next document, beside a long history and a long backlog.
///
/// A measurement, and a small one unless more is asked for: TURN_COST="HISTORY OPEN ACCOUNTS", such as
/// TURN_COST="1000000 100000 100". It asserts what is picked, never how long that takes.
@Suite struct TurnCostTests {
    private static let sizes =
        getenv("TURN_COST").map { String(cString: $0) }
        .map { $0.split(separator: " ").compactMap { Int($0) } } ?? [5000, 2000, 10]
    private static let picks = 1000

    @Test func `picking the next document costs little, however many there are`() async throws {
        let fixture = try CatalogFixture()
        try #require(Self.sizes.count == 3, "three numbers")
        let (history, open, accounts) = (Self.sizes[0], Self.sizes[1], Self.sizes[2])
        try fill(fixture.catalog, history: history, open: open, accounts: accounts)
        let uids = (0..<accounts).map { UInt32(1000 + $0) }
        let served = ServedInboxes(uids.map { ($0, inbox) })

        for isEverybodyInDebt in [false, true] {
            var turns = AccountTurns()
            var inHand: [DocumentID] = []
            if isEverybodyInDebt {
                for uid in uids {
                    turns.begin(in: Int(uid), of: uid, mayTake: .seconds(1), at: .zero)
                }
            }
            var costs: [Duration] = []
            for _ in 0..<Self.picks {
                let start = ContinuousClock.now
                let next = try await fixture.catalog.nextDocument(
                    turns, excluding: Set(inHand), in: served, now: fixture.now)
                costs.append(ContinuousClock.now - start)
                let document = try #require(next?.document)
                // As many as two workers and what is being published.
                inHand = inHand.suffix(17) + [document.id]
                turns.begin(in: 0, of: document.uid, mayTake: .milliseconds(20), at: .zero)
            }
            costs.sort()
            print(
                "\(history) done, \(open) open, \(accounts) accounts, "
                    + (isEverybodyInDebt ? "all in debt" : "none in debt at first")
                    + ": a pick takes \(costs[costs.count / 2]) in the middle, "
                    + "\(costs[costs.count * 99 / 100]) at 99 %")
        }
        let start = ContinuousClock.now
        #expect(
            try await fixture.catalog.nextDueDate(after: fixture.now, excluding: [], in: served)
                == nil)
        print("the next due date takes \(ContinuousClock.now - start)")
        try fixture.catalog.close()
    }

    /// Documents of these accounts in turn: the old ones completed, the new ones waiting.
    private func fill(
        _ catalog: Catalog, history: Int, open: Int, accounts: Int
    ) throws {
        try catalog.writeBlocking("fill") { db in
            try db.execute(
                sql: """
                    CREATE TEMP TABLE past AS
                        WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n
                            WHERE i + 1 < \(history + open))
                        SELECT i, CAST(printf('%016d', i) AS BLOB)
                            AS id, 1000 + i % \(accounts) AS uid, randomblob(32) AS digest,
                            i >= \(history) AS isOpen FROM n;
                    INSERT INTO account (uid) SELECT DISTINCT uid FROM past;
                    INSERT INTO blob SELECT digest, 10 FROM past ORDER BY digest;
                    INSERT INTO document (id, uid, inbox, path, kind, size, digest, proof, receivedAt,
                        state, dueAt, place)
                    SELECT id, uid, x'\(inbox.map { String($0, radix: 16) }.joined())',
                        CAST(printf('%08x.pdf', i * 2654435761 % 4294967296) || i AS BLOB), 'pdf', 10,
                        digest, 'lease', 1, iif(isOpen, 'queued', 'completed'),
                        iif(isOpen, 0, NULL), i FROM past;
                    INSERT INTO stage (documentId, name, position, isRequired, stageVersion,
                        parameters, state)
                    SELECT id, 'info', 0, 1, 1, '', iif(isOpen, 'pending', 'completed') FROM past;
                    DROP TABLE past;
                    """)
        }
    }
}
