import GRDB
import Rules

extension Catalog {
    /// The newest document of a name; nil where there is none.
    public func currentDocument(
        uid: UInt32, inbox: [UInt8], path: BeneathPath
    ) async throws(CatalogError) -> DocumentRecord? {
        try await document(uid: uid, inbox: inbox, path: path, version: nil)
    }

    /// The document of a name that bears a number; the newest for nil.
    public func document(
        uid: UInt32, inbox: [UInt8], path: BeneathPath, version: Int?
    ) async throws(CatalogError) -> DocumentRecord? {
        try await read("look up a name") { db in
            try db.document(uid: uid, inbox: inbox, path: path, version: version)
        }
    }

    /// The documents of an inbox, newest first.
    ///
    /// - Parameter path: only those of this name.
    public func documents(
        inbox: [UInt8], path: BeneathPath? = nil, limit: Int
    ) async throws(CatalogError) -> [DocumentRecord] {
        try await read("list documents") { db in
            let narrowing = path == nil ? "" : "AND path = ?"
            let names = [Bytes(inbox)] + (path.map { [$0.asBytes] } ?? [])
            return try db.rows(
                "SELECT * FROM document WHERE inbox = ? \(narrowing) ORDER BY id DESC LIMIT ?",
                names.map { $0 } + [limit]
            ).map(db.document)
        }
    }

    /// The documents of an account's inbox that wait for their turn, in the order in which they have
    /// it, and then those that wait for a time.
    ///
    /// - Parameter last: the end of the page before.
    public func waitingDocuments(
        uid: UInt32, inbox: [UInt8], after last: DocumentRecord? = nil, limit: Int
    ) async throws(CatalogError) -> [DocumentRecord] {
        try await read("list waiting documents") { db in
            let due = last?.job.nextDue
            if let due, due != Job.alreadyDue {
                return try db.laterDocuments(
                    uid, inbox, after: due, last?.id.bytes ?? [], limit: limit)
            }
            let page = try db.rows(
                """
                SELECT * FROM document INDEXED BY documentTurn
                WHERE dueAt = 0 AND uid = ? AND inbox = ? AND (place, id) > (?, ?)
                ORDER BY place, id LIMIT ?
                """,
                [
                    uid, Bytes(inbox), last?.place.milliseconds ?? -1,
                    Bytes(last?.id.bytes ?? []), limit,
                ]
            ).map(db.document)
            guard page.isEmpty else { return page }
            return try db.laterDocuments(uid, inbox, after: Job.alreadyDue, [], limit: limit)
        }
    }

    /// A page of all documents, oldest first.
    ///
    /// - Parameter id: where the page before ended.
    public func allDocuments(
        after id: DocumentID? = nil, limit: Int
    ) async throws(CatalogError) -> [DocumentRecord] {
        try await read("list all documents") { db in
            try db.rows(
                "SELECT * FROM document WHERE id > ? ORDER BY id LIMIT ?",
                [Bytes(id?.bytes ?? []), limit], reading: db.document)
        }
    }

    /// The documents whose results hold this content, and as which artifact; nil where it is what
    /// was dropped.
    public func publishedCopies(
        of digest: ContentDigest, limit: Int
    ) async throws(CatalogError) -> [(document: DocumentRecord, artifact: String?)] {
        try await read("find copies of \(digest)") { db in
            try db.rows(
                """
                SELECT id AS documentId, NULL AS name FROM document WHERE digest = ?1
                UNION ALL
                SELECT stage.documentId, artifact.name FROM artifact
                JOIN stage ON stage.resultId = artifact.resultId WHERE artifact.digest = ?1
                LIMIT ?2
                """, [digest.asBytes, limit]
            ).compactMap { row in
                try db.document(row.documentID("documentId")).map { ($0, row["name"] as String?) }
            }
        }
    }

    /// How many documents stand in each state; states that none is in are left out.
    ///
    /// - Parameter inbox: only those of this inbox.
    public func counts(
        inbox: [UInt8]? = nil
    ) async throws(CatalogError) -> [DocumentState: Int] {
        try await read("count documents") { db in
            let narrowing = inbox == nil ? "" : "AND inbox = ?"
            let rows = try db.rows(
                """
                SELECT state, sum(count) AS count FROM documentCount
                WHERE count <> 0 \(narrowing) GROUP BY state
                """, inbox.map { [Bytes($0)] } ?? [])
            return try rows.reduce(into: [:]) { counts, row in
                let state: DocumentState = try row.named("state")
                counts[state] = try row.int("count")
            }
        }
    }

    /// What an account is charged and what is in flight; zero for one that never dropped anything.
    public func usage(of uid: UInt32) async throws(CatalogError) -> AccountUsage {
        try await read("read usage of \(uid)") { db in try db.usage(of: uid) }
    }

    /// The same with all that belongs to it.
    public func standing(of uid: UInt32) async throws(CatalogError) -> AccountStanding {
        try await read("read the standing of \(uid)") { db in try db.standing(of: uid) }
    }

    /// The same for all accounts that were ever charged or hold room, by uid.
    public func standings() async throws(CatalogError) -> [AccountStanding] {
        try await read("read the standing of all accounts") { db in
            try db.rows(
                """
                SELECT uid FROM account UNION SELECT uid FROM reservation
                UNION SELECT uid FROM held ORDER BY uid
                """
            ).map { try db.standing(of: $0.uid()) }
        }
    }

    /// A page of the blobs that the catalogue knows, by digest.
    ///
    /// - Parameter digest: where the page before ended.
    public func blobs(
        after digest: ContentDigest? = nil, limit: Int
    ) async throws(CatalogError) -> [BlobRecord] {
        try await read("list blobs") { db in
            try db.rows(
                "SELECT * FROM blob WHERE digest > ? ORDER BY digest LIMIT ?",
                [Bytes(digest?.bytes ?? []), limit]
            ).map { BlobRecord(digest: try $0.digest(), size: try $0.size()) }
        }
    }
}

extension Database {
    fileprivate func standing(of uid: UInt32) throws -> AccountStanding {
        let kinds = try rows(
            """
            SELECT kind, sum(bytes) AS bytes, sum(files) AS files FROM charge
            WHERE uid = ? GROUP BY kind HAVING sum(files) <> 0
            """, [Int(uid)])
        let held = try row(
            """
            SELECT coalesce(sum(bytes), 0) AS bytes, coalesce(sum(files), 0) AS files FROM held
            WHERE uid = ?
            """, [Int(uid)])
        return AccountStanding(
            usage: try usage(of: uid),
            held: try held?.usage() ?? .zero,
            kinds: try kinds.reduce(into: [:]) { kinds, row in
                let kind: DropKind = try row.named("kind")
                kinds[kind] = try row.usage()
            },
            derived: try derived(of: uid))
    }

    fileprivate func laterDocuments(
        _ uid: UInt32, _ inbox: [UInt8], after due: Timestamp, _ id: [UInt8], limit: Int
    ) throws -> [DocumentRecord] {
        try rows(
            """
            SELECT * FROM document INDEXED BY documentLater
            WHERE dueAt > 0 AND uid = ? AND inbox = ? AND (dueAt, id) > (?, ?)
            ORDER BY dueAt, id LIMIT ?
            """, [uid, Bytes(inbox), due.milliseconds, Bytes(id), limit]
        ).map(document)
    }
}
