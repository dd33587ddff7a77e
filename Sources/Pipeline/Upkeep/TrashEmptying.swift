import Catalog
import Rules
import Store

/// Forgets deleted documents when their time in the trash is over, and removes the bytes that nothing
/// refers to any more.
///
/// Rule: docs/design.md, "Deletion".
struct TrashEmptying: Sendable {
    /// How many documents are forgotten in one commit, and how many blobs removed in one go: others
    /// have the catalogue and the store in between.
    private static let batch = 16
    private static let blobBatch = 64

    let house: House

    /// Looks at the start, when something was deleted, and when the next thing is due, until the task
    /// is cancelled.
    func run() async {
        repeat {
            do {
                try await emptyAll()
            } catch {
                let detail = House.failure(of: error).detail
                house.say(error is StoreError ? .storePaused : .catalogueFailed, [.detail: detail])
                do {
                    try await QuietClock().sleep(for: house.retries.storeWait)
                } catch {
                    return
                }
                house.trash.raise()
            }
        } while await house.trash.wait(atMost: await timeToNext())
    }

    /// How long nothing can fall due by itself; nil for ever.
    private func timeToNext() async -> Duration? {
        do {
            guard let date = try await house.catalog.nextTrashDate() else { return nil }
            return max(.milliseconds(1), date - house.surroundings.now())
        } catch {
            return house.retries.storeWait
        }
    }

    private func emptyAll() async throws {
        while !Task.isCancelled {
            let now = house.surroundings.now()
            let purged = try await house.catalog.purge(now: now, limit: Self.batch)
            for trashed in purged {
                house.surroundings.checkpoint(.purged, trashed.path)
                house.say(
                    .documentForgotten,
                    [
                        .document: "\(trashed.id)", .account: "\(trashed.uid)",
                        .path: "\(trashed.path)", .size: "\(trashed.size.bytes)",
                    ])
            }
            let isCollected = try await collect(now: now)
            if purged.isEmpty, isCollected { return }
        }
    }

    /// Removes bytes that may go; returns whether there were no more than were looked at.
    private func collect(now: Timestamp) async throws -> Bool {
        let digests = try await house.catalog.unusedBlobs(now: now, limit: Self.blobBatch)
        guard !digests.isEmpty else { return true }
        let (removed, spared) = try await house.lanes.run { [house] in
            try house.store.collect(
                digests, unusedSince: now + (.zero - Collector.grace),
                wanted: house.catalog.recordedForGood(among:))
        }
        if !removed.isEmpty {
            house.surroundings.checkpoint(.collected, BeneathPath())
            let bytes = removed.reduce(ByteCount.zero) { $0 + $1.size }
            house.say(
                .blobsCollected, [.count: "\(removed.count)", .size: "\(bytes.bytes)"])
        }
        // Whatever meets one of those meanwhile makes it young again, and wanted soon after.
        try await house.catalog.lookedAtUnused(
            digests.filter { !spared.contains($0) }, again: spared, at: now + Collector.grace)
        return digests.count < Self.blobBatch
    }
}
