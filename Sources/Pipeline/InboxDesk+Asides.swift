import Catalog
import Inbox
import Publish
import Rules

/// A document that lost its name, and how far its sidecars have come on their way aside.
struct PendingAside: Sendable {
    let record: DocumentRecord
    /// The version whose results folder it has already.
    var version: Int?
}

extension InboxDesk {
    /// Gives a document that lost its name the sidecars of its version; what stands in the way is
    /// reported, and tried again before anything is written at the path.
    func moveAside(_ record: DocumentRecord) async {
        asides[record.path, default: []].append(PendingAside(record: record))
        _ = await settleAsides(at: record.path)
    }

    /// Moves all that is still to be moved from a path's sidecars, once those of what was deleted are
    /// gone; returns what stands in the way.
    func settleAsides(at path: BeneathPath) async -> Failure? {
        if let obstacle = await settleDeletions(at: path) { return obstacle }
        while let next = asides[path]?.first {
            do {
                try await settle(next)
                asides[path]?.removeFirst()
            } catch {
                report(error, at: path)
                return House.failure(of: error)
            }
        }
        asides[path] = nil
        return nil
    }

    /// Results and status file are both on disk for good before the catalogue forgets that they are to
    /// be moved: nothing would make up for them later.
    private func settle(_ aside: PendingAside) async throws {
        let record = aside.record
        let version = try await moveResults(aside)
        asides[record.path]?[0].version = version
        // It may have gone on since it lost its name.
        var moved = try await latest(record.id) ?? record
        moved.version = version
        let text = await status(of: view(of: moved)).json
        let displaced = try await sidecars.run(at: record.path) { files in
            try SidecarWriter(files, drop: record.path, version: version).keepStatus(text)
        }
        tellMoved(displaced)
        try await house.catalog.movedAside(record.id, as: version)
        if !moved.standing.state.isOver { versions[record.id] = version }
        retention.ring(record.path)
    }

    private func moveResults(_ aside: PendingAside) async throws -> Int {
        if let version = aside.version { return version }
        guard let proposed = aside.record.version else {
            preconditionFailure("a displaced document has a version")
        }
        return try await sidecars.run(at: aside.record.path) { files in
            try SidecarWriter(files, drop: aside.record.path).moveResults(toVersion: proposed)
        }
    }
}
