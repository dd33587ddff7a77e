import Catalog
import Inbox
import Publish
import Rules
import Store
import SystemPackage

extension InboxDesk {
    /// How many batches of one document are written at a time: half of the threads that a mount has.
    private static let preparingLanes = 2

    /// The files that a document's results folder is to hold.
    struct Results: Sendable {
        /// Open, and the sender's to close.
        var items: [ResultItem] = []
        /// Many files stand ready beside their place; whoever publishes them uses them up.
        var prepared: PreparedResults?
        /// What an earlier publication put there and this one does not; it goes unless its owner has
        /// changed it.
        var former: [MadeResult] = []
    }

    /// Makes many results ready beside their place, a batch at a time: whatever else is to be written
    /// in the inbox goes on meanwhile.
    ///
    /// A task that is cancelled begins no further batch, and leaves nothing behind.
    ///
    /// The store's files are opened here, and not by the inbox's threads, which have the owner's rights.
    /// - Parameter onAdded: called with the number of files that have become ready.
    nonisolated func prepare(
        _ files: [ArtifactRecord], of document: DocumentRecord,
        onAdded: @escaping @Sendable (Int) -> Void
    ) async throws -> PreparedResults {
        let (id, path) = (document.id, document.path)
        let names = files.map(Self.name)
        let prepared = try await sidecars.run(at: path) { files in
            try SidecarWriter(files, drop: path).beginResults(of: id, names)
        }
        let batches = stride(from: 0, to: files.count, by: ResultItem.batch).map { start in
            Array(files[start..<min(start + ResultItem.batch, files.count)])
        }
        do {
            // The disk syncs two batches in less time than one after the other.
            try await Batches.work(through: batches, lanes: Self.preparingLanes) { batch in
                try await self.add(batch, to: prepared, path)
                onAdded(batch.count)
            }
            return prepared
        } catch {
            await abandon(prepared, at: path)
            throw error
        }
    }

    /// Removes results that stand ready and are not to be published.
    nonisolated func abandon(_ prepared: PreparedResults, at path: BeneathPath) async {
        do {
            try await sidecars.run(at: path) { SidecarWriter($0, drop: path).abandon(prepared) }
        } catch {
            report(error, at: path)
        }
    }

    private nonisolated func add(
        _ files: [ArtifactRecord], to prepared: PreparedResults, _ path: BeneathPath
    ) async throws {
        var items: [ResultItem] = []
        defer { for item in items { house.close(item.source) } }
        for file in files { items.append(try item(of: file)) }
        try await sidecars.run(at: path) { [items] files in
            try SidecarWriter(files, drop: path).add(items, to: prepared)
        }
    }

    /// Opens a file of the store for the results.
    nonisolated func item(of file: ArtifactRecord) throws -> ResultItem {
        ResultItem(name: Self.name(of: file), source: try house.store.open(file.digest))
    }

    private nonisolated static func name(of file: ArtifactRecord) -> BeneathPath {
        guard let name = BeneathPath(bytes: Array(file.name.utf8)) else {
            preconditionFailure("an artifact's name was checked when it was made")
        }
        return name
    }
}
