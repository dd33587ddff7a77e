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
    ///   - served: where it may come from.
    public func nextDocument(
        after uid: UInt32?, excluding inHand: Set<DocumentID>, in served: ServedInboxes,
        now: Timestamp
    ) async throws(CatalogError) -> Assignment? {
        try await read("pick the next document") { db in
            let last = uid.map(Int.init) ?? -1
            for range in [(last + 1)..<(1 << 32), 0..<(last + 1)] {
                var floor = range.lowerBound
                while let account = try db.nextAccount(from: floor), account < range.upperBound {
                    let due = try db.dueDocument(
                        of: account, in: served.inboxes(of: account), excluding: inHand, now: now)
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
        excluding inHand: Set<DocumentID>, in served: ServedInboxes
    ) async throws(CatalogError) -> Timestamp? {
        try await read("find the next due date") { db in
            var dates: [Timestamp] = []
            var floor = 0
            while let account = try db.nextAccount(from: floor) {
                for inbox in served.inboxes(of: account) {
                    let date = try db.dueDate(of: account, inbox, excluding: inHand)
                    if let date { dates.append(date) }
                }
                floor = account + 1
            }
            return dates.min()
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

    /// The oldest document of these inboxes that has a stage due.
    fileprivate func dueDocument(
        of uid: Int, in inboxes: [[UInt8]], excluding inHand: Set<DocumentID>, now: Timestamp
    ) throws -> Assignment? {
        let oldest = try inboxes.compactMap { inbox in
            try rows(
                """
                SELECT id FROM document INDEXED BY documentDue
                WHERE dueAt IS NOT NULL AND uid = ? AND inbox = ? AND dueAt <= ?
                ORDER BY id LIMIT ?
                """, [uid, Bytes(inbox), now.milliseconds, inHand.count + 1]
            ).first { try !inHand.contains($0.documentID("id")) }?.documentID("id")
        }.min()
        guard let oldest, let document = try document(oldest) else { return nil }
        return Assignment(document: document, dueStages: document.job.dueStages(at: now))
    }

    fileprivate func dueDate(
        of uid: Int, _ inbox: [UInt8], excluding inHand: Set<DocumentID>
    ) throws -> Timestamp? {
        try rows(
            """
            SELECT id, dueAt FROM document INDEXED BY documentDue
            WHERE dueAt IS NOT NULL AND uid = ? AND inbox = ? ORDER BY dueAt LIMIT ?
            """, [uid, Bytes(inbox), inHand.count + 1]
        ).first { try !inHand.contains($0.documentID("id")) }?.moment("dueAt")
    }
}
