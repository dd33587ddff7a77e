import Catalog
import Inbox
import Publish
import Rules

// The first words about documents that were drops a moment ago.
extension InboxDesk {
    /// The documents of claims speak for their names from now on.
    func write(
        _ committed: [CommittedDocument], _ quota: StatusDocument.Quota?
    ) async {
        var plain: [DocumentRecord] = []
        for one in committed {
            let document = one.document
            progress.forget(document.id)
            let isFree = asides[document.path] == nil && deletions[document.path] == nil
            if case .new(_, displaced: nil) = one, isFree {
                plain.append(document)
            } else {
                await write(one)
            }
        }
        await writeTogether(plain, quota)
    }

    /// Writes the first status files of documents, those of a mount together.
    private func writeTogether(
        _ documents: [DocumentRecord], _ quota: StatusDocument.Quota?
    ) async {
        // What has lost its name, or to a newer drop, since it was told is told by that.
        let audible = documents.filter { version(of: $0) == nil && voices[$0.path] == nil }
        for together in Dictionary(grouping: audible, by: { sidecars.mount(of: $0.path) }).values {
            await writeOnOneMount(together, quota)
        }
    }

    private func writeOnOneMount(
        _ documents: [DocumentRecord], _ quota: StatusDocument.Quota?
    ) async {
        guard let first = documents.first else { return }
        do {
            let texts = documents.map { document in
                var status = house.words(of: view(of: document))
                status.quota = quota
                return (path: document.path, text: status.json)
            }
            let written = try await sidecars.run(at: first.path) { files in
                texts.map { path, text in
                    Result { try SidecarWriter(files, drop: path).writeStatus(text) }
                }
            }
            for (document, result) in zip(documents, written) {
                tellMoved(result.value ?? nil)
                if let error = result.error { report(error, at: document.path) }
            }
        } catch {
            report(error, at: first.path)
        }
    }

    /// The document of a claim speaks for the name, and the one that had it before elsewhere.
    private func write(_ committed: CommittedDocument) async {
        let document = committed.document
        switch committed {
        case .new(_, let displaced):
            if let displaced { await moveAside(displaced) }
            await write(view(of: document))
        case .sameAgain:
            do {
                // It may have gone on since the claim, and said so while the drop spoke for the name.
                await write(view(of: try await latest(document.id) ?? document))
            } catch {
                report(error, at: document.path)
            }
        }
    }
}
