import GRDB
import Rules
import Synchronization
import Testing

@testable import Catalog

/// What is asked for each drop must not cost more as the history grows.
@Suite struct HistoryTests {
    let fixture: CatalogFixture
    var catalog: Catalog { fixture.catalog }

    /// Tables of which a row stays for good with each document.
    private static let growing = ["document", "stage", "stageResult", "artifact", "blob"]
    /// Indexes that hold only what is still to be done.
    private static let ofWork = [
        "documentTurn", "documentLater", "documentAside", "stageRunning",
    ]
    /// Columns of which one value stands in few rows.
    private static let selective = ["id", "rowid", "documentId", "digest", "path", "resultId"]

    init() throws { fixture = try CatalogFixture() }

    /// All statements that the catalogue runs while `body` does.
    private func statements(_ body: () async throws -> Void) async throws -> Set<String> {
        let heard = Box()
        try await catalog.read("listen") { db in
            db.trace(options: .statement) { event in
                if case .statement(let statement) = event { heard.add(statement.sql) }
            }
        }
        try await body()
        try await catalog.read("listen no more") { $0.trace(options: []) }
        return heard.all
    }

    /// The steps of a statement's plan that read rows which are there for good, and more of them as
    /// the history grows.
    private func costlySteps(_ statement: String) async throws -> [String] {
        let steps = try await catalog.read("explain") { db in
            // A plan does not depend on what the parameters are.
            let plan = try db.makeStatement(sql: "EXPLAIN QUERY PLAN \(statement)")
            plan.setUncheckedArguments(StatementArguments())
            return try Row.fetchAll(plan).map { $0["detail"] as String }
        }
        return steps.filter { step in
            let words = step.split(separator: " ").map(String.init)
            guard words.count > 1, Self.growing.contains(words[1]),
                !Self.ofWork.contains(where: words.contains)
            else { return false }
            // SEARCH stage USING PRIMARY KEY (documentId=? AND name=?)
            let columns = words.filter { $0.contains("=?") }.map { word in
                String(word.prefix { $0 != "=" }.drop { $0 == "(" })
            }
            return !columns.contains(where: Self.selective.contains)
        }
    }

    /// Everything the daemon asks from its start to the end of a drop, its second version, and its
    /// inbox's summary.
    private func live() async throws {
        _ = try await catalog.cancelAllReservations()
        _ = try await catalog.interruptRunning(now: fixture.now, retries: RetrySchedule())
        _ = try await catalog.pendingRemovals(uid: alice.uid, inbox: inbox)
        _ = try await catalog.documentsToMoveAside(uid: alice.uid, inbox: inbox)
        _ = try await catalog.waitingDocuments(uid: alice.uid, inbox: inbox, limit: 9)
        for content in ["one", "two", "two"] {
            let drop = try fixture.drop(content: content)
            _ = try await catalog.documentsOfLeftovers(
                uid: alice.uid, inbox: inbox, drops: [(drop.path, drop.identity)])
            let claimed = try await fixture.claim(drop)
            if case .new(_, let displaced?) = claimed {
                try await catalog.movedAside(displaced.id, as: 1)
            }
            try await catalog.removalDone(claimed.document.id)
            let next = try await catalog.nextDocument(
                excluding: [], in: served, now: fixture.now)
            if let id = next?.document.id { try await finish(id) }
            _ = try await catalog.nextDueDate(excluding: [], in: served)
            _ = try await catalog.counts(inbox: inbox)
            _ = try await catalog.usage(of: alice.uid)
        }
        _ = try await catalog.expireReservations(now: fixture.now)
    }

    private func finish(_ id: DocumentID) async throws {
        let artifact = ArtifactRecord(
            name: "text.txt", digest: fixture.digest("\(id)"), size: ByteCount(3),
            mediaType: "text/plain")
        // The second time over, what a stage made before is replaced.
        for stage in [StageName.info, .text, .text, .thumbnail, .publish] {
            try await fixture.set(stage, of: id, to: .processing(attempt: 1))
            try await fixture.set(
                stage, of: id, to: .completed,
                output: stage == .publish ? nil : StageOutput(artifacts: [artifact]))
        }
        _ = try await catalog.artifacts(of: id)
    }

    @Test func `no statement of a drop's life looks through what is done`() async throws {
        let all = try await statements { try await live() }
        let plain = all.filter { statement in
            ["SELECT", "INSERT", "UPDATE", "DELETE"].contains { statement.hasPrefix($0) }
        }
        #expect(plain.count > 25)
        for statement in plain.sorted() {
            #expect(try await costlySteps(statement) == [], "\(statement)")
        }
    }

    /// Statements, each once, from the database's own thread.
    private final class Box: Sendable {
        private let statements = Mutex<Set<String>>([])

        func add(_ statement: String) { statements.withLock { _ = $0.insert(statement) } }

        var all: Set<String> { statements.withLock { $0 } }
    }
}
