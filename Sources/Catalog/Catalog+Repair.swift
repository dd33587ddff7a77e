import GRDB
import Rules

extension Catalog {
    /// Brings rows in order that contradict each other, as far as nothing but derived values is
    /// rewritten and nothing but rows that belong to nothing is removed.
    ///
    /// Only for who has the state directory to themselves, and keeps a copy of the catalogue as it
    /// was. In this order, since each step builds on the one before: references, charges,
    /// states, counts, results.
    public func repair(now: Timestamp) async throws(CatalogError) {
        try await write("repair the catalogue") { db in
            try db.mendReferences(now: now)
            try db.recharge()
            try db.refoldWrong(now: now)
            try db.recount()
            // Last: what was mended may have lost results.
            try db.addUpDerived()
        }
    }

    /// Builds all indexes anew from their tables.
    public func rebuildIndexes() async throws(CatalogError) {
        try await write("rebuild the catalogue's indexes") { try $0.execute(sql: "REINDEX") }
    }

    /// Gives blobs, and what refers to them, the sizes that their content has; charges follow.
    public func setSizes(of blobs: [BlobRecord]) async throws(CatalogError) {
        try await write("set the sizes of blobs") { db in
            for blob in blobs {
                for table in ["blob", "document", "trash", "artifact"] {
                    try db.run(
                        "UPDATE \(table) SET size = ? WHERE digest = ?",
                        [blob.size.bytes, blob.digest.asBytes])
                }
            }
            try db.recharge()
            try db.addUpDerived()
        }
    }

    /// Forgets the results that have this content, whose bytes are lost, and lets their stages run
    /// again, where the documents' content alone decides what they make.
    ///
    /// - Returns: whether nothing refers to the content any more.
    public func makeAnew(_ digest: ContentDigest, now: Timestamp) async throws(CatalogError) -> Bool
    {
        try await write("make \(digest) anew") { db in
            let results = try db.rows(
                "SELECT DISTINCT resultId FROM artifact WHERE digest = ?", [digest.asBytes])
            for row in results {
                guard let result = row["resultId"] as Int64?, try db.isOfContentAlone(result) else {
                    continue
                }
                let artifacts = try db.rows(
                    "SELECT digest FROM artifact WHERE resultId = ?", [result])
                let users = try db.rows(
                    "SELECT documentId, name FROM stage WHERE resultId = ?", [result])
                try db.run("UPDATE stage SET resultId = NULL WHERE resultId = ?", [result])
                try db.forgetResultsInTrash("resultId = ?", [result])
                try db.run("DELETE FROM stageResult WHERE id = ?", [result])
                try db.forgetBlobs(artifacts.map { try $0.digest() })
                try db.makeAnew(users, now: now)
            }
            return try db.row("SELECT 1 FROM blob WHERE digest = ?", [digest.asBytes]) == nil
        }
    }

    /// Copies the catalogue into one whole file, synced, with its name; what stands there is
    /// replaced.
    public func copy(to path: String) throws(CatalogError) {
        do { try queue.copyWhole(to: path) } catch { throw CatalogError("copy to \(path)", error) }
    }
}

extension Database {
    fileprivate func mendReferences(now: Timestamp) throws {
        // Checked at the commit: rows are mended one table after the other.
        try execute(sql: "PRAGMA defer_foreign_keys = ON")
        try execute(
            sql: """
                INSERT OR IGNORE INTO account (uid) SELECT uid FROM document;
                INSERT OR IGNORE INTO account (uid) SELECT uid FROM trash;
                INSERT OR IGNORE INTO account (uid) SELECT uid FROM stageResult;
                INSERT OR IGNORE INTO blob (digest, size) SELECT digest, size FROM document;
                INSERT OR IGNORE INTO blob (digest, size) SELECT digest, size FROM trash;
                """)
        // What was made of content that no document has belongs to nothing.
        try remove("stageResult", "digest")
        try remove("artifact", "resultId")
        try execute(
            sql: "INSERT OR IGNORE INTO blob (digest, size) SELECT digest, size FROM artifact")
        try remove("stage", "documentId")
        try remove("trashStage", "documentId")
        try remove("removal", "documentId")
        try makeAnewWhatLostItsResult(now: now)
    }

    private func reference(_ table: String, _ column: String) -> Reference {
        guard
            let found = Reference.all.first(where: { $0.table == table && $0.column == column })
        else { preconditionFailure("\(table).\(column) refers to something") }
        return found
    }

    private func remove(_ table: String, _ column: String) throws {
        try run("DELETE FROM \(table) WHERE \(reference(table, column).isDangling)")
    }

    /// Lets the stages whose result is gone run again, where content alone decides what they make.
    private func makeAnewWhatLostItsResult(now: Timestamp) throws {
        let lost = try rows(
            "SELECT documentId, name FROM stage WHERE \(reference("stage", "resultId").isDangling)")
        try run(
            "UPDATE stage SET resultId = NULL WHERE \(reference("stage", "resultId").isDangling)")
        try makeAnew(lost, now: now)
        try forgetResultsInTrash(reference("trashStage", "resultId").isDangling)
    }

    /// Has stages of deleted documents run again where these are restored, as far as content alone
    /// decides what they make; others stay as they are, without what they made.
    fileprivate func forgetResultsInTrash(
        _ condition: String, _ arguments: [(any StatementArgument)?] = []
    ) throws {
        let names = StageName.allCases.filter(\.dependsOnContentAlone)
            .map { "'\($0.rawValue)'" }.joined(separator: ", ")
        try run(
            """
            UPDATE trashStage SET resultId = NULL,
                state = iif(name IN (\(names)), 'pending', state)
            WHERE \(condition)
            """, arguments)
    }

    fileprivate func isOfContentAlone(_ result: Int64) throws -> Bool {
        let row = try row("SELECT stage FROM stageResult WHERE id = ?", [result])
        let name: StageName? = try row?.named("stage")
        return name?.dependsOnContentAlone == true
    }

    /// Sets these stages back where content alone decides what they make, and what shows it.
    fileprivate func makeAnew(_ stages: [Row], now: Timestamp) throws {
        for row in stages {
            let name: StageName = try row.named("name")
            guard name.dependsOnContentAlone,
                let document = try document(row.documentID("documentId"))
            else { continue }
            for stage in document.stages where stage.plan.name == name || stage.isOverPublish {
                try resetStage(stage.plan, of: document)
            }
            try refold(document.id, at: now)
        }
    }

    fileprivate func recharge() throws {
        try run(
            """
            UPDATE account SET
                usedBytes = (SELECT coalesce(sum(size), 0) FROM document
                    WHERE document.uid = account.uid),
                usedFiles = (SELECT count(*) FROM document WHERE document.uid = account.uid),
                trashBytes = (SELECT coalesce(sum(size), 0) FROM trash
                    WHERE trash.uid = account.uid AND expiresAt > 0),
                trashFiles = (SELECT count(*) FROM trash
                    WHERE trash.uid = account.uid AND expiresAt > 0)
            """)
        try addUpCharges()
    }

    fileprivate func refoldWrong(now: Timestamp) throws {
        var last: DocumentID?
        repeat {
            let page = try wrongStates(after: last, limit: 500)
            for id in page.wrong { try refold(id, at: now) }
            last = page.last
        } while last != nil
    }
}

extension StageRecord {
    /// Whether it is a publication that has come to its end.
    fileprivate var isOverPublish: Bool { plan.name == .publish && state.isOver }
}
