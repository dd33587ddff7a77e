import Catalog
import Imports
import Inbox
import Rules

extension RequestTaking {
    /// Deletes the document that is asked about, and removes its sidecars and rows; nil where it has to
    /// wait for what is being done about the document.
    ///
    /// A drop that is not taken yet is not deleted: whoever put it there can remove it.
    func delete(_ asked: AskedFor, by file: DropIdentity) async throws -> RequestOutcome? {
        let document = try await house.catalog.document(
            uid: desk.account.uid, inbox: Array(root.path.utf8), path: asked.target,
            version: asked.request.version)
        guard let document else { return try await decide(asked, by: file, on: nil) }
        guard await dispatcher.holdIfIdle(document.id) else {
            house.say(
                .requestWaiting, in: root, at: asked.path,
                [.document: "\(document.id)", .reason: "the document is being worked on"])
            return nil
        }
        let outcome: Result<RequestOutcome, any Error>
        do {
            outcome = .success(try await decide(asked, by: file, on: document.id))
        } catch {
            outcome = .failure(error)
        }
        await dispatcher.release([document.id])
        return try outcome.get()
    }

    private func decide(
        _ asked: AskedFor, by file: DropIdentity, on id: DocumentID?
    ) async throws -> RequestOutcome {
        let terms = try await desk.deletionTerms(of: asked.target)
        let outcome = try await desk.delete(at: asked.target) {
            try await carryOut(asked, by: file, on: id, deleting: terms)
        }
        switch outcome {
        case .deleted(let trashed): try await house.removeRows(of: trashed.id, desk.account)
        // A crash, or something in the way, may have come before that.
        case .repeated(let id): try await house.removeRows(of: id, desk.account)
        case .noDocument, .granted, .later, .refused, .noRoom: break
        }
        return outcome
    }

    /// Brings a deleted document back; nil where there is none of the name.
    func restore(_ asked: AskedFor, by file: DropIdentity) async throws -> RequestOutcome? {
        let limit = house.limit(of: desk.account)
        let outcome = try await house.catalog.restore(
            by: file, about: asked.target, version: asked.request.version,
            uid: desk.account.uid, inbox: Array(root.path.utf8), limit: limit,
            inboxLimit: desk.settings.limit, now: house.surroundings.now())
        switch outcome {
        case .notThere: return nil
        case .restored(let document):
            house.say(.documentRestored, in: root, at: asked.target, [.document: "\(document.id)"])
            return .granted(document)
        case .noRoom(let trashed, let decision):
            let failure = QuotaFailure.notRestored(trashed, decision)
            if trashed.version == nil {
                desk.tell { desk in await desk.writeNotRestored(trashed, failure) }
            }
            ignore(asked, failure.message, trashed.id)
            return .noRoom
        }
    }

    /// Removes the rows that deletions before the last stop have left behind.
    func removeOwedRows() async {
        do {
            let owed = try await house.catalog.owedDeletions(
                uid: desk.account.uid, inbox: Array(root.path.utf8))
            for record in owed { try await house.removeRows(of: record.id, desk.account) }
        } catch {
            house.say(.catalogueFailed, in: root, [.detail: House.failure(of: error).detail])
        }
    }
}

extension House {
    /// Takes the rows that a deleted document had imported out of the account's database, if they are
    /// to go.
    func removeRows(of id: DocumentID, _ account: Account) async throws {
        guard let trashed = try await catalog.trashed(id), trashed.importedRows == .leaving else {
            return
        }
        try await lanes.run { [imports, catalog] in
            var counted: Result<Void, any Error> = .success(())
            try imports.remove(id, of: account) { left in
                counted = Result {
                    try catalog.setDerivedBlocking(.imports, of: account.uid, to: left)
                }
            }
            try counted.get()
        }
        surroundings.checkpoint(.rowsRemoved, trashed.path)
        try await catalog.rowsRemoved(id)
        trash.raise()
    }
}

extension InboxDesk {
    /// How a document of this name is deleted at the moment.
    nonisolated func deletionTerms(of path: BeneathPath) async throws -> DeletionTerms {
        let standing = try await root.run(at: path, answeringWithin: RequestTaking.patience) {
            try $0.entry(path)?.identity
        }
        return DeletionTerms(
            keptFor: house.settings.trash, bound: house.limit(of: account),
            removesRows: settings.rowsOnDeletion == .remove, standing: standing)
    }
}
