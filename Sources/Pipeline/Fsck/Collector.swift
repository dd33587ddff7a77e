import Catalog
import Rules
import Store
import SystemPackage

/// What a collection removed, or would remove.
public struct CollectorOutcome: Sendable, Hashable {
    /// Blobs that nothing refers to.
    public var blobs = 0
    public var bytes = ByteCount.zero
    /// Blobs that no row names and that are too young to go beside a daemon.
    public var youngBlobs = 0
    /// Results that no stage refers to; none beside a daemon, which alone writes the catalogue.
    public var results = 0
    /// Rows of blobs that nothing refers to; none beside a daemon.
    public var rows = 0
    /// Copies that a crash cut off.
    public var staged = 0
    /// Whether a daemon was running.
    public var isBesideDaemon = false

    init(_ blobs: CollectedBlobs) {
        self.blobs = blobs.removed
        bytes = blobs.bytes
        youngBlobs = blobs.spared
    }
}

/// Removes what nothing refers to.
///
/// Rule: docs/design.md, "Garbage".
public struct Collector: Sendable {
    /// How long a blob without a row is left alone beside a running daemon. A claim names its blob
    /// within its reservation's hour and an import its files within the half hour of its deadline;
    /// the rest is for a clock that is set.
    public static let grace = Duration.seconds(24 * 3600)

    private let path: String

    public init(stateDirectory: String) { path = stateDirectory }

    /// - Parameter isDry: whether to count only.
    public func run(isDry: Bool, now: Timestamp) async throws -> CollectorOutcome {
        let catalogPath = FilePath(path).appending("catalog.sqlite3").string
        // For reading: this must not be what brings an older one up to date.
        let catalog = try Catalog.openReadOnly(catalogPath)
        defer { closeQuietly(catalog) }
        if isDry {
            return StateHolder(of: path) == .nobody
                ? try await collectAlone(catalog, isDry: true)
                : try collectBesideDaemon(catalog, isDry: true, now: now)
        }
        let directory: StateDirectory
        do throws(StateError) {
            // Held to the end of this process: no daemon begins meanwhile.
            directory = try StateDirectory(path)
        } catch {
            guard case .inUse = error else { throw error }
            return try collectBesideDaemon(catalog, isDry: false, now: now)
        }
        defer { directory.handOver() }
        try directory.settle()
        let writable = try Catalog.open(catalogPath)
        defer { closeQuietly(writable) }
        return try await collectAlone(writable, isDry: false)
    }

    private func closeQuietly(_ catalog: Catalog) {
        do {
            try catalog.close()
        } catch {
            // What was written was committed; the end of the process closes what is left.
        }
    }

    private func collectBesideDaemon(
        _ catalog: Catalog, isDry: Bool, now: Timestamp
    ) throws -> CollectorOutcome {
        var outcome = CollectorOutcome(
            try BlobStore(root: FilePath(path)).collect(
                unusedSince: now + (.zero - Self.grace), isDry: isDry,
                wanted: catalog.recordedForGood(among:)))
        outcome.isBesideDaemon = true
        return outcome
    }

    private func collectAlone(_ catalog: Catalog, isDry: Bool) async throws -> CollectorOutcome {
        let store = BlobStore(root: FilePath(path))
        let garbage = try await isDry ? catalog.garbage() : catalog.removeGarbage()
        var outcome = CollectorOutcome(
            try store.collect(unusedSince: nil, isDry: isDry, wanted: catalog.used(among:)))
        outcome.results = garbage.results
        outcome.rows = garbage.blobs
        outcome.staged = try isDry ? store.stagedEntries().copies.count : store.emptyStaging()
        return outcome
    }
}
