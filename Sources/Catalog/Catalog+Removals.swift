import GRDB
import Rules

extension Catalog {
    /// Notes that committed drops' names are gone from their inbox.
    ///
    /// Not synced: a start that still finds the note sees that there is nothing left to remove.
    public func removalsDone(_ documents: [DocumentID]) async throws(CatalogError) {
        guard !documents.isEmpty else { return }
        try await writeRelaxed("note \(documents.count) removals") { db in
            for document in documents {
                try db.run("DELETE FROM removal WHERE documentId = ?", [document.asBytes])
            }
        }
    }

    /// Notes that a committed drop's name could not be removed, and what stands under it now.
    ///
    /// It is then a leftover: never claimed again while it stays like this.
    public func removalFailed(
        _ document: DocumentID, identity: DropIdentity, now: Timestamp
    ) async throws(CatalogError) {
        try await write("note failed removal of \(document)") { db in
            let columns = identity.asColumns + [now.milliseconds, document.asBytes]
            try db.run(
                """
                UPDATE removal SET device = ?, inode = ?, size = ?, modified = ?, changed = ?,
                    failedAt = ? WHERE documentId = ?
                """, columns)
            guard db.changesCount == 1 else { throw CatalogError.noSuchDocument(document) }
        }
    }

    /// The names of an account's inbox still to be removed; after a crash they are finished before
    /// anything is claimed there.
    public func pendingRemovals(
        uid: UInt32, inbox: [UInt8]
    ) async throws(CatalogError) -> [RemovalRecord] {
        try await removals("failedAt IS NULL", uid: uid, inbox: inbox)
    }

    /// The names of an account's inbox that could not be removed.
    public func leftovers(
        uid: UInt32, inbox: [UInt8]
    ) async throws(CatalogError) -> [RemovalRecord] {
        try await removals("failedAt IS NOT NULL", uid: uid, inbox: inbox)
    }

    /// The documents that speak for the names of drops which have been claimed already and merely not
    /// been removed; nil for all others.
    ///
    /// A leftover counts while nothing about it has changed; one whose removal is still under way
    /// while its content is the same, since that removal renames it.
    public func documentsOfLeftovers(
        uid: UInt32, inbox: [UInt8], drops: [(path: BeneathPath, identity: DropIdentity)]
    ) async throws(CatalogError) -> [DocumentID?] {
        try await read("look for leftovers") { db in
            try drops.map { path, identity in
                guard try db.isLeftover(inbox: inbox, path: path, identity: identity) else {
                    return nil
                }
                return try db.currentDocument(uid: uid, inbox: inbox, path: path)?.id
            }
        }
    }

    private func removals(
        _ condition: String, uid: UInt32, inbox: [UInt8]
    ) async throws(CatalogError) -> [RemovalRecord] {
        try await read("list removals") { db in
            try db.rows(
                """
                SELECT * FROM removal WHERE inbox = ? AND uid = ? AND \(condition)
                ORDER BY documentId
                """, [Bytes(inbox), uid]
            ).map { row in
                RemovalRecord(
                    document: try row.documentID("documentId"), uid: try row.uid(),
                    inbox: try row.bytes("inbox"), path: try row.path(),
                    identity: try row.identity(), failedAt: row.momentIfAny("failedAt"))
            }
        }
    }
}

extension Database {
    fileprivate func isLeftover(
        inbox: [UInt8], path: BeneathPath, identity: DropIdentity
    ) throws -> Bool {
        try rows(
            "SELECT * FROM removal WHERE inbox = ? AND path = ?", [Bytes(inbox), path.asBytes]
        ).contains { row in
            let known = try row.identity()
            let isPending = row.momentIfAny("failedAt") == nil
            return isPending ? known.isSameContent(as: identity) : known == identity
        }
    }

    /// Notes that the drop's name is to be removed, in the place of what was noted before.
    func noteRemoval(_ id: DocumentID, of document: NewDocument) throws {
        try run(
            """
            INSERT OR REPLACE INTO removal (documentId, uid, inbox, path, device, inode, size,
                modified, changed, failedAt)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)
            """,
            [
                id.asBytes, Int(document.account.uid), Bytes(document.inbox),
                document.path.asBytes,
            ] + document.identity.asColumns)
    }
}

extension DropIdentity {
    /// Device, inode, size, modified, changed; the first two as signed numbers of the same bits.
    fileprivate var asColumns: [(any StatementArgument)?] {
        [
            Int64(bitPattern: device), Int64(bitPattern: inode), size.bytes, modified, changed,
        ]
    }
}
