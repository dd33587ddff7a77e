import Rules
import Synchronization

/// A committed drop whose name could not be removed, for want of what comes back by itself.
struct OwedRemoval: Sendable {
    let document: DocumentID
    let path: BeneathPath
    let identity: DropIdentity
}

/// The removals of one inbox that are to be tried again soon.
///
/// As many as claims met a failing disk or catalogue: each document is owed once. A start makes up for
/// those that a stop leaves here.
final class OwedRemovals: Sendable {
    private let owed = Mutex<[DocumentID: OwedRemoval]>([:])
    private let signal = Signal()

    /// Whether what stands under a name is owed: its document speaks for it, not the drop.
    func contains(_ path: BeneathPath) -> Bool {
        owed.withLock { $0.values.contains { $0.path == path } }
    }

    func add(_ removal: OwedRemoval) {
        owed.withLock { $0[removal.document] = removal }
        signal.raise()
    }

    /// Tries what is owed again and again, until the task is cancelled.
    func run(_ house: House, _ desk: InboxDesk) async {
        while await signal.wait() {
            do {
                // What stood in the way will hardly be gone at once.
                try await QuietClock().sleep(for: house.retries.storeWait)
            } catch {
                return
            }
            for removal in owed.withLock({ Array($0.values) }) {
                let order = DropRemoval.Order(
                    document: removal.document, path: removal.path, identity: removal.identity)
                let outcome = await DropRemoval(house: house, desk: desk)
                    .perform([order], isRecovery: true).first
                guard let error = outcome?.error else {
                    owed.withLock { $0[removal.document] = nil }
                    desk.requests.documentMoved(removal.path)
                    continue
                }
                house.say(
                    .removalFailed, in: desk.root, at: removal.path,
                    [
                        .document: "\(removal.document)",
                        .detail: House.failure(of: error).detail,
                    ])
            }
        }
    }
}
