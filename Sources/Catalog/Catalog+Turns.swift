import GRDB
import Rules

extension Catalog {
    /// The document whose turn it is.
    ///
    /// Accounts take turns: the next uid above the last one served, then from the lowest again.
    /// Within an account the oldest document that has a stage due comes first. Only documents that
    /// have something to wait for are looked at, never the history.
    ///
    /// - Parameters:
    ///   - uid: the account served last; nil at the start.
    ///   - inHand: documents that somebody works on already.
    public func nextDocument(
        after uid: UInt32?, excluding inHand: Set<DocumentID>, now: Timestamp
    ) async throws(CatalogError) -> Assignment? {
        try await read("pick the next document") { db in
            let last = uid.map(Int.init) ?? -1
            for range in [(last + 1)..<(1 << 32), 0..<(last + 1)] {
                var floor = range.lowerBound
                while let account = try db.nextAccount(from: floor), account < range.upperBound {
                    let due = try db.dueDocument(of: account, excluding: inHand, now: now)
                    if let due { return due }
                    floor = account + 1
                }
            }
            return nil
        }
    }

    /// When the next stage may begin that is not in hand: in the past if one is due, nil if
    /// nothing waits for a time.
    public func nextDueDate(
        excluding inHand: Set<DocumentID>
    ) async throws(CatalogError) -> Timestamp? {
        try await read("find the next due date") { db in
            try db.rows(
                """
                SELECT id, dueAt FROM document INDEXED BY documentDue
                WHERE dueAt IS NOT NULL ORDER BY dueAt LIMIT ?
                """, [inHand.count + 1]
            ).first { try !inHand.contains($0.documentID("id")) }?.moment("dueAt")
        }
    }

    /// A document with its stages; nil where there is none.
    public func document(_ id: DocumentID) async throws(CatalogError) -> DocumentRecord? {
        try await read("read document \(id)") { db in try db.document(id) }
    }

    /// The artifacts of a document's completed stages, in the order in which they were made.
    public func artifacts(
        of id: DocumentID
    ) async throws(CatalogError) -> [StageName: [ArtifactRecord]] {
        try await read("list artifacts of \(id)") { db in
            var artifacts: [StageName: [ArtifactRecord]] = [:]
            let rows = try db.rows(
                """
                SELECT stage.name AS stageName, artifact.* FROM stage
                JOIN artifact ON artifact.resultId = stage.resultId
                WHERE stage.documentId = ? ORDER BY stage.position, artifact.position
                """, [id.asBytes])
            for row in rows {
                let stage: StageName = try row.named("stageName")
                artifacts[stage, default: []].append(
                    ArtifactRecord(
                        name: try row.text("name"), digest: try row.digest(),
                        size: try row.size(), mediaType: try row.text("mediaType")))
            }
            return artifacts
        }
    }
}

extension Database {
    /// The lowest uid, from `floor` on, that has documents waiting for something.
    fileprivate func nextAccount(from floor: Int) throws -> Int? {
        try row(
            """
            SELECT uid FROM document INDEXED BY documentDue
            WHERE dueAt IS NOT NULL AND uid >= ? ORDER BY uid LIMIT 1
            """, [floor]
        )?.int("uid")
    }

    fileprivate func dueDocument(
        of uid: Int, excluding inHand: Set<DocumentID>, now: Timestamp
    ) throws -> Assignment? {
        let candidates = try rows(
            """
            SELECT id FROM document INDEXED BY documentDue
            WHERE dueAt IS NOT NULL AND uid = ? AND dueAt <= ? ORDER BY id LIMIT ?
            """, [uid, now.milliseconds, inHand.count + 1])
        for row in candidates {
            let id = try row.documentID("id")
            guard !inHand.contains(id), let document = try document(id) else { continue }
            return Assignment(document: document, dueStages: document.job.dueStages(at: now))
        }
        return nil
    }
}
