import GRDB
import Rules

/// A document that is over, as far as its age and its name go.
public struct OverDocument: Sendable, Hashable {
    public var id: DocumentID
    public var path: BeneathPath
    public var completedAt: Timestamp
}

extension Catalog {
    /// Deletes a document by itself, as nobody asked.
    ///
    /// - Parameter isStill: whether it is still one that is to go; must be pure.
    /// - Returns: ``RequestOutcome/noDocument`` where it is not.
    public func delete(
        _ id: DocumentID, _ terms: DeletionTerms, now: Timestamp,
        _ isStill: @escaping @Sendable (DocumentRecord) -> Bool
    ) async throws(CatalogError) -> RequestOutcome {
        try await write("delete \(id)") { db in
            guard let document = try db.document(id), isStill(document) else { return .noDocument }
            guard document.standing.state.isOver,
                try db.obstacle(toDeleting: document, terms) == nil
            else { return .later }
            return .deleted(try db.delete(document, terms, by: nil, now: now))
        }
    }

    /// A page of the documents of an account's inbox that were over by a moment, the first first.
    ///
    /// - Parameters:
    ///   - start: those that were over by then are left out.
    ///   - last: the end of the page before.
    ///   - succeeded: whether failed ones are left out.
    public func documentsOver(
        uid: UInt32, inbox: [UInt8], from start: Timestamp? = nil, after last: OverDocument?,
        upTo moment: Timestamp, succeeded: Bool, limit: Int
    ) async throws(CatalogError) -> [OverDocument] {
        try await read("list documents that are over") { db in
            try db.rows(
                """
                SELECT id, path, completedAt FROM document INDEXED BY documentOver
                WHERE completedAt IS NOT NULL AND inbox = ? AND completedAt <= ?
                    AND completedAt > ? AND (completedAt, id) > (?, ?)
                    AND uid = ? \(succeeded ? "AND \(Database.hasSucceeded)" : "")
                ORDER BY completedAt, id LIMIT ?
                """,
                [
                    Bytes(inbox), moment.milliseconds, start?.milliseconds ?? -1,
                    last?.completedAt.milliseconds ?? -1, Bytes(last?.id.bytes ?? []), Int(uid),
                    limit,
                ]
            ).map { row in
                OverDocument(
                    id: try row.documentID("id"), path: try row.path(),
                    completedAt: try row.moment("completedAt"))
            }
        }
    }

    /// When the first of an account's documents in an inbox was over after a moment; nil where none was.
    ///
    /// - Parameter succeeded: whether failed ones are left out.
    public func firstCompletion(
        uid: UInt32, inbox: [UInt8], after moment: Timestamp, succeeded: Bool
    ) async throws(CatalogError) -> Timestamp? {
        try await read("find the next document to age") { db in
            try db.row(
                """
                SELECT completedAt FROM document INDEXED BY documentOver
                WHERE completedAt IS NOT NULL AND inbox = ? AND completedAt > ? AND uid = ?
                    \(succeeded ? "AND \(Database.hasSucceeded)" : "")
                ORDER BY completedAt LIMIT 1
                """, [Bytes(inbox), moment.milliseconds, Int(uid)])?.moment("completedAt")
        }
    }

    /// The documents that are more than so many older ones of their names.
    ///
    /// - Parameter names: where they are looked for; nil for the whole inbox.
    public func surplusVersions(
        uid: UInt32, inbox: [UInt8], of names: Set<BeneathPath>?, keeping count: Int, limit: Int
    ) async throws(CatalogError) -> [(id: DocumentID, path: BeneathPath)] {
        try await read("list surplus versions") { db in
            func found(in path: BeneathPath?) throws -> [(id: DocumentID, path: BeneathPath)] {
                let arguments: [(any StatementArgument)?] =
                    [Int(uid), Bytes(inbox)] + (path.map { [$0.asBytes] } ?? [])
                return try db.rows(
                    """
                    SELECT id, path FROM (
                        SELECT id, path, row_number()
                            OVER (PARTITION BY path ORDER BY version DESC) AS rank
                        FROM document INDEXED BY documentVersion
                        WHERE version IS NOT NULL AND uid = ? AND inbox = ?
                            \(path == nil ? "" : "AND path = ?"))
                    WHERE rank > ? LIMIT ?
                    """, arguments + [count, limit]
                ).map { (try $0.documentID("id"), try $0.path()) }
            }
            guard let names else { return try found(in: nil) }
            return try names.flatMap { try found(in: $0) }
        }
    }

    /// Up to when the status files of an inbox's documents that were over are removed.
    public func tidiedStatus(
        uid: UInt32, inbox: [UInt8]
    ) async throws(CatalogError) -> Timestamp? {
        try await read("read which status files are gone") { db in
            try db.row(
                "SELECT upTo FROM tidiedStatus WHERE uid = ? AND inbox = ?",
                [Int(uid), Bytes(inbox)])?.moment("upTo")
        }
    }

    /// Notes that the status files are removed of all documents that were over before a moment.
    ///
    /// Not synced: a file that is gone is merely looked for once more.
    public func noteTidiedStatus(
        uid: UInt32, inbox: [UInt8], upTo moment: Timestamp
    ) async throws(CatalogError) {
        try await writeRelaxed("note which status files are gone") { db in
            // Others may have been over within the same millisecond.
            try db.run(
                """
                INSERT INTO tidiedStatus (uid, inbox, upTo) VALUES (?1, ?2, ?3)
                ON CONFLICT (uid, inbox) DO UPDATE SET upTo = ?3
                """, [Int(uid), Bytes(inbox), moment.milliseconds - 1])
        }
    }
}

extension Database {
    /// A condition over `document`.
    fileprivate static let hasSucceeded =
        "state IN ('\(DocumentState.completed.rawValue)', "
        + "'\(DocumentState.completedWithWarnings.rawValue)')"
}
