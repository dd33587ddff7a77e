import GRDB
import Rules

// Deleting, restoring and forgetting documents inside a transaction.
extension Database {
    /// Makes a document one that was deleted: its charge goes, and what it has is kept in the trash.
    ///
    /// Its sidecars are to be removed from then on.
    func delete(
        _ document: DocumentRecord, _ terms: DeletionTerms, by file: String?, now: Timestamp
    ) throws -> TrashRecord {
        let rows: ImportedRows
        if document.stage(.tableImport) == nil {
            rows = .none
        } else {
            rows = terms.removesRows ? .leaving : .kept
        }
        let id = document.id.asBytes
        let expiresAt = max(Timestamp(milliseconds: 1), now + terms.keptFor)
        try run(
            """
            INSERT INTO trash (id, uid, inbox, path, kind, size, digest, proof, receivedAt, version,
                warnings, result, requestFile, grantedFile, modified, deletedAt, expiresAt,
                isToTidy, importedRows)
            SELECT id, uid, inbox, path, kind, size, digest, proof, receivedAt, version, warnings,
                result, ?, requestFile, modified, ?, ?, 1, ? FROM document WHERE id = ?
            """, [file, now.milliseconds, expiresAt.milliseconds, rows.rawValue, id])
        try run(
            """
            INSERT INTO trashStage (\(Schema.stageColumns))
            SELECT \(Schema.stageColumns) FROM stage WHERE documentId = ?
            """, [id])
        try run("DELETE FROM document WHERE id = ?", [id])
        if rows == .kept { try run("INSERT INTO keptImport (documentId) VALUES (?)", [id]) }
        try run(
            """
            UPDATE account SET usedBytes = usedBytes - ?2, usedFiles = usedFiles - 1,
                trashBytes = trashBytes + ?2, trashFiles = trashFiles + 1 WHERE uid = ?1
            """, [Int(document.uid), document.size.bytes])
        try makeRoomInTrash(of: document.uid, terms.bound)
        guard let trashed = try row("SELECT * FROM trash WHERE id = ?", [id]) else {
            throw CatalogError.noSuchDocument(document.id)
        }
        return try trashed.trashRecord()
    }

    func trashUsage(of uid: UInt32) throws -> QuotaUsage {
        let sums = try row(
            "SELECT trashBytes AS bytes, trashFiles AS files FROM account WHERE uid = ?",
            [Int(uid)])
        guard let sums else { return .zero }
        return try sums.usage()
    }

    /// Lets the oldest expire until what is left fits.
    private func makeRoomInTrash(of uid: UInt32, _ bound: QuotaLimit) throws {
        var usage = try trashUsage(of: uid)
        // The trash is part of what an account's files may lead to, and the first to go.
        func isPastCap() throws -> Bool {
            guard let cap = bound.derivedBytes else { return false }
            return try derived(of: uid).total > cap
        }
        while try !bound.holds(usage) || isPastCap(),
            let oldest = try row(
                """
                SELECT id, size FROM trash INDEXED BY trashOldest
                WHERE expiresAt > 0 AND uid = ? ORDER BY deletedAt, id LIMIT 1
                """, [Int(uid)])
        {
            let size = try oldest.size()
            try expire(try oldest.documentID("id"), size: size, of: uid)
            usage = QuotaUsage(bytes: usage.bytes - size, files: usage.files - 1)
        }
    }

    /// Takes a document out of what the trash is said to hold.
    private func expire(_ id: DocumentID, size: ByteCount, of uid: UInt32) throws {
        try run("UPDATE trash SET expiresAt = 0 WHERE id = ? AND expiresAt > 0", [id.asBytes])
        guard changesCount > 0 else { return }
        try run(
            """
            UPDATE account SET trashBytes = trashBytes - ?2, trashFiles = trashFiles - 1
            WHERE uid = ?1
            """, [Int(uid), size.bytes])
    }

    /// The document of a name that was deleted last and can be restored.
    func trashed(
        uid: UInt32, inbox: [UInt8], path: BeneathPath, version: Int?, now: Timestamp
    ) throws -> TrashRecord? {
        try row(
            """
            SELECT * FROM trash INDEXED BY trashPath
            WHERE uid = ? AND inbox = ? AND path = ? AND version IS ? AND expiresAt > ?
            ORDER BY deletedAt DESC, id DESC LIMIT 1
            """, [Int(uid), Bytes(inbox), path.asBytes, version, now.milliseconds]
        )?.trashRecord()
    }

    /// The deleted document that this file asked to be deleted.
    func trashed(
        by file: String, uid: UInt32, inbox: [UInt8], path: BeneathPath
    ) throws -> DocumentID? {
        try row(
            """
            SELECT id FROM trash INDEXED BY trashPath
            WHERE uid = ? AND inbox = ? AND path = ? AND requestFile = ?
            """, [Int(uid), Bytes(inbox), path.asBytes, file]
        )?.documentID("id")
    }

    /// Whether this file had been granted what it asked of a document that was deleted since.
    func hasGranted(_ file: DropIdentity, toTrashed id: DocumentID) throws -> Bool {
        try number(
            "SELECT EXISTS (SELECT 1 FROM trash WHERE id = ? AND grantedFile = ?)",
            [id.asBytes, file.asText]) != 0
    }

    /// Makes a deleted document one of the documents again.
    func takeOut(
        _ trashed: TrashRecord, by file: DropIdentity, now: Timestamp
    ) throws -> DocumentRecord {
        let id = trashed.id.asBytes
        try expire(trashed.id, size: trashed.size, of: trashed.uid)
        try run(
            """
            INSERT INTO document (id, uid, inbox, path, kind, size, digest, proof, receivedAt,
                version, warnings, result, requestFile, deletionFile, modified, state)
            SELECT id, uid, inbox, path, kind, size, digest, proof, receivedAt, ?, warnings, result,
                ?, requestFile, modified, ? FROM trash WHERE id = ?
            """,
            [
                try freeVersion(for: trashed), file.asText, DocumentState.queued.rawValue, id,
            ])
        try run(
            """
            INSERT INTO stage (\(Schema.stageColumns))
            SELECT \(Schema.stageColumns) FROM trashStage WHERE documentId = ?
            """, [id])
        try run("DELETE FROM trash WHERE id = ?", [id])
        try run("DELETE FROM keptImport WHERE documentId = ?", [id])
        try charge(trashed.size, to: trashed.uid)
        guard let document = try document(trashed.id) else {
            throw CatalogError.noSuchDocument(trashed.id)
        }
        try publishAnew(document, importing: trashed.importedRows.areToComeBack)
        try queueAnew(document, now: now)
        return try refold(document.id, at: now)
    }

    /// The number that it had as an older document, or the next one where another has that by now.
    private func freeVersion(for trashed: TrashRecord) throws -> Int? {
        guard let version = trashed.version else { return nil }
        let isTaken =
            try document(
                uid: trashed.uid, inbox: trashed.inbox, path: trashed.path, version: version) != nil
        guard isTaken else { return version }
        return try nextVersion(uid: trashed.uid, inbox: trashed.inbox, path: trashed.path)
    }

    /// Has all results written again, with the original; and the rows, where they were removed.
    private func publishAnew(_ document: DocumentRecord, importing: Bool) throws {
        for stage in document.stages {
            switch stage.plan.name {
            case .publish:
                var plan = stage.plan
                plan.parameters = StagePlan.withOriginal
                try resetStage(plan, of: document)
            case .tableImport where importing, .qr where importing:
                try resetStage(stage.plan, of: document, isAnew: true)
            default: continue
            }
        }
    }

    /// Forgets a deleted document for good.
    ///
    /// - Returns: how many files its stages had made.
    func purge(_ trashed: TrashRecord) throws -> Int {
        try expire(trashed.id, size: trashed.size, of: trashed.uid)
        let results = try rows(
            """
            SELECT resultId FROM trashStage WHERE documentId = ?1 AND resultId IS NOT NULL
            UNION SELECT id FROM stageResult WHERE uid = ?2 AND digest = ?3 AND scope = ?1
            """, [trashed.id.asBytes, Int(trashed.uid), trashed.digest.asBytes]
        ).compactMap { $0["resultId"] as Int64? }
        let files = try number(
            """
            SELECT count(*) FROM trashStage JOIN artifact ON artifact.resultId = trashStage.resultId
            WHERE documentId = ?
            """, [trashed.id.asBytes])
        try run("DELETE FROM trash WHERE id = ?", [trashed.id.asBytes])
        for result in results { try forgetResult(result) }
        try forgetStaleResults(of: trashed)
        try forgetBlobs([trashed.digest])
        return files
    }

    /// Forgets what the account's stages made of a content under other settings, once it has no
    /// document of that content any more.
    private func forgetStaleResults(of trashed: TrashRecord) throws {
        let isHeld =
            try number(
                """
                SELECT EXISTS (SELECT 1 FROM document INDEXED BY documentContent
                        WHERE digest = ?1 AND uid = ?2)
                    OR EXISTS (SELECT 1 FROM trash INDEXED BY trashDigest
                        WHERE digest = ?1 AND uid = ?2)
                """, [trashed.digest.asBytes, Int(trashed.uid)]) != 0
        guard !isHeld else { return }
        let left = try rows(
            "SELECT id FROM stageResult WHERE uid = ? AND digest = ?",
            [Int(trashed.uid), trashed.digest.asBytes])
        for row in left {
            if let id = row["id"] as Int64? { try forgetResult(id) }
        }
    }
}

extension ImportedRows {
    /// Whether a restored document has to import its rows again.
    fileprivate var areToComeBack: Bool {
        switch self {
        case .none, .kept: false
        case .leaving, .gone: true
        }
    }
}

extension QuotaLimit {
    fileprivate func holds(_ usage: QuotaUsage) -> Bool {
        (bytes.map { usage.bytes <= $0 } ?? true) && (files.map { usage.files <= $0 } ?? true)
    }
}

extension Row {
    /// A row of `trash`.
    func trashRecord() throws -> TrashRecord {
        TrashRecord(
            id: try documentID("id"), uid: try uid(), inbox: try bytes("inbox"), path: try path(),
            kind: try named("kind"), size: try size(), digest: try digest(),
            version: self["version"], deletedAt: try moment("deletedAt"),
            expiresAt: try moment("expiresAt"), isToTidy: try flag("isToTidy"),
            importedRows: try named("importedRows"))
    }
}
