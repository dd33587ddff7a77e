import GRDB
import Rules

extension Catalog {
    /// Notes that a committed drop's name is gone from its inbox.
    ///
    /// Not synced: a start that still finds the note sees that there is nothing left to remove.
    public func removalDone(_ document: DocumentID) async throws(CatalogError) {
        try await writeRelaxed("note removal of \(document)") { db in
            try db.run("DELETE FROM removal WHERE documentId = ?", [document.asBytes])
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

    /// Whether what stands under a name has been claimed already and merely not been removed.
    ///
    /// A leftover counts while nothing about it has changed; one whose removal is still under way
    /// while its content is the same, since that removal renames it.
    public func isLeftover(
        inbox: [UInt8], path: BeneathPath, identity: DropIdentity
    ) async throws(CatalogError) -> Bool {
        try await read("look for a leftover") { db in
            try db.rows(
                "SELECT * FROM removal WHERE inbox = ? AND path = ?", [Bytes(inbox), path.asBytes]
            ).contains { row in
                let known = try row.identity()
                let isPending = row.momentIfAny("failedAt") == nil
                return isPending ? known.isSameContent(as: identity) : known == identity
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
    fileprivate var asColumns: [(any DatabaseValueConvertible)?] {
        [
            Int64(bitPattern: device), Int64(bitPattern: inode), size.bytes, modified, changed,
        ]
    }
}
