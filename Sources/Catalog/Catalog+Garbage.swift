import GRDB
import Glibc
import Rules

/// What the catalogue keeps for nothing.
public struct CatalogGarbage: Sendable, Hashable {
    /// Results that no stage refers to, with their artifacts.
    public var results: Int
    /// Rows of blobs that nothing refers to.
    public var blobs: Int

    public init(results: Int, blobs: Int) {
        self.results = results
        self.blobs = blobs
    }
}

extension Catalog {
    /// Which of these blobs the catalogue has a row of, whatever refers to it.
    ///
    /// Blocks on the disk.
    public func recorded(
        among digests: [ContentDigest]
    ) throws(CatalogError) -> Set<ContentDigest> {
        try readBlocking("look up blobs") { db in
            try db.filter(digests, "SELECT 1 FROM blob WHERE digest = ?1")
        }
    }

    /// The same, and that outlasts a power cut: for who is about to remove those without a row.
    ///
    /// A row may have gone in a commit that is not synced yet. If it came back, it would name a
    /// blob that is gone.
    public func recordedForGood(
        among digests: [ContentDigest]
    ) throws(CatalogError) -> Set<ContentDigest> {
        let recorded = try recorded(among: digests)
        if recorded.count < digests.count { try syncLog() }
        return recorded
    }

    /// Makes all commits durable that there have been so far, whoever made them.
    private func syncLog() throws(CatalogError) {
        let log = queue.path + "-wal"
        do {
            let file = Glibc.open(log, O_RDONLY | O_CLOEXEC)
            guard file >= 0 else {
                // All of it is in the database then, and was synced before the log went.
                guard errno == ENOENT else { throw CopyError("open \(log)") }
                return
            }
            defer { Glibc.close(file) }
            guard fsync(file) == 0 else { throw CopyError("sync \(log)") }
        } catch {
            throw CatalogError("sync the catalogue", error)
        }
    }

    /// Which of these blobs a document has, or a result that a stage refers to, deleted ones included.
    ///
    /// Blocks on the disk.
    public func used(among digests: [ContentDigest]) throws(CatalogError) -> Set<ContentDigest> {
        try readBlocking("look up blobs") { db in
            try db.filter(
                digests,
                """
                SELECT 1 FROM document WHERE digest = ?1
                UNION ALL
                SELECT 1 FROM trash WHERE digest = ?1
                UNION ALL
                SELECT 1 FROM artifact JOIN stage ON stage.resultId = artifact.resultId
                WHERE artifact.digest = ?1
                UNION ALL
                SELECT 1 FROM artifact JOIN trashStage ON trashStage.resultId = artifact.resultId
                WHERE artifact.digest = ?1
                LIMIT 1
                """)
        }
    }

    /// Counts what ``removeGarbage()`` would remove.
    public func garbage() async throws(CatalogError) -> CatalogGarbage {
        try await read("count what is of no use") { try $0.garbage() }
    }

    /// Removes the results that no stage refers to, and the rows of blobs that nothing refers to
    /// then; returns how many. For the one process that writes the catalogue.
    public func removeGarbage() async throws(CatalogError) -> CatalogGarbage {
        try await write("remove what is of no use") { db in
            let garbage = try db.garbage()
            try db.run("DELETE FROM stageResult WHERE \(Database.isUnusedResult)")
            try db.run("DELETE FROM blob WHERE \(Database.isUnusedBlob)")
            return garbage
        }
    }
}

extension Database {
    fileprivate static let isUnusedResult = """
        NOT EXISTS (SELECT 1 FROM stage WHERE stage.resultId = stageResult.id)
        AND NOT EXISTS (SELECT 1 FROM trashStage WHERE trashStage.resultId = stageResult.id)
        """

    fileprivate static let isUnusedBlob = """
        NOT EXISTS (SELECT 1 FROM document WHERE document.digest = blob.digest)
        AND NOT EXISTS (SELECT 1 FROM trash WHERE trash.digest = blob.digest)
        AND NOT EXISTS (SELECT 1 FROM artifact JOIN stage ON stage.resultId = artifact.resultId
            WHERE artifact.digest = blob.digest)
        AND NOT EXISTS (SELECT 1 FROM artifact
            JOIN trashStage ON trashStage.resultId = artifact.resultId
            WHERE artifact.digest = blob.digest)
        """

    fileprivate func garbage() throws -> CatalogGarbage {
        CatalogGarbage(
            results: try number("SELECT count(*) FROM stageResult WHERE \(Self.isUnusedResult)"),
            blobs: try number("SELECT count(*) FROM blob WHERE \(Self.isUnusedBlob)"))
    }

    /// The digests for which the query finds a row.
    fileprivate func filter(
        _ digests: [ContentDigest], _ query: String
    ) throws -> Set<ContentDigest> {
        try digests.reduce(into: []) { found, digest in
            if try row(query, [digest.asBytes]) != nil { found.insert(digest) }
        }
    }

    /// Removes the rows of blobs that an artifact or a deleted document had, unless something else
    /// refers to them, and notes that their bytes may go.
    func forgetBlobs(_ digests: [ContentDigest]) throws {
        for digest in digests {
            try run(
                """
                DELETE FROM blob WHERE digest = ?1
                    AND NOT EXISTS (SELECT 1 FROM document WHERE digest = ?1)
                    AND NOT EXISTS (SELECT 1 FROM artifact WHERE digest = ?1)
                    AND NOT EXISTS (SELECT 1 FROM stageResult WHERE digest = ?1)
                    AND NOT EXISTS (SELECT 1 FROM trash WHERE digest = ?1)
                """, [digest.asBytes])
            guard changesCount > 0 else { continue }
            try run(
                "INSERT OR REPLACE INTO unusedBlob (digest, dueAt) VALUES (?, 0)",
                [digest.asBytes])
        }
    }
}
