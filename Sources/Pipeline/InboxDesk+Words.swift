import Catalog
import Publish
import Rules

extension InboxDesk {
    /// What is said of a document, with a word about room where that grows scarce.
    func status(of view: DocumentView) async -> StatusDocument {
        var status = house.words(of: view)
        status.quota = await scarceQuota(toldAt: view.record.path)
        return status
    }

    /// A word about room where that grows scarce.
    nonisolated func scarceQuota(toldAt path: BeneathPath) async -> StatusDocument.Quota? {
        do {
            return try await quota.ifScarce()
        } catch {
            report(error, at: path)
            return nil
        }
    }
}
