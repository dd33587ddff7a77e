import Catalog
import Inbox
import Publish
import Rules

extension InboxDesk {
    /// Writes the status file of the whole inbox.
    func writeSummary() async {
        do {
            let summary = try await summary()
            if summary.held != notedHeld {
                try await house.catalog.noteHeld(
                    summary.held, uid: account.uid, inbox: Array(root.path.utf8))
                notedHeld = summary.held
            }
            _ = try await sidecars.run { try InboxStatusFile.write(summary, $0) }
        } catch {
            report(error, at: InboxStatusFile.path)
        }
    }

    private func summary() async throws -> InboxStatus {
        var tally = try await house.catalog.counts(inbox: Array(root.path.utf8))
        var held = QuotaUsage.zero
        for drop in voices.values {
            tally[drop.state, default: 0] += 1
            if drop.state == .held { held = held + .oneFile(drop.size) }
        }
        let now = house.surroundings.now()
        let shown = voices.values.inOrder.prefix(InboxStatus.listLimit)
        return InboxStatus(
            account: account, inbox: root.results == nil ? nil : root.path, asOf: now,
            counts: DocumentState.allCases.map { ($0.rawValue, tally[$0] ?? 0) },
            quota: try await quota.whole(), held: held,
            waiting: shown.map(\.summary))
    }
}
