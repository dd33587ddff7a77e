import GRDB
import Rules

extension Catalog {
    /// Looks for contradictions within the catalogue: damage, wrong sums, wrong folds, and rows
    /// that nothing refers to. Reads all of it.
    ///
    /// Each question has a view of its own, so that a daemon's log of writes, which must keep
    /// everything since the oldest view, does not grow all the while.
    ///
    /// - Parameter limit: how many findings are told at most, of each kind.
    public func findings(limit: Int = 1000) async throws(CatalogError) -> [CatalogFinding] {
        // A damaged file may say anything: nothing else is asked of it.
        let damage = try await read("check the catalogue") { try $0.damage(limit: limit) }
        guard damage.isEmpty else { return damage }
        var findings = try await read("resolve references") { try $0.danglingReferences() }
        findings += try await read("add up charges") {
            try $0.wrongCharges(limit: limit) + $0.wrongShares(limit: limit)
        }
        findings += try await read("add up the trash") { try $0.wrongTrash(limit: limit) }
        findings += try await read("add up results") { try $0.wrongResults(limit: limit) }
        findings += try await read("compare sizes") { try $0.wrongSizes(limit: limit) }
        findings += try await wrongStates(limit: limit)
        findings += try await read("count documents") { try $0.wrongCounts(limit: limit) }
        // Results that no stage refers to any more are none: another document may take them over.
        return findings
            + (try await read("look for unused blobs") { try $0.unreferencedBlobs(limit: limit) })
    }

    private func wrongStates(limit: Int) async throws(CatalogError) -> [CatalogFinding] {
        var findings: [CatalogFinding] = []
        var last: DocumentID?
        while findings.count < limit {
            let page = try await read("fold states") { [last] db in
                try db.wrongStates(after: last, limit: Self.statesAtOnce)
            }
            findings += page.wrong.map(CatalogFinding.stateDiffers)
            guard let end = page.last else { break }
            last = end
        }
        return Array(findings.prefix(limit))
    }

    fileprivate static let statesAtOnce = 500
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
                recorded: try row.usage("usedBytes", "usedFiles"),
                counted: try row.usage())
        }
    }

    /// What is kept of the charges by inbox and kind, against the documents.
    fileprivate func wrongShares(limit: Int) throws -> [CatalogFinding] {
        try rows(
            """
            SELECT uid, inbox, kind, sum(recordedBytes) AS recordedBytes,
                sum(recordedFiles) AS recordedFiles, sum(bytes) AS bytes, sum(files) AS files
            FROM (
                SELECT uid, inbox, kind, 0 AS recordedBytes, 0 AS recordedFiles,
                    sum(size) AS bytes, count(*) AS files
                FROM document GROUP BY uid, inbox, kind
                UNION ALL SELECT uid, inbox, kind, bytes, files, 0, 0 FROM charge)
            GROUP BY uid, inbox, kind
            HAVING sum(recordedBytes) <> sum(bytes) OR sum(recordedFiles) <> sum(files) LIMIT ?
            """, [limit]
        ).map { row in
            .shareDiffers(
                uid: try row.uid(), inbox: try row.bytes("inbox"), kind: try row.text("kind"),
                recorded: try row.usage("recordedBytes", "recordedFiles"),
                counted: try row.usage())
        }
    }

    fileprivate func wrongTrash(limit: Int) throws -> [CatalogFinding] {
        try rows(
            """
            SELECT account.uid, trashBytes, trashFiles, coalesce(sum(size), 0) AS bytes,
                count(trash.id) AS files
            FROM account LEFT JOIN trash ON trash.uid = account.uid AND trash.expiresAt > 0
            GROUP BY account.uid HAVING bytes <> trashBytes OR files <> trashFiles LIMIT ?
            """, [limit]
        ).map { row in
            .trashDiffers(
                uid: try row.uid(),
                recorded: try row.usage("trashBytes", "trashFiles"),
                counted: try row.usage())
        }
    }

    fileprivate func wrongResults(limit: Int) throws -> [CatalogFinding] {
        try rows(
            """
            SELECT uid, sum(recorded) AS recorded, sum(counted) AS counted FROM (
                SELECT stageResult.uid, 0 AS recorded, sum(artifact.size) AS counted FROM artifact
                JOIN stageResult ON stageResult.id = artifact.resultId GROUP BY stageResult.uid
                UNION ALL SELECT uid, bytes, 0 FROM derived WHERE class = 'results')
            GROUP BY uid HAVING sum(recorded) <> sum(counted) LIMIT ?
            """, [limit]
        ).map { row in
            .derivedDiffers(
                uid: try row.uid(), .results, recorded: try row.size("recorded"),
                counted: try row.size("counted"))
        }
    }

    fileprivate func wrongSizes(limit: Int) throws -> [CatalogFinding] {
        try rows(
            """
            SELECT document.digest FROM document JOIN blob ON blob.digest = document.digest
            WHERE blob.size <> document.size
            UNION SELECT trash.digest FROM trash JOIN blob ON blob.digest = trash.digest
            WHERE blob.size <> trash.size
            UNION SELECT artifact.digest FROM artifact JOIN blob ON blob.digest = artifact.digest
            WHERE blob.size <> artifact.size LIMIT ?
            """, [limit]
        ).map { .sizeDiffers(try $0.digest()) }
    }

    /// The documents of a page whose row says something else than their stages.
    func wrongStates(
        after id: DocumentID?, limit: Int
    ) throws -> (wrong: [DocumentID], last: DocumentID?) {
        let page = try rows(
            "SELECT * FROM document WHERE id > ? ORDER BY id LIMIT ?",
            [Bytes(id?.bytes ?? []), limit]
        ) { (id: try $0.documentID("id"), isWrong: try isFoldWrong($0)) }
        return (page.filter(\.isWrong).map(\.id), page.last?.id)
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
                AND NOT EXISTS (SELECT 1 FROM trash WHERE trash.digest = blob.digest)
            LIMIT ?
            """, [limit]
        ).map { .blobUnreferenced(BlobRecord(digest: try $0.digest(), size: try $0.size())) }
    }
}
