import GRDB
import Rules

/// What became of a request.
public enum RequestOutcome: Sendable, Hashable {
    /// No document has the name.
    case noDocument
    /// It is carried out: the document as it now stands, with its stages to run.
    case granted(DocumentRecord)
    /// The same file was granted already, and came back or stayed: nothing was done.
    case repeated(DocumentID)
    /// The document is deleted: what stands beside the drop's place is to be removed.
    case deleted(TrashRecord)
    /// Nothing was done: the document is being worked on.
    case later
    /// Nothing was done: there is no room to have the document back, and that was told.
    case noRoom
    /// It makes no sense; the document, which now says so among its warnings.
    case refused(DocumentRecord, reason: String)
}

extension Catalog {
    /// Decides a request about a document of a name, and does what is decided, in one
    /// transaction that outlasts a power cut: the file that asks may go once this returns.
    ///
    /// What a document was last granted it is not granted again for the same file, which a crash may
    /// have left there, or a power cut brought back; and the file by which it was last deleted does not
    /// delete it once more when it is restored.
    ///
    /// - Parameters:
    ///   - name: how the request is called in a warning.
    ///   - file: the file that asks.
    ///   - version: the number that an older document of the name has; nil for the newest.
    ///   - terms: by which it is deleted, if it is.
    ///   - ruling: the decision on the document as it stands; must be pure.
    public func carryOut(
        _ name: String, by file: DropIdentity, about path: BeneathPath, version: Int? = nil,
        uid: UInt32, inbox: [UInt8], deleting terms: DeletionTerms? = nil, now: Timestamp,
        ruling: @escaping @Sendable (DocumentRecord) -> RequestRuling
    ) async throws(CatalogError) -> RequestOutcome {
        try await write("carry out \(name)") { db in
            if let deleted = try db.trashed(by: file.asText, uid: uid, inbox: inbox, path: path) {
                return .repeated(deleted)
            }
            let found = try db.document(uid: uid, inbox: inbox, path: path, version: version)
            guard let document = found else { return .noDocument }
            if try db.hasGranted(file, to: document.id) { return .repeated(document.id) }
            switch ruling(document) {
            case .granted(let reruns):
                try db.noteGranted(file, to: document.id)
                return .granted(try db.reopen(document, reruns, now: now))
            case .hastened:
                try db.noteGranted(file, to: document.id)
                return .granted(try db.hasten(document, now: now))
            case .deletion:
                guard let terms else { preconditionFailure("whoever deletes says how") }
                return try db.delete(document, terms, by: file, named: name, now: now)
            case .later:
                return .later
            case .refused(let reason):
                return try db.refuse(name, about: document, reason)
            }
        }
    }
}

extension Database {
    /// Lets stages run again, as if the document had just come, and takes out those that are dropped.
    fileprivate func reopen(
        _ document: DocumentRecord, _ reruns: [RequestRuling.Rerun], now: Timestamp
    ) throws -> DocumentRecord {
        for rerun in reruns {
            if rerun.isDropped {
                try dropStage(rerun.plan.name, of: document)
            } else if document.stage(rerun.plan.name) == nil {
                try addStage(rerun.plan, to: document, isAnew: rerun.isAnew)
            } else {
                try resetStage(rerun.plan, of: document, isAnew: rerun.isAnew)
            }
        }
        try queueAnew(document, now: now)
        return try refold(document.id, at: now)
    }

    /// Lets what waits for its next attempt have it now.
    fileprivate func hasten(
        _ document: DocumentRecord, now: Timestamp
    ) throws -> DocumentRecord {
        try run(
            """
            UPDATE stage SET nextAttemptAt = min(nextAttemptAt, ?)
            WHERE documentId = ? AND state = 'retrying'
            """, [now.milliseconds, document.id.asBytes])
        return try refold(document.id, at: now)
    }

    /// Keeps why a request makes no sense with the document.
    fileprivate func refuse(
        _ name: String, about document: DocumentRecord, _ reason: String
    ) throws -> RequestOutcome {
        try warn("\(name) was not carried out: \(reason).", about: document.id)
        guard let warned = try self.document(document.id) else {
            throw CatalogError.noSuchDocument(document.id)
        }
        return .refused(warned, reason: reason)
    }

    /// Deletes a document unless something stands in the way.
    fileprivate func delete(
        _ document: DocumentRecord, _ terms: DeletionTerms, by file: DropIdentity,
        named name: String, now: Timestamp
    ) throws -> RequestOutcome {
        switch try obstacle(toDeleting: document, terms) {
        case .unfinished: return .later
        case .dropThere:
            return try refuse(
                name, about: document, "the dropped file is still in the folder; remove it first")
        case nil:
            return .deleted(try self.delete(document, terms, by: file.asText, now: now))
        }
    }

    /// What stands in the way of deleting a document.
    func obstacle(
        toDeleting document: DocumentRecord, _ terms: DeletionTerms
    ) throws -> DeletionObstacle? {
        if document.isToMoveAside { return .unfinished }
        guard let left = try removalLeft(of: document.id) else { return nil }
        if !left.isFailed { return .unfinished }
        return left.identity == terms.standing ? .dropThere : nil
    }

    /// The drop whose name is still to go, or could not be removed.
    private func removalLeft(
        of id: DocumentID
    ) throws -> (identity: DropIdentity, isFailed: Bool)? {
        try row("SELECT * FROM removal WHERE documentId = ?", [id.asBytes]).map {
            (try $0.identity(), $0.momentIfAny("failedAt") != nil)
        }
    }

    fileprivate func hasGranted(_ file: DropIdentity, to id: DocumentID) throws -> Bool {
        try number(
            """
            SELECT EXISTS (SELECT 1 FROM document
                WHERE id = ?1 AND (requestFile = ?2 OR deletionFile = ?2))
            """, [id.asBytes, file.asText]) != 0
    }

    /// Remembers the file that asked last; what was said of those before counts no more.
    fileprivate func noteGranted(_ file: DropIdentity, to id: DocumentID) throws {
        try run(
            "UPDATE document SET requestFile = ?, requestWarning = NULL WHERE id = ?",
            [file.asText, id.asBytes])
    }

    /// Keeps the last word about a request; it changes nothing about where the document stands.
    fileprivate func warn(_ text: String, about id: DocumentID) throws {
        try run(
            "UPDATE document SET requestWarning = ? WHERE id = ?", [text, id.asBytes])
    }
}

/// Why a document cannot be deleted now.
enum DeletionObstacle {
    /// Its drop's name is still to go, or its sidecars to be moved.
    case unfinished
    /// Its drop could not be removed: without the document nobody would know it, and it would be taken
    /// once more.
    case dropThere
}

extension DropIdentity {
    /// Tells a file from every other, and from itself before and after a change.
    var asText: String { "\(device):\(inode):\(changed)" }
}
