import Catalog
import Rules

/// When the status files of running documents are written: each so often at most, and never not at all.
///
/// Holds one view for each document in hand, so it is as small as there are worker slots.
/// Rule: docs/formats.md, "Status files".
struct ProgressBoard {
    typealias Instant = ContinuousClock.Instant

    private let interval: Duration
    private var shown: [DocumentID: Instant] = [:]
    private var held: [DocumentID: DocumentView] = [:]

    init(interval: Duration) { self.interval = interval }

    /// Whether views are held back, which ``takeDue(at:)`` is to be asked for later.
    var isHolding: Bool { !held.isEmpty }

    /// Whether a view is to be written now: at once where the document begins or ceases to run.
    /// Else it is held back, in the place of an older one.
    mutating func admits(_ view: DocumentView, at now: Instant) -> Bool {
        let id = view.record.id
        guard view.record.standing.state == .running else {
            forget(id)
            return true
        }
        if let last = shown[id], now - last < interval {
            held[id] = view
            return false
        }
        shown[id] = now
        held[id] = nil
        return true
    }

    /// Hands out the views whose time has come.
    mutating func takeDue(at now: Instant) -> [DocumentView] {
        let due = held.filter { id, _ in shown[id].map { now - $0 >= interval } ?? true }
        for id in due.keys {
            shown[id] = now
            held[id] = nil
        }
        return Array(due.values)
    }

    /// Something newer is about to be written of a document, or it has ended.
    mutating func forget(_ id: DocumentID) {
        shown[id] = nil
        held[id] = nil
    }
}
