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
            return try db.danglingReferences() + db.wrongCharges(limit: limit)
                + db.wrongSizes(limit: limit)
                + db.wrongStates(limit: limit) + db.wrongCounts(limit: limit)
                + db.unreferencedBlobs(limit: limit)
        }
    }
}

extension Database {
    fileprivate func damage(limit: Int) throws -> [CatalogFinding] {
        try rows("PRAGMA integrity_check(\(limit))")
            .compactMap { $0[0] as String? }.filter { $0 != "ok" }
            .map { .damaged($0.split(separator: "\n").joined(separator: " ")) }
    }

    fileprivate func danglingReferences() throws -> [CatalogFinding] {
        try Reference.all.compactMap { reference in
            let count = try number(
                "SELECT count(*) FROM \(reference.table) WHERE \(reference.isDangling)")
            guard count > 0 else { return nil }
            return .dangling(
                reference: "\(reference.table).\(reference.column)", parent: reference.parent,
                count: count)
        }
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

    func wrongStates(limit: Int) throws -> [CatalogFinding] {
        var findings: [CatalogFinding] = []
        var last = Bytes([])
        while findings.count < limit {
            let page = try rows(
                "SELECT * FROM document WHERE id > ? ORDER BY id LIMIT 500", [last])
            guard let end = page.last else { break }
            last = Bytes(try end.bytes("id"))
            for row in page {
                let id = try row.documentID("id")
                if try isFoldWrong(row) { findings.append(.stateDiffers(id)) }
            }
        }
        return Array(findings.prefix(limit))
    }

    /// Whether what a document's row says of its state does not follow from its stages.
    private func isFoldWrong(_ row: Row) throws -> Bool {
        let document = try document(row)
        // What cannot be read as a state is a wrong one.
        let state = DocumentState(rawValue: try row.text("state"))
        let isOver = row.momentIfAny("completedAt") != nil
        return document.stages.isEmpty || state != document.standing.state
            || row.momentIfAny("dueAt") != document.job.nextDue
            || isOver != document.standing.state.isOver
    }

    fileprivate func wrongCounts(limit: Int) throws -> [CatalogFinding] {
        try rows(
            """
            SELECT inbox, state, sum(recorded) AS recorded, sum(counted) AS counted FROM (
                SELECT inbox, state, 0 AS recorded, count(*) AS counted FROM document
                GROUP BY inbox, state
                UNION ALL SELECT inbox, state, count, 0 FROM documentCount)
            GROUP BY inbox, state HAVING sum(recorded) <> sum(counted) LIMIT ?
            """, [limit]
        ).map { row in
            .countDiffers(
                inbox: try row.bytes("inbox"), state: try row.text("state"),
                recorded: try row.int("recorded"), counted: try row.int("counted"))
        }
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
