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
    /// Nothing was done: the document is being worked on.
    case later
    /// It makes no sense; the document, which now says so among its warnings.
    case refused(DocumentRecord, reason: String)
}

extension Catalog {
    /// Decides a request about the newest document of a name, and does what is decided, in one
    /// transaction that outlasts a power cut: the file that asks may go once this returns.
    ///
    /// What a document was last granted it is not granted again for the same file, which a crash may
    /// have left there, or a power cut brought back.
    ///
    /// - Parameters:
    ///   - name: how the request is called in a warning.
    ///   - file: the file that asks.
    ///   - ruling: the decision on the document as it stands; must be pure.
    public func carryOut(
        _ name: String, by file: DropIdentity, about path: BeneathPath, uid: UInt32,
        inbox: [UInt8], now: Timestamp,
        ruling: @escaping @Sendable (DocumentRecord) -> RequestRuling
    ) async throws(CatalogError) -> RequestOutcome {
        try await write("carry out \(name)") { db in
            guard let document = try db.currentDocument(uid: uid, inbox: inbox, path: path) else {
                return .noDocument
            }
            if try db.hasGranted(file, to: document.id) { return .repeated(document.id) }
            switch ruling(document) {
            case .granted(let reruns):
                try db.noteGranted(file, to: document.id)
                return .granted(try db.reopen(document, reruns, now: now))
            case .hastened:
                try db.noteGranted(file, to: document.id)
                return .granted(try db.hasten(document, now: now))
            case .later:
                return .later
            case .refused(let reason):
                try db.warn("\(name) was not carried out: \(reason).", about: document.id)
                guard let warned = try db.document(document.id) else {
                    throw CatalogError.noSuchDocument(document.id)
                }
                return .refused(warned, reason: reason)
            }
        }
    }
}

extension Database {
    /// Lets stages run again, as if the document had just come.
    fileprivate func reopen(
        _ document: DocumentRecord, _ reruns: [RequestRuling.Rerun], now: Timestamp
    ) throws -> DocumentRecord {
        for rerun in reruns {
            if document.stage(rerun.plan.name) == nil {
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

    fileprivate func hasGranted(_ file: DropIdentity, to id: DocumentID) throws -> Bool {
        try number(
            "SELECT EXISTS (SELECT 1 FROM document WHERE id = ? AND requestFile = ?)",
            [id.asBytes, file.asText]) != 0
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

extension DropIdentity {
    /// Tells a file from every other, and from itself before and after a change.
    fileprivate var asText: String { "\(device):\(inode):\(changed)" }
}
