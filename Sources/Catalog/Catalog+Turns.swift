import GRDB
import Rules

extension Catalog {
    /// How many documents of an inbox are passed over because their content is being read as
    /// another document's; past that its account waits until that is done.
    static let sameContentLimit = 256

    /// The document whose turn it is.
    ///
    /// Of the accounts that have something due, the first in the ring that owes nothing, else the one
    /// that owes least. Of its documents the one with the first place in line. Only documents that
    /// have something to wait for are looked at, never the history.
    ///
    /// - Parameters:
    ///   - inHand: documents that somebody works on already.
    ///   - contents: what is being read: the same content is not read twice side by side.
    ///   - served: where it may come from.
    public func nextDocument(
        _ turns: AccountTurns = AccountTurns(), excluding inHand: Set<DocumentID>,
        sameAs contents: Set<AccountContent> = [], in served: ServedInboxes, now: Timestamp
    ) async throws(CatalogError) -> Assignment? {
        try await read("pick the next document") { db in
            let query = TurnQuery(inHand: inHand, contents: contents, served: served, now: now)
            let last = turns.lastServed.map(Int.init) ?? -1
            for range in [(last + 1)..<(1 << 32), 0..<(last + 1)] {
                var floor = range.lowerBound
                while let account = try db.nextAccount(from: floor), account < range.upperBound {
                    floor = account + 1
                    if UInt32(exactly: account).map(turns.isInDebt) == true { continue }
                    if let due = try db.dueDocument(of: account, query) { return due }
                }
            }
            for account in turns.debtors {
                if let due = try db.dueDocument(of: Int(account), query) { return due }
            }
            return nil
        }
    }

    /// When the next stage may begin that is not in hand: ``Job/alreadyDue`` if one is due, nil if
    /// nothing waits for a time.
    ///
    /// - Parameter moment: what was due by then is left out; nil leaves nothing out.
    public func nextDueDate(
        after moment: Timestamp? = nil, excluding inHand: Set<DocumentID>, in served: ServedInboxes
    ) async throws(CatalogError) -> Timestamp? {
        try await read("find the next due date") { db in
            var first: Timestamp?
            var floor = 0
            while let account = try db.nextAccount(from: floor) {
                for inbox in served.inboxes(of: account) {
                    let date = try db.dueDate(
                        of: account, inbox, after: moment, excluding: inHand)
                    guard let date else { continue }
                    if date == Job.alreadyDue { return date }
                    first = min(first ?? date, date)
                }
                floor = account + 1
            }
            return first
        }
    }

    /// A document with its stages; nil where there is none.
    public func document(_ id: DocumentID) async throws(CatalogError) -> DocumentRecord? {
        try await read("read document \(id)") { db in try db.document(id) }
    }

    /// The artifacts of a document's completed stages, in the order in which they were made.
    public func artifacts(
        of id: DocumentID
    ) async throws(CatalogError) -> [StageName: [ArtifactRecord]] {
        try await read("list artifacts of \(id)") { db in try db.artifacts(of: id) }
    }

    /// The same for a thread that may block.
    public func artifactsBlocking(
        of id: DocumentID
    ) throws(CatalogError) -> [StageName: [ArtifactRecord]] {
        try readBlocking("list artifacts of \(id)") { db in try db.artifacts(of: id) }
    }
}

extension Database {
    /// The same inside a transaction.
    func artifacts(of id: DocumentID) throws -> [StageName: [ArtifactRecord]] {
        var artifacts: [StageName: [ArtifactRecord]] = [:]
        let rows = try rows(
            """
            SELECT stage.name AS stageName, artifact.* FROM stage
            JOIN artifact ON artifact.resultId = stage.resultId
            WHERE stage.documentId = ? ORDER BY stage.position, artifact.position
            """, [id.asBytes])
        for row in rows {
            let stage: StageName = try row.named("stageName")
            artifacts[stage, default: []].append(
                ArtifactRecord(
                    name: try row.text("name"), digest: try row.digest(),
                    size: try row.size(), mediaType: try row.text("mediaType")))
        }
        return artifacts
    }
}

/// What an account has dropped, whatever its name.
public struct AccountContent: Sendable, Hashable {
    public var uid: UInt32
    public var digest: ContentDigest

    public init(uid: UInt32, digest: ContentDigest) {
        self.uid = uid
        self.digest = digest
    }
}

/// What may be picked.
private struct TurnQuery {
    let inHand: Set<DocumentID>
    let contents: Set<AccountContent>
    let served: ServedInboxes
    let now: Timestamp
}

/// A document that is due, with its place in line.
private struct DueDocument: Comparable {
    let place: Timestamp
    let id: DocumentID

    static func < (left: DueDocument, right: DueDocument) -> Bool {
        (left.place, left.id) < (right.place, right.id)
    }
}

extension Database {
    /// The lowest uid, from `floor` on, that has documents waiting for something.
    fileprivate func nextAccount(from floor: Int) throws -> Int? {
        let due = try row(
            """
            SELECT uid FROM document INDEXED BY documentTurn
            WHERE dueAt = 0 AND uid >= ? ORDER BY uid LIMIT 1
            """, [floor]
        )?.int("uid")
        if due == floor { return due }
        let later = try row(
            """
            SELECT uid FROM document INDEXED BY documentLater
            WHERE dueAt > 0 AND uid >= ? ORDER BY uid LIMIT 1
            """, [floor]
        )?.int("uid")
        return [due, later].compactMap { $0 }.min()
    }

    /// The first in line of an account's documents that have a stage due.
    fileprivate func dueDocument(of uid: Int, _ query: TurnQuery) throws -> Assignment? {
        let first = try query.served.inboxes(of: uid).flatMap { inbox in
            try [firstInLine(of: uid, inbox, query), firstFallenDue(of: uid, inbox, query)]
        }.compactMap { $0 }.min()
        guard let first, let document = try document(first.id) else { return nil }
        return Assignment(
            document: document, dueStages: document.job.dueStages(at: query.now),
            hasKnownOutcomes: try !knownOutcomes(for: document).isEmpty)
    }

    private func firstInLine(
        of uid: Int, _ inbox: [UInt8], _ query: TurnQuery
    ) throws -> DueDocument? {
        try first(
            """
            SELECT id, place FROM document INDEXED BY documentTurn
            WHERE dueAt = 0 AND uid = ? AND inbox = ? ORDER BY place, id
            """, [uid, Bytes(inbox)], query)
    }

    private func firstFallenDue(
        of uid: Int, _ inbox: [UInt8], _ query: TurnQuery
    ) throws -> DueDocument? {
        try first(
            """
            SELECT id, place FROM document INDEXED BY documentLater
            WHERE dueAt > 0 AND uid = ? AND inbox = ? AND dueAt <= ? ORDER BY dueAt, id
            """, [uid, Bytes(inbox), query.now.milliseconds], query)
    }

    /// The first row of a document that may be picked; what is passed over is in hand, or has the
    /// content of what is, and both are bounded.
    private func first(
        _ sql: String, _ arguments: [(any StatementArgument)?], _ query: TurnQuery
    ) throws -> DueDocument? {
        var sameContent = 0
        var found: DueDocument?
        try forEachRow(sql, arguments) { row in
            let id = try row.documentID("id")
            if query.inHand.contains(id) { return .goOn }
            if try isBeingRead(id, query.contents) {
                sameContent += 1
                return sameContent < Catalog.sameContentLimit ? .goOn : .stop
            }
            found = DueDocument(place: try row.moment("place"), id: id)
            return .stop
        }
        return found
    }

    private func isBeingRead(
        _ id: DocumentID, _ contents: Set<AccountContent>
    ) throws -> Bool {
        guard !contents.isEmpty,
            let row = try row("SELECT uid, digest FROM document WHERE id = ?", [id.asBytes])
        else { return false }
        return contents.contains(AccountContent(uid: try row.uid(), digest: try row.digest()))
    }

    fileprivate func dueDate(
        of uid: Int, _ inbox: [UInt8], after moment: Timestamp?, excluding inHand: Set<DocumentID>
    ) throws -> Timestamp? {
        if moment == nil {
            let due = try rows(
                """
                SELECT id FROM document INDEXED BY documentTurn
                WHERE dueAt = 0 AND uid = ? AND inbox = ? ORDER BY place LIMIT ?
                """, [uid, Bytes(inbox), inHand.count + 1])
            if try due.contains(where: { try !inHand.contains($0.documentID("id")) }) {
                return Job.alreadyDue
            }
        }
        return try rows(
            """
            SELECT id, dueAt FROM document INDEXED BY documentLater
            WHERE dueAt > 0 AND uid = ? AND inbox = ? AND dueAt > ? ORDER BY dueAt LIMIT ?
            """, [uid, Bytes(inbox), moment?.milliseconds ?? 0, inHand.count + 1]
        ).first { try !inHand.contains($0.documentID("id")) }?.moment("dueAt")
    }
}
