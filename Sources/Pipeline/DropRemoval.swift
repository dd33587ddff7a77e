import Catalog
import Inbox
import Intake
import Rules

/// Removes the name of a committed drop, and remembers what could not be removed.
struct DropRemoval {
    let house: House
    let desk: InboxDesk

    private var root: InboxRoot { desk.root }

    /// - Parameters:
    ///   - isRecovery: whether an earlier removal may have stopped half-way.
    ///   - isWriterWaiting: whether somebody has opened the drop to write it.
    /// - Returns: what stands in the way; nil where the name is gone or belongs to something newer.
    /// - Throws: what the system or the catalogue fails in; it is tried again by itself.
    func perform(
        _ path: BeneathPath, of document: DocumentID, identity: DropIdentity, isRecovery: Bool,
        isWriterWaiting: @escaping @Sendable () -> Bool = { false }
    ) async throws -> Failure? {
        do {
            return try await attempt(
                path, of: document, identity: identity, isRecovery: isRecovery,
                isWriterWaiting: isWriterWaiting)
        } catch {
            // No event will tell of a name that is gone or set aside already.
            desk.owedRemovals.add(
                OwedRemoval(document: document, path: path, identity: identity))
            throw error
        }
    }

    private func attempt(
        _ path: BeneathPath, of document: DocumentID, identity: DropIdentity, isRecovery: Bool,
        isWriterWaiting: @escaping @Sendable () -> Bool
    ) async throws -> Failure? {
        let hidden = HiddenName.taken(document)
        let (outcome, left) = try await root.run(at: path) { files in
            let remover = DropRemover(isWriterWaiting: isWriterWaiting)
            let outcome =
                isRecovery
                ? remover.finish(path, hiddenName: hidden, identity: identity, in: files)
                : remover.remove(path, hiddenName: hidden, identity: identity, in: files)
            guard case .failed = outcome else { return (outcome, DropIdentity?.none) }
            return (outcome, try files.entry(path)?.identity)
        }
        var fields: [JournalField: String] = [.document: "\(document)"]
        switch outcome {
        // On another file system than the drop was on: it may be mounted here again.
        case .alreadyGone where isRecovery && identity.device != root.mount(of: path):
            return nil
        case .removed, .alreadyGone:
            try await house.catalog.removalDone(document)
            house.say(.dropRemoved, in: root, at: path, fields)
            return nil
        case .newerReturned(let returned):
            try await house.catalog.removalDone(document)
            house.say(.newerDropReturned, in: root, at: returned, fields)
            return nil
        case .failed(let error) where error.failure.code.remedy == .whenStoreRecovers:
            throw error
        case .failed(let error):
            fields[.detail] = error.failure.detail
            house.say(.removalFailed, in: root, at: path, fields)
            if let left {
                try await house.catalog.removalFailed(
                    document, identity: left, now: house.surroundings.now())
            }
            return error.failure
        }
    }
}
