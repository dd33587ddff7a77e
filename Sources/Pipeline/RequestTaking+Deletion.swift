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
        let (outcome, untidied) = try await desk.delete(at: asked.target) {
            try await carryOut(asked, by: file, on: id, deleting: terms)
        }
        switch outcome {
        case .deleted(let trashed):
            house.sayDeleted(trashed, in: root, "asked for")
            // The request stays until all of it is done.
            if let untidied { throw untidied }
            try await desk.removeRows(of: trashed.id)
        // A crash, or something in the way, may have come before that.
        case .repeated(let id): try await desk.removeRows(of: id)
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
        case .repeated(let id): return .repeated(id)
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
}

extension InboxDesk {
    /// Takes the rows that a deleted document had imported out of the account's database, if they are
    /// to go; where something is in the way, that is gone on with later.
    nonisolated func removeRows(of id: DocumentID) async throws {
        do {
            guard let trashed = try await house.catalog.trashed(id),
                trashed.importedRows == .leaving
            else { return }
            try await house.lanes.run { [house, account] in
                var counted: Result<Void, any Error> = .success(())
                try house.imports.remove(id, of: account) { left in
                    counted = Result {
                        try house.catalog.setDerivedBlocking(.imports, of: account.uid, to: left)
                    }
                }
                try counted.get()
            }
            house.surroundings.checkpoint(.rowsRemoved, trashed.path)
            try await house.catalog.rowsRemoved(id)
            house.trash.raise()
        } catch {
            owedDeletions.raise()
            throw error
        }
    }

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
