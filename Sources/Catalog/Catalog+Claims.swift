import GRDB
import Rules

extension Catalog {
    /// How long a reservation is kept for a claim that does not end.
    public static let reservationLifetime = Duration.seconds(3600)

    /// Holds room for claims, one after the other, as far as what the account has and what is in
    /// flight leave it.
    ///
    /// Usage and reservations are added up and the new ones written in one transaction, so that no
    /// number of claims side by side passes the limit. Not synced: a start cancels them all anyway.
    ///
    /// - Parameters:
    ///   - claims: the ids that the documents will bear, which name the reservations too, and their
    ///     sizes.
    ///   - inbox: its absolute path, as bytes, and what it alone may hold.
    /// - Returns: the decision for each, in the same order.
    public func reserve(
        _ claims: [(id: DocumentID, size: ByteCount)], account: Account,
        inbox: (path: [UInt8], limit: QuotaLimit) = ([], .unlimited), limit: QuotaLimit,
        now: Timestamp
    ) async throws(CatalogError) -> [QuotaDecision] {
        try await writeRelaxed("reserve for \(claims.count) claims") { db in
            let usage = try db.usage(of: account.uid)
            var taken = usage.used + usage.reserved
            let isInboxLimited = inbox.limit != .unlimited
            var takenHere = isInboxLimited ? try db.usage(of: account.uid, inbox.path) : .zero
            return try claims.map { id, size in
                let request = QuotaUsage.oneFile(size)
                let decision = limit.decision(on: request, beside: taken)
                    .and(inbox.limit.decision(on: request, beside: takenHere).ofInbox)
                guard decision == .granted else { return decision }
                taken = taken + request
                takenHere = takenHere + request
                try db.hold(request, for: id, of: account, in: inbox.path, now: now)
                return decision
            }
        }
    }

    /// Holds no room at all for claims of bytes that are charged already: they may be committed while
    /// their names still have those bytes, and are lost claims else.
    public func reserveNothing(
        for claims: [DocumentID], account: Account, inbox: [UInt8], now: Timestamp
    ) async throws(CatalogError) {
        try await writeRelaxed("reserve for \(claims.count) claims of known bytes") { db in
            for id in claims { try db.hold(.zero, for: id, of: account, in: inbox, now: now) }
        }
    }

    /// What the newest documents of some names hold, where that is as long as the drops there are; nil
    /// where it is not, or where the name has no document.
    ///
    /// - Returns: for each in the same order.
    public func contents(
        uid: UInt32, inbox: [UInt8], asLongAs drops: [(path: BeneathPath, size: ByteCount)]
    ) async throws(CatalogError) -> [ContentDigest?] {
        try await read("look for known bytes") { db in
            try drops.map { path, size in
                try db.row(
                    """
                    SELECT digest FROM document INDEXED BY documentCurrent
                    WHERE uid = ? AND inbox = ? AND path = ? AND version IS NULL AND size = ?
                    """, [Int(uid), Bytes(inbox), path.asBytes, size.bytes]
                )?.digest()
            }
        }
    }

    /// Gives back what a claim held; one that holds nothing any more is left in peace.
    public func cancelReservation(_ id: DocumentID) async throws(CatalogError) {
        try await writeRelaxed("cancel reservation \(id)") { db in try db.removeReservation(id) }
    }

    /// Gives back all that was held when ingestd ended; returns how many claims that were.
    ///
    /// Which drops found no room is then to be found out again.
    public func cancelAllReservations() async throws(CatalogError) -> Int {
        try await write("cancel all reservations") { db in
            try db.run("DELETE FROM held")
            try db.run("DELETE FROM reservation")
            return db.changesCount
        }
    }

    /// Notes the drops of an inbox that found no room. Not synced: a start counts them anew.
    public func noteHeld(
        _ held: QuotaUsage, uid: UInt32, inbox: [UInt8]
    ) async throws(CatalogError) {
        try await writeRelaxed("note what is held") { db in
            try db.run(
                "DELETE FROM held WHERE uid = ? AND inbox = ?", [Int(uid), Bytes(inbox)])
            guard held != .zero else { return }
            try db.run(
                "INSERT INTO held (uid, inbox, bytes, files) VALUES (?, ?, ?, ?)",
                [Int(uid), Bytes(inbox), held.bytes.bytes, held.files])
        }
    }

    /// How many claims hold room.
    public func reservationCount() async throws(CatalogError) -> Int {
        try await read("count reservations") { try $0.number("SELECT count(*) FROM reservation") }
    }

    /// Gives back what was held for claims that did not end in time; returns how many.
    public func expireReservations(now: Timestamp) async throws(CatalogError) -> Int {
        try await write("expire reservations") { db in
            try db.run("DELETE FROM reservation WHERE expiresAt <= ?", [now.milliseconds])
            return db.changesCount
        }
    }

    /// Turns claims into documents, in one commit: of each its row, its stages, its charge, and the
    /// note that the drop's name is to be removed; all of it or nothing.
    ///
    /// The blobs must be in the store. What the account has made of the same blob already is taken
    /// over, so that those stages are complete at once.
    ///
    /// - Returns: for each in the same order, the document or why there is none:
    ///   ``CatalogError/reservationLost(_:)`` where the room is not held any more, so that the claim
    ///   starts over.
    public func commitClaims(
        _ claims: [NewClaim], now: Timestamp
    ) async -> [Result<CommittedDocument, CatalogError>] {
        await writeEach(claims, attempt: { "commit claim \($0.document.id)" }) { claim, db in
            try db.commit(claim, now: now)
        }
    }

    /// The displaced documents whose sidecars still bear the plain name, oldest first.
    public func documentsToMoveAside(
        uid: UInt32, inbox: [UInt8]
    ) async throws(CatalogError) -> [DocumentRecord] {
        try await read("list documents to move aside") { db in
            try db.rows(
                """
                SELECT * FROM document INDEXED BY documentAside
                WHERE isToMoveAside = 1 AND uid = ? AND inbox = ? ORDER BY id
                """, [uid, Bytes(inbox)]
            ).map(db.document)
        }
    }

    /// Notes that a displaced document's sidecars were renamed.
    ///
    /// - Parameter version: the number they bear now; higher than the one proposed where a file of
    ///   somebody else's had that name.
    public func movedAside(_ id: DocumentID, as version: Int) async throws(CatalogError) {
        try await write("move \(id) aside") { db in
            try db.run(
                "UPDATE document SET version = ?, isToMoveAside = 0 WHERE id = ?",
                [version, id.asBytes])
            guard db.changesCount == 1 else { throw CatalogError.noSuchDocument(id) }
        }
    }
}

extension Database {
    fileprivate func commit(_ claim: NewClaim, now: Timestamp) throws -> CommittedDocument {
        let document = claim.document
        let current = try currentDocument(
            uid: document.account.uid, inbox: document.inbox, path: document.path)
        if let current, current.digest == document.digest {
            try removeReservation(document.id)
            try runAgain(current, plans: claim.stages, now: now)
            try noteRemoval(current.id, of: document)
            return .sameAgain(try refold(current.id, at: now))
        }
        try charge(document, now: now)
        let displaced = try current.map { try displace($0) }
        let inserted = try insert(claim, at: now)
        try noteRemoval(document.id, of: document)
        return .new(inserted, displaced: displaced)
    }

    func usage(of uid: UInt32) throws -> AccountUsage {
        let row = try row(
            """
            SELECT coalesce(sum(bytes), 0) AS bytes, coalesce(sum(files), 0) AS files,
                (SELECT usedBytes FROM account WHERE uid = ?1) AS usedBytes,
                (SELECT usedFiles FROM account WHERE uid = ?1) AS usedFiles
            FROM reservation WHERE uid = ?1
            """, [Int(uid)])
        guard let row else { preconditionFailure("a sum is always one row") }
        return AccountUsage(
            uid: uid,
            used: QuotaUsage(
                bytes: ByteCount(row["usedBytes"] as Int64? ?? 0),
                files: row["usedFiles"] as Int? ?? 0),
            reserved: try row.usage())
    }

    /// What an account's inbox holds, reservations included.
    func usage(of uid: UInt32, _ inbox: [UInt8]) throws -> QuotaUsage {
        guard
            let row = try row(
                """
                SELECT coalesce(sum(bytes), 0) AS bytes, coalesce(sum(files), 0) AS files FROM (
                    SELECT bytes, files FROM charge WHERE uid = ?1 AND inbox = ?2
                    UNION ALL SELECT bytes, files FROM reservation WHERE uid = ?1 AND inbox = ?2)
                """, [Int(uid), Bytes(inbox)])
        else { preconditionFailure("a sum over no rows is a row") }
        return try row.usage()
    }

    fileprivate func hold(
        _ room: QuotaUsage, for id: DocumentID, of account: Account, in inbox: [UInt8],
        now: Timestamp
    ) throws {
        try run(
            """
            INSERT INTO reservation (id, uid, inbox, bytes, files, expiresAt)
            VALUES (?, ?, ?, ?, ?, ?)
            """,
            [
                id.asBytes, Int(account.uid), Bytes(inbox), room.bytes.bytes, room.files,
                (now + Catalog.reservationLifetime).milliseconds,
            ])
    }

    fileprivate func removeReservation(_ id: DocumentID) throws {
        try run("DELETE FROM reservation WHERE id = ?", [id.asBytes])
    }

    /// Turns the reservation into a charge of the size that the document really has.
    ///
    /// One that is over its time is as good as gone, though nobody has removed it yet: the blob
    /// may have lain without a row for long enough to be collected.
    fileprivate func charge(_ document: NewDocument, now: Timestamp) throws {
        try run(
            "DELETE FROM reservation WHERE id = ? AND uid = ? AND bytes >= ? AND expiresAt > ?",
            [
                document.id.asBytes, Int(document.account.uid), document.size.bytes,
                now.milliseconds,
            ])
        guard changesCount == 1 else { throw CatalogError.reservationLost(document.id) }
        try charge(document.size, to: document.account.uid)
    }

    /// Charges an account for one file more.
    func charge(_ size: ByteCount, to uid: UInt32) throws {
        try run(
            """
            INSERT INTO account (uid, usedBytes, usedFiles) VALUES (?1, ?2, 1)
            ON CONFLICT (uid) DO UPDATE SET usedBytes = usedBytes + ?2, usedFiles = usedFiles + 1
            """, [Int(uid), size.bytes])
    }

    /// The number that the next older document of a name gets.
    func nextVersion(uid: UInt32, inbox: [UInt8], path: BeneathPath) throws -> Int {
        try number(
            """
            SELECT coalesce(max(version), 0) + 1 FROM document
            WHERE uid = ? AND inbox = ? AND path = ? AND version IS NOT NULL
            """, [Int(uid), Bytes(inbox), path.asBytes])
    }

    /// Makes a document an older version of its name.
    fileprivate func displace(_ document: DocumentRecord) throws -> DocumentRecord {
        let version = try nextVersion(
            uid: document.uid, inbox: document.inbox, path: document.path)
        try run(
            "UPDATE document SET version = ?, isToMoveAside = 1 WHERE id = ?",
            [version, document.id.asBytes])
        var displaced = document
        displaced.version = version
        displaced.isToMoveAside = true
        return displaced
    }

    /// Lets a document that is over publish anew, and try again what had failed.
    fileprivate func runAgain(
        _ document: DocumentRecord, plans: [PlannedStage], now: Timestamp
    ) throws {
        let names = document.job.stagesToRunAgain
        // One that is still in line keeps its place.
        guard !names.isEmpty else { return }
        for name in names {
            // Whoever drops a file again after a failure may have mended the settings; what was asked
            // for about its results stays.
            let planned = name == .publish ? nil : plans.first { $0.name == name }
            let plan = planned ?? document.stage(name)?.plan
            if let plan { try resetStage(plan, of: document, isAnew: true) }
        }
        try queueAnew(document, now: now)
    }
}
