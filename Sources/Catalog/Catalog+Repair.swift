import GRDB
import Rules

extension Catalog {
    /// Brings rows in order that contradict each other, as far as nothing but derived values is
    /// rewritten and nothing but rows that belong to nothing is removed.
    ///
    /// Only for who has the state directory to themselves, and keeps a copy of the catalogue as it
    /// was. In this order, since each step builds on the one before: references, charges,
    /// states, counts.
    public func repair(now: Timestamp) async throws(CatalogError) {
        try await write("repair the catalogue") { db in
            try db.mendReferences(now: now)
            try db.recharge()
            try db.refoldWrong(now: now)
            try db.recount()
        }
    }

    /// Builds all indexes anew from their tables.
    public func rebuildIndexes() async throws(CatalogError) {
        try await write("rebuild the catalogue's indexes") { try $0.execute(sql: "REINDEX") }
    }

    /// Gives a blob, and what refers to it, the size that its content has; charges follow.
    public func setSize(of blob: BlobRecord) async throws(CatalogError) {
        try await write("set the size of \(blob.digest)") { db in
            for table in ["blob", "document", "artifact"] {
                try db.run(
                    "UPDATE \(table) SET size = ? WHERE digest = ?",
                    [blob.size.bytes, blob.digest.asBytes])
            }
            try db.recharge()
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
                INSERT OR IGNORE INTO account (uid) SELECT uid FROM stageResult;
                INSERT OR IGNORE INTO blob (digest, size) SELECT digest, size FROM document;
                """)
        // What was made of content that no document has belongs to nothing.
        try remove("stageResult", "digest")
        try remove("artifact", "resultId")
        try execute(
            sql: "INSERT OR IGNORE INTO blob (digest, size) SELECT digest, size FROM artifact")
        try remove("stage", "documentId")
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
        for row in lost {
            let name: StageName = try row.named("name")
            guard name.dependsOnContentAlone,
                let document = try document(row.documentID("documentId"))
            else { continue }
            for stage in document.stages where stage.plan.name == name || stage.isOverPublish {
                try resetStage(stage.plan, of: document.id)
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
                usedFiles = (SELECT count(*) FROM document WHERE document.uid = account.uid)
            """)
    }

    fileprivate func refoldWrong(now: Timestamp) throws {
        for finding in try wrongStates(limit: .max) {
            guard case .stateDiffers(let id) = finding else { continue }
            try refold(id, at: now)
        }
    }
}

extension StageRecord {
    /// Whether it is a publication that has come to its end.
    fileprivate var isOverPublish: Bool { plan.name == .publish && state.isOver }
}
