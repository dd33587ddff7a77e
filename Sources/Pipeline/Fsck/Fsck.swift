import Catalog
import Rules
import Store
import SystemPackage

/// What an inspection came to.
public struct FsckOutcome: Sendable {
    public var totals = FsckTotals()
    /// What is not as it should be; after a repair what still is not.
    public var findings: [FsckFinding] = []
    /// What was wrong and has been put right.
    public var repaired: [FsckFinding] = []
}

/// Inspects a state directory, and brings in order what can be without losing anything.
///
/// Rule: docs/operations.md, "What fsck finds".
public struct Fsck: Sendable {
    private let path: String
    private let isQuick: Bool
    private let inboxes: [NamedInbox]

    /// - Parameters:
    ///   - isQuick: whether blobs are only looked at and not read.
    ///   - inboxes: those of the config, which says where their results stand; what it does not name
    ///     has them beside the drops.
    public init(stateDirectory: String, isQuick: Bool, inboxes: [NamedInbox] = []) {
        path = stateDirectory
        self.inboxes = inboxes
        self.isQuick = isQuick
    }

    /// Changes nothing; a daemon may be running, and what it has in hand is no finding then.
    public func inspect() async throws -> FsckOutcome {
        try await inspect(isAlone: { [path] in StateHolder(of: path) == .nobody }) {
            try Catalog.openReadOnly($0)
        }
    }

    /// Inspects, repairs, and inspects again.
    ///
    /// - Throws: ``StateError/inUse(path:)`` where a daemon is running.
    public func repair(now: Timestamp) async throws -> FsckOutcome {
        // Nothing is made where no state is.
        guard try isCatalogueReadable() else { return try await inspect() }
        let directory = try StateDirectory(path)
        try directory.settle()
        let state = FilePath(path)
        defer { directory.handOver() }
        // What a copy that was brought back may lack.
        try BlobStore(root: state).prepare()
        directory.handOver()
        let before = try await inspect(isAlone: { true }) { try Catalog.open($0) }
        guard before.findings.contains(where: { $0.remedy != nil }) else { return before }
        let catalog = try Catalog.open(catalogPath)
        try await FsckRepair(state: state, catalog: catalog, inboxes: inboxes, now: now)
            .perform(before.findings)
        try catalog.close()
        var after = try await inspect(isAlone: { true }) { try Catalog.openReadOnly($0) }
        let left = Set(after.findings.map(\.whole))
        after.repaired = before.findings.filter { $0.remedy != nil && !left.contains($0.whole) }
        return after
    }

    private func isCatalogueReadable() throws(CatalogError) -> Bool {
        do throws(CatalogError) {
            try Catalog.openReadOnly(catalogPath, acceptingOlder: true).close()
            return true
        } catch {
            guard case .damaged = error else { throw error }
            return false
        }
    }

    private var catalogPath: String { FilePath(path).appending("catalog.sqlite3").string }

    private func inspect(
        isAlone: @escaping @Sendable () -> Bool, _ open: (String) throws -> Catalog
    ) async throws -> FsckOutcome {
        let findings = FindingBox()
        var outcome = FsckOutcome()
        do {
            let catalog = try open(catalogPath)
            let inspection = Inspection(
                state: FilePath(path), catalog: catalog, inboxes: inboxes, isQuick: isQuick,
                isAlone: isAlone,
                found: findings.add)
            outcome.totals = try await inspection.run()
            try catalog.close()
        } catch CatalogError.damaged(let attempt, let reason) {
            findings.add(Inspection.damage("\(attempt): \(reason)"))
        }
        outcome.findings = findings.all
        return outcome
    }
}
