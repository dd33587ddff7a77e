import Catalog
import Inbox
import Rules

/// Goes on with what deletions in one inbox have left to be done: sidecars and imported rows that could
/// not be removed at the time, or before the last stop.
///
/// Rule: docs/design.md, "Deletion".
struct OwedDeletions: Sendable {
    let house: House
    let desk: InboxDesk
    let dispatcher: Dispatcher

    /// Tries again a while after something was left, until the task is cancelled.
    func run() async {
        var told: [DocumentID: String] = [:]
        while await desk.owedDeletions.wait() {
            do {
                // What stood in the way will hardly be gone at once.
                try await QuietClock().sleep(for: house.retries.storeWait)
            } catch {
                return
            }
            told = await goOn(telling: told)
        }
    }

    /// Does what can be done now; what is left is tried again.
    ///
    /// - Parameter told: what was said of each that is in the way before, and is not said again.
    /// - Returns: what is in the way now.
    @discardableResult
    func goOn(telling told: [DocumentID: String] = [:]) async -> [DocumentID: String] {
        var troubles: [DocumentID: String] = [:]
        do {
            let owed = try await house.catalog.owedDeletions(
                uid: desk.account.uid, inbox: Array(desk.root.path.utf8))
            for record in owed where !Task.isCancelled {
                guard let trouble = await finish(record) else { continue }
                troubles[record.id] = trouble
                if told[record.id] != trouble { say(trouble) }
            }
        } catch {
            say(error.failure.detail)
            desk.owedDeletions.raise()
        }
        return troubles
    }

    /// Returns what stood in the way of the rows' removal; what keeps sidecars is told at the desk.
    private func finish(_ record: TrashRecord) async -> String? {
        // Nobody imports a document anew meanwhile that is restored: the rows that go are the former
        // ones. Whoever has it in hand goes on with it, or leaves it to the next round.
        guard await dispatcher.holdIfIdle(record.id) else { return nil }
        var trouble: String?
        let isTidy = record.isToTidy ? await desk.goOn(tidying: record) == nil : true
        if isTidy {
            do {
                try await desk.removeRows(of: record.id)
            } catch {
                trouble = House.failure(of: error).detail
            }
        }
        await dispatcher.release([record.id])
        return trouble
    }

    private func say(_ detail: String) {
        house.say(.catalogueFailed, in: desk.root, [.detail: detail])
    }
}
