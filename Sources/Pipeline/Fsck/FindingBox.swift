import Synchronization

/// Findings as they come in; the same one counts once.
final class FindingBox: Sendable {
    /// How many of one code are kept: where a disk is away everything is missing, and a million
    /// findings tell no more than these.
    static let limit = 10_000

    private struct State {
        var order: [FsckFinding] = []
        var known: Set<FsckFinding> = []
        var counts: [FsckFinding.Code: Int] = [:]
    }

    private let current = Mutex(State())

    /// In the order in which they were found; behind them a word on those that were not kept.
    var all: [FsckFinding] {
        current.withLock { current in
            current.order
                + FsckFinding.Code.allCases.compactMap { code in
                    let untold = current.counts[code, default: 0] - Self.limit
                    guard untold > 0 else { return nil }
                    return FsckFinding(
                        code: code, subject: "…",
                        detail: "\(untold) more of this kind are not told one by one")
                }
        }
    }

    func add(_ finding: FsckFinding) {
        current.withLock { current in
            guard !current.known.contains(finding) else { return }
            current.counts[finding.code, default: 0] += 1
            guard current.counts[finding.code, default: 0] <= Self.limit else { return }
            current.known.insert(finding)
            current.order.append(finding)
        }
    }
}
