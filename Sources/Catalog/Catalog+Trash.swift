import GRDB
import Rules

// What happens to a document after its deletion, which `carryOut` decides.
extension Catalog {
    /// At so many files no further document is forgotten in the same commit: nobody is to wait for the
    /// pictures of a thousand pages, sixteen times.
    private static let filesAtOnce = 2000

    /// Brings a deleted document back under its name, charged anew, with its publication to run; for
    /// good once this returns.
    ///
    /// Of several that bore the name the one that was deleted last.
    ///
    /// - Parameters:
    ///   - version: the number that it had as an older document of the name; nil for the newest.
    ///   - file: the file that asks.
    ///   - inboxLimit: what the inbox alone may hold.
    public func restore(
        by file: DropIdentity, about path: BeneathPath, version: Int?, uid: UInt32,
        inbox: [UInt8], limit: QuotaLimit, inboxLimit: QuotaLimit = .unlimited, now: Timestamp
    ) async throws(CatalogError) -> RestoreOutcome {
        try await write("restore a document") { db in
            guard
                let trashed = try db.trashed(
                    uid: uid, inbox: inbox, path: path, version: version, now: now)
            else { return .notThere }
            // A crash has left it there, and it was deleted again since.
            if try db.hasGranted(file, toTrashed: trashed.id) { return .repeated(trashed.id) }
            // Whoever asks is to hear of the document that has the name.
            if version == nil,
                try db.currentDocument(uid: uid, inbox: inbox, path: path) != nil
            {
                return .notThere
            }
            let usage = try db.usage(of: uid)
            let here = inboxLimit == .unlimited ? .zero : try db.usage(of: uid, inbox)
            let request = QuotaUsage.oneFile(trashed.size)
            let decision = limit.decision(on: request, beside: usage.used + usage.reserved)
                .and(inboxLimit.decision(on: request, beside: here).ofInbox)
            guard decision == .granted else { return .noRoom(trashed, decision) }
            return .restored(try db.takeOut(trashed, by: file, now: now))
        }
    }

    /// Whether a document of this name is there, in whatever version, or can be restored.
    public func isKnown(
        inbox: [UInt8], path: BeneathPath, now: Timestamp
    ) async throws(CatalogError) -> Bool {
        try await read("look up a name") { db in
            try db.number(
                """
                SELECT EXISTS (SELECT 1 FROM document WHERE inbox = ?1 AND path = ?2)
                    OR EXISTS (SELECT 1 FROM account JOIN trash INDEXED BY trashPath
                        ON trash.uid = account.uid
                        WHERE inbox = ?1 AND path = ?2 AND expiresAt > ?3)
                """, [Bytes(inbox), path.asBytes, now.milliseconds]) != 0
        }
    }

    /// The files that may stand in a deleted document's results folder: what was last published, and what
    /// its stages have made since. A name may be among them with several sizes.
    public func publishedFiles(
        ofTrashed id: DocumentID
    ) async throws(CatalogError) -> [PublishedFile] {
        try await read("list the files of \(id)") { db in
            try db.publishedFiles(
                """
                SELECT artifact.name AS name, artifact.size AS size FROM trashStage
                JOIN artifact ON artifact.resultId = trashStage.resultId
                WHERE trashStage.documentId = ?1
                UNION
                SELECT \(Database.namesAndSizes) FROM trash, \(Database.filesOfResult)
                WHERE trash.id = ?1
                """, of: id)
        }
    }

    /// The files that were last published of a document; none before the first time.
    public func publishedFiles(
        of id: DocumentID
    ) async throws(CatalogError) -> [PublishedFile] {
        try await read("list the files of \(id)") { db in
            try db.publishedFiles(
                """
                SELECT \(Database.namesAndSizes) FROM document, \(Database.filesOfResult)
                WHERE document.id = ?1
                """, of: id)
        }
    }

    /// The deleted documents of an account's inbox of which something is still to be removed, oldest
    /// first.
    public func owedDeletions(
        uid: UInt32, inbox: [UInt8]
    ) async throws(CatalogError) -> [TrashRecord] {
        try await read("list deletions to finish") { db in
            try db.rows(
                """
                SELECT * FROM trash INDEXED BY trashOwed
                WHERE (isToTidy = 1 OR importedRows = 'leaving') AND uid = ? AND inbox = ?
                ORDER BY id
                """, [uid, Bytes(inbox)]
            ).map { try $0.trashRecord() }
        }
    }

    /// A deleted document; nil where it was restored or is gone for good.
    public func trashed(_ id: DocumentID) async throws(CatalogError) -> TrashRecord? {
        try await read("read deleted document \(id)") { db in
            try db.row("SELECT * FROM trash WHERE id = ?", [id.asBytes])?.trashRecord()
        }
    }

    /// A page of all that was deleted and is still kept, by id.
    public func allTrashed(
        after id: DocumentID? = nil, limit: Int
    ) async throws(CatalogError) -> [TrashRecord] {
        try await read("list deleted documents") { db in
            try db.rows(
                "SELECT * FROM trash WHERE id > ? ORDER BY id LIMIT ?",
                [Bytes(id?.bytes ?? []), limit]
            ).map { try $0.trashRecord() }
        }
    }

    /// Notes that nothing of a deleted document stands in its inbox any more.
    ///
    /// For good: what bears the same names later belongs to another document.
    public func tidied(_ id: DocumentID) async throws(CatalogError) {
        try await write("note that \(id) is tidied away") { db in
            try db.run("UPDATE trash SET isToTidy = 0 WHERE id = ?", [id.asBytes])
        }
    }

    /// Notes that the rows of a deleted document are out of the account's database.
    public func rowsRemoved(_ id: DocumentID) async throws(CatalogError) {
        try await write("note that the rows of \(id) are removed") { db in
            try db.run(
                "UPDATE trash SET importedRows = 'gone' WHERE id = ? AND importedRows = 'leaving'",
                [id.asBytes])
        }
    }

    /// Forgets deleted documents whose time is over, with what nobody else has of theirs; the blobs
    /// that nothing refers to then are noted, for ``unusedBlobs(now:limit:)``.
    ///
    /// - Returns: the documents that were forgotten, at most `limit`, and fewer where they have many
    ///   files.
    public func purge(
        now: Timestamp, limit: Int
    ) async throws(CatalogError) -> [TrashRecord] {
        try await write("empty the trash") { db in
            let expired = try db.rows(
                """
                SELECT * FROM trash INDEXED BY trashExpiry
                WHERE isToTidy = 0 AND importedRows <> 'leaving' AND expiresAt <= ?
                ORDER BY expiresAt, id LIMIT ?
                """, [now.milliseconds, limit]
            ).map { try $0.trashRecord() }
            var purged: [TrashRecord] = []
            var files = 0
            for trashed in expired where files < Self.filesAtOnce {
                files += try db.purge(trashed)
                purged.append(trashed)
            }
            return purged
        }
    }

    /// Blobs that nothing referred to when they were noted, and whose time to be looked at has come.
    public func unusedBlobs(
        now: Timestamp, limit: Int
    ) async throws(CatalogError) -> [ContentDigest] {
        try await read("list unused blobs") { db in
            try db.rows(
                "SELECT digest FROM unusedBlob WHERE dueAt <= ? ORDER BY dueAt LIMIT ?",
                [now.milliseconds, limit]
            ).map { try $0.digest() }
        }
    }

    /// Notes what became of blobs that nothing referred to: some are to be looked at again.
    ///
    /// Not synced: what is looked at once more comes to the same.
    public func lookedAtUnused(
        _ done: [ContentDigest], again later: [ContentDigest], at moment: Timestamp
    ) async throws(CatalogError) {
        try await writeRelaxed("note what became of unused blobs") { db in
            for digest in done {
                try db.run("DELETE FROM unusedBlob WHERE digest = ?", [digest.asBytes])
            }
            for digest in later {
                try db.run(
                    "UPDATE unusedBlob SET dueAt = ? WHERE digest = ?",
                    [moment.milliseconds, digest.asBytes])
            }
        }
    }

    /// When something in the trash, or of what was in it, is next to be looked at; nil where nothing is.
    public func nextTrashDate() async throws(CatalogError) -> Timestamp? {
        try await read("find the trash's next date") { db in
            let dates = try [
                """
                SELECT expiresAt AS date FROM trash INDEXED BY trashExpiry
                WHERE isToTidy = 0 AND importedRows <> 'leaving' ORDER BY expiresAt LIMIT 1
                """,
                "SELECT dueAt AS date FROM unusedBlob ORDER BY dueAt LIMIT 1",
            ].compactMap { try db.row($0)?.moment("date") }
            return dates.min()
        }
    }

    /// What an account's trash holds, by the sizes of the originals.
    public func trashUsage(of uid: UInt32) async throws(CatalogError) -> QuotaUsage {
        try await read("read the trash of \(uid)") { try $0.trashUsage(of: uid) }
    }
}

extension Database {
    /// The list of files at the end of a document's `result`. Rule: docs/formats.md, "Status files".
    fileprivate static let filesOfResult =
        "json_each(iif(json_valid(result), result, '{}'), '$.files') AS file"
    fileprivate static let namesAndSizes =
        "json_extract(file.value, '$.name') AS name, json_extract(file.value, '$.size') AS size"

    fileprivate func publishedFiles(
        _ query: String, of id: DocumentID
    ) throws -> [PublishedFile] {
        try rows(query, [id.asBytes]).map {
            PublishedFile(name: try $0.text("name"), size: try $0.size())
        }
    }
}
