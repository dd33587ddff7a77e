import GRDB
import Rules

extension Catalog {
    /// Looks for contradictions within the catalogue: damage, wrong sums, wrong folds, and blobs
    /// that nothing refers to. Reads all of it.
    ///
    /// - Parameter limit: how many findings are told at most, of each kind.
    public func findings(limit: Int = 1000) async throws(CatalogError) -> [CatalogFinding] {
        try await read("check the catalogue") { db in
            // A damaged file may say anything: nothing else is asked of it.
            let damage = try db.damage(limit: limit)
            guard damage.isEmpty else { return damage }
            return try db.wrongCharges(limit: limit) + db.wrongSizes(limit: limit)
                + db.wrongStates(limit: limit) + db.unreferencedBlobs(limit: limit)
        }
    }
}

extension Database {
    fileprivate func damage(limit: Int) throws -> [CatalogFinding] {
        let complaints = try rows("PRAGMA integrity_check(\(limit))")
            .compactMap { $0[0] as String? }.filter { $0 != "ok" }
        let orphans = try rows("PRAGMA foreign_key_check").prefix(limit).map { row in
            let table: String = row[0] ?? ""
            let parent: String = row[2] ?? ""
            return "a row of \(table) refers to a row of \(parent) that is not there"
        }
        return (complaints + orphans).map(CatalogFinding.damaged)
    }

    fileprivate func wrongCharges(limit: Int) throws -> [CatalogFinding] {
        try rows(
            """
            SELECT account.uid, usedBytes, usedFiles, coalesce(sum(size), 0) AS bytes,
                count(document.id) AS files
            FROM account LEFT JOIN document ON document.uid = account.uid
            GROUP BY account.uid HAVING bytes <> usedBytes OR files <> usedFiles LIMIT ?
            """, [limit]
        ).map { row in
            .chargeDiffers(
                uid: try row.uid(),
                recorded: QuotaUsage(
                    bytes: try row.size("usedBytes"), files: try row.int("usedFiles")),
                counted: QuotaUsage(bytes: try row.size("bytes"), files: try row.int("files")))
        }
    }

    fileprivate func wrongSizes(limit: Int) throws -> [CatalogFinding] {
        try rows(
            """
            SELECT document.digest FROM document JOIN blob ON blob.digest = document.digest
            WHERE blob.size <> document.size
            UNION SELECT artifact.digest FROM artifact JOIN blob ON blob.digest = artifact.digest
            WHERE blob.size <> artifact.size LIMIT ?
            """, [limit]
        ).map { .sizeDiffers(try $0.digest()) }
    }

    fileprivate func wrongStates(limit: Int) throws -> [CatalogFinding] {
        var findings: [CatalogFinding] = []
        var last = Bytes([])
        while findings.count < limit {
            let page = try rows(
                "SELECT * FROM document WHERE id > ? ORDER BY id LIMIT 500", [last])
            guard let end = page.last else { break }
            last = Bytes(try end.bytes("id"))
            for row in page {
                let document = try document(row)
                let dueAt = row.momentIfAny("dueAt")
                let state: DocumentState = try row.named("state")
                let isOver = row.momentIfAny("completedAt") != nil
                guard
                    document.stages.isEmpty || state != document.standing.state
                        || dueAt != document.job.nextDue || isOver != state.isOver
                else { continue }
                findings.append(.stateDiffers(document.id))
            }
        }
        return Array(findings.prefix(limit))
    }

    fileprivate func unreferencedBlobs(limit: Int) throws -> [CatalogFinding] {
        try rows(
            """
            SELECT * FROM blob
            WHERE NOT EXISTS (SELECT 1 FROM document WHERE document.digest = blob.digest)
                AND NOT EXISTS (SELECT 1 FROM artifact WHERE artifact.digest = blob.digest)
                AND NOT EXISTS (SELECT 1 FROM stageResult WHERE stageResult.digest = blob.digest)
            LIMIT ?
            """, [limit]
        ).map { .blobUnreferenced(BlobRecord(digest: try $0.digest(), size: try $0.size())) }
    }
}
