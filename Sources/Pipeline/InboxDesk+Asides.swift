import Catalog
import Inbox
import Publish
import Rules

// The sidecars of documents that lost their name to a newer one.
extension InboxDesk {
    /// Gives a document that lost its name the sidecars of its version; where that fails it is tried
    /// again before anything newer is published under the name.
    func moveAside(_ record: DocumentRecord) async {
        guard !unmoved.contains(record.path) else {
            _ = await moveUnmoved(at: record.path)
            return
        }
        do {
            try await move(record)
        } catch {
            unmoved.insert(record.path)
            report(error, at: record.path)
        }
    }

    /// Moves what is still to be moved aside of a name, the oldest first; returns why not.
    func moveUnmoved(at path: BeneathPath) async -> Failure? {
        guard unmoved.contains(path) else { return nil }
        do {
            let records = try await house.catalog.documentsToMoveAside(
                uid: account.uid, inbox: Array(root.path.utf8))
            for record in records where record.path == path { try await move(record) }
            unmoved.remove(path)
            return nil
        } catch {
            report(error, at: path)
            return House.failure(of: error)
        }
    }

    private func move(_ record: DocumentRecord) async throws {
        guard let proposed = record.version else {
            preconditionFailure("a displaced document has a version")
        }
        let version = try await root.run(at: record.path) { files in
            try SidecarWriter(files, drop: record.path).moveResults(toVersion: proposed)
        }
        try await house.catalog.movedAside(record.id, as: version)
        // It may have gone on since it lost its name.
        var moved = try await latest(record.id) ?? record
        moved.version = version
        if !moved.standing.state.isOver { versions[record.id] = version }
        await write(view(of: moved))
    }
}
