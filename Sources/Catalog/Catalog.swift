import GRDB
import Rules
import Synchronization

/// Remembers documents, their jobs and what is charged for them: the one guard of the database.
///
/// Every method is one transaction that leaves the catalogue true. A write, once begun, ends by
/// itself even where the task that asked for it is cancelled, so that its outcome is always told.
/// Rule: docs/design.md, "Catalogue".
public final class Catalog: Sendable {
    /// How large the write-ahead log may stay once it has been written back.
    private static let logSizeLimit = ByteCount.mebibytes(16)
    /// What a batch of claims touches stays in memory: less, and pages are written and read again
    /// within one commit.
    private static let cacheLimit = ByteCount.mebibytes(8)
    /// At so many pages of 4 KiB the log is written back: batches touch the same pages again and
    /// again, which are then written back once.
    private static let logPages = 4096

    let queue: DatabaseQueue
    private let commits: SharedCommits

    private init(queue: DatabaseQueue) {
        self.queue = queue
        commits = SharedCommits(queue: queue)
    }

    /// Opens the catalogue for the daemon, which alone writes it; makes it where it is missing.
    ///
    /// One that an earlier ingestd has written is brought up to date; a copy of it as it was then
    /// lies beside it. Blocks on the disk.
    ///
    /// - Throws: ``CatalogError/newer(path:)`` for one that a later ingestd has written,
    ///   ``CatalogError/foreign(path:)`` for a database that is not ours.
    public static func open(_ path: String) throws(CatalogError) -> Catalog {
        try open(path, migrator: Schema.migrator)
    }

    /// The same with the given steps from version to version.
    static func open(
        _ path: String, migrator: DatabaseMigrator
    ) throws(CatalogError) -> Catalog {
        try opening(path) {
            var configuration = Configuration()
            configuration.label = "catalogue"
            configuration.journalMode = .wal
            configuration.busyMode = .timeout(5)
            configuration.prepareDatabase { db in
                // What a long read made the log grow to is given back afterwards.
                try db.execute(sql: "PRAGMA journal_size_limit = \(logSizeLimit.bytes)")
                try db.execute(sql: "PRAGMA wal_autocheckpoint = \(logPages)")
                try db.execute(sql: "PRAGMA cache_size = -\(cacheLimit.bytes / 1024)")
                // What a statement would be undone by is small, and not worth a file of its own.
                try db.execute(sql: "PRAGMA temp_store = MEMORY")
            }
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            // A commit that a power cut could undo would be no promise. GRDB lowers this when it
            // switches to the write-ahead log, which is after a database was prepared.
            try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            try queue.read { db in try Schema.check(db, path: path, migrator: migrator) }
            try Schema.backUp(queue, path: path, before: migrator)
            try queue.writeWithoutTransaction { db in try Schema.mark(db) }
            try migrator.migrate(queue)
            return Catalog(queue: queue)
        }
    }

    /// Opens the catalogue beside a daemon that may be running, for reading only.
    ///
    /// Blocks on the disk.
    ///
    /// - Parameter acceptingOlder: whether one that an earlier ingestd has written may be opened; it
    ///   can then only be closed again.
    public static func openReadOnly(
        _ path: String, acceptingOlder: Bool = false
    ) throws(CatalogError) -> Catalog {
        try opening(path) {
            var configuration = Configuration()
            configuration.label = "catalogue, read-only"
            configuration.readonly = true
            configuration.busyMode = .timeout(5)
            let queue = try DatabaseQueue(
                path: ReadOnlyPlace.path(toOpen: path), configuration: configuration)
            try queue.read { db in
                try Schema.check(db, path: path, migrator: Schema.migrator)
                guard try acceptingOlder || Schema.migrator.hasCompletedMigrations(db) else {
                    throw CatalogError.older(path: path)
                }
            }
            return Catalog(queue: queue)
        }
    }

    /// Closes the database; nothing may be asked of the catalogue afterwards.
    public func close() throws(CatalogError) {
        do { try queue.close() } catch { throw CatalogError("close the catalogue", error) }
    }

    private static func opening(
        _ path: String, _ body: () throws -> Catalog
    ) throws(CatalogError) -> Catalog {
        do { return try body() } catch { throw CatalogError("open \(path)", error) }
    }

    /// Runs `body` all or nothing, and returns once it is committed for good; writes that come
    /// meanwhile share the next commit.
    ///
    /// GRDB's own async access gives up when the task is cancelled, and then nobody knows whether
    /// the commit was made; this one always waits for the answer.
    func write<Value: Sendable>(
        _ attempt: String, _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(CatalogError) -> Value {
        try await share([()], isDurable: true, attempt: { _ in attempt }, { try body($1) })[0].get()
    }

    /// The same for each of some items, all with one commit; each is all or nothing by itself.
    ///
    /// - Returns: for each in the same order, its value or why it was undone.
    func writeEach<Item: Sendable, Value: Sendable>(
        _ items: [Item], attempt: @escaping @Sendable (Item) -> String,
        _ body: @escaping @Sendable (Item, Database) throws -> Value
    ) async -> [Result<Value, CatalogError>] {
        await share(items, isDurable: true, attempt: attempt, body)
    }

    /// Runs `body` in one transaction that outlasts our own death at once, and a power cut only
    /// together with the next durable one: by itself it does not wait for the disk.
    ///
    /// For what a start after a power cut finds out by itself. Never for a row that keeps a promise.
    /// Rule: docs/design.md, "Catalogue".
    func writeRelaxed<Value: Sendable>(
        _ attempt: String, _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(CatalogError) -> Value {
        try await share([()], isDurable: false, attempt: { _ in attempt }, { try body($1) })[0]
            .get()
    }

    private func share<Item: Sendable, Value: Sendable>(
        _ items: [Item], isDurable: Bool, attempt: @escaping @Sendable (Item) -> String,
        _ body: @escaping @Sendable (Item, Database) throws -> Value
    ) async -> [Result<Value, CatalogError>] {
        guard !items.isEmpty else { return [] }
        let values = Mutex([Value?](repeating: nil, count: items.count))
        let errors = await withCheckedContinuation { waiter in
            commits.add(
                SharedCommits.Write(
                    isDurable: isDurable, count: items.count,
                    perform: { index, db in
                        let made = try body(items[index], db)
                        values.withLock { $0[index] = made }
                    },
                    end: { waiter.resume(returning: $0) }))
        }
        return zip(items, zip(errors, values.withLock { $0 })).map { item, outcome in
            let (error, value) = outcome
            if let error { return .failure(CatalogError(attempt(item), error)) }
            guard let value else {
                preconditionFailure("a write that was committed has its value")
            }
            return .success(value)
        }
    }

    /// The same on the calling thread's time.
    func writeRelaxedBlocking<Value>(
        _ attempt: String, _ body: (Database) throws -> Value
    ) throws(CatalogError) -> Value {
        do {
            return try queue.writeWithoutTransaction { try $0.relaxed(body) }
        } catch {
            throw CatalogError(attempt, error)
        }
    }

    /// Runs `body` in one transaction on the calling thread's time.
    func writeBlocking<Value>(
        _ attempt: String, _ body: (Database) throws -> Value
    ) throws(CatalogError) -> Value {
        do { return try queue.write(body) } catch { throw CatalogError(attempt, error) }
    }

    /// Runs `body` over one unchanging view of the database on the calling thread's time.
    func readBlocking<Value>(
        _ attempt: String, _ body: (Database) throws -> Value
    ) throws(CatalogError) -> Value {
        do { return try queue.read(body) } catch { throw CatalogError(attempt, error) }
    }

    /// Runs `body` over one unchanging view of the database.
    func read<Value: Sendable>(
        _ attempt: String, _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(CatalogError) -> Value {
        let outcome: Result<Value, CatalogError> = await withCheckedContinuation { waiter in
            // GRDB's own `asyncRead` ends a read that it could not begin, which ends the process.
            queue.asyncWriteWithoutTransaction { db in
                let result = Result { try db.unchanging(body) }
                waiter.resume(returning: result.mapError { CatalogError(attempt, $0) })
            }
        }
        return try outcome.get()
    }
}

extension Database {
    /// One transaction that only reads.
    fileprivate func unchanging<Value>(_ body: (Database) throws -> Value) throws -> Value {
        var value: Value?
        try inTransaction(.deferred) {
            value = try body(self)
            return .commit
        }
        guard let value else { preconditionFailure("a transaction that ended well has a value") }
        return value
    }

    /// One transaction whose commit is written to the log but not synced.
    fileprivate func relaxed<Value>(_ body: (Database) throws -> Value) throws -> Value {
        var value: Value?
        try transaction(isDurable: false) { value = try body(self) }
        guard let value else { preconditionFailure("a transaction that ended well has a value") }
        return value
    }
}
