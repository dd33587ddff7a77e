import Synchronization

/// Findings as they come in; the same one counts once.
final class FindingBox: Sendable {
    private let current = Mutex<(order: [FsckFinding], known: Set<FsckFinding>)>(([], []))

    /// In the order in which they were found.
    var all: [FsckFinding] { current.withLock { $0.order } }

    func add(_ finding: FsckFinding) {
        current.withLock { current in
            if current.known.insert(finding).inserted { current.order.append(finding) }
        }
    }
}
