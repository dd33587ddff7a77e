import Catalog
import Inbox
import Publish
import Rules
import Store
import SystemPackage

extension InboxDesk {
    /// The files that a document's results folder is to hold.
    struct Results: Sendable {
        /// Open, and the sender's to close.
        var items: [ResultItem] = []
        /// Many files stand ready beside their place; whoever publishes them uses them up.
        var prepared: PreparedResults?
    }

    /// Makes many results ready beside their place, a batch at a time: whatever else is to be written
    /// in the inbox goes on meanwhile.
    ///
    /// The store's files are opened here, and not by the inbox's threads, which have the owner's rights.
    nonisolated func prepare(
        _ files: [ArtifactRecord], at path: BeneathPath
    ) async throws -> PreparedResults {
        var prepared = try await root.run(at: path) { files in
            try SidecarWriter(files, drop: path).beginResults()
        }
        do {
            var rest = files[...]
            while !rest.isEmpty {
                prepared = try await add(Array(rest.prefix(ResultItem.batch)), to: prepared, path)
                rest = rest.dropFirst(ResultItem.batch)
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
            try await root.run(at: path) { SidecarWriter($0, drop: path).abandon(prepared) }
        } catch {
            report(error, at: path)
        }
    }

    private nonisolated func add(
        _ files: [ArtifactRecord], to prepared: PreparedResults, _ path: BeneathPath
    ) async throws -> PreparedResults {
        var items: [ResultItem] = []
        defer { for item in items { house.close(item.source) } }
        for file in files { items.append(try item(of: file)) }
        return try await root.run(at: path) { [items] files in
            try SidecarWriter(files, drop: path).add(items, to: prepared)
        }
    }

    /// Opens a file of the store for the results.
    nonisolated func item(of file: ArtifactRecord) throws -> ResultItem {
        guard let name = BeneathPath(bytes: Array(file.name.utf8)) else {
            preconditionFailure("an artifact's name was checked when it was made")
        }
        return ResultItem(name: name, source: try house.store.open(file.digest))
    }
}
