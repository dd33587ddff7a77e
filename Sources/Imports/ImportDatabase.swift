import CLinux
import GRDB
import GRDBSQLite
import Rules

/// One account's database, open.
///
/// Only its writer, ingestd, opens it this way; readers may come and go with any SQLite client.
/// Rule: docs/formats.md, "The imports database".
final class ImportDatabase {
    /// What `PRAGMA user_version` says of a database of this form.
    static let version = 1

    private let queue: DatabaseQueue
    private let busyTimeout: Duration

    /// Opens the database at `path`, and gives an empty one its form.
    ///
    /// - Parameter busyTimeout: how long somebody else is waited for who has the database for himself.
    init(at path: String, busyTimeout: Duration) throws(ImportError) {
        self.busyTimeout = busyTimeout
        queue = try attempting("open imports database") {
            try DatabaseQueue(
                path: path,
                configuration: Self.configuration(isReadOnly: false, busyTimeout: busyTimeout))
        }
        try attempting("prepare imports database") { try queue.inDatabase(Self.giveForm) }
    }

    /// Opens the database at `path` for reading.
    init(reading path: String, busyTimeout: Duration) throws(ImportError) {
        self.busyTimeout = busyTimeout
        queue = try attempting("open imports database") {
            try DatabaseQueue(
                path: path,
                configuration: Self.configuration(isReadOnly: true, busyTimeout: busyTimeout))
        }
    }

    /// Closes the connection without a lock that a reader could meet; the files stay as one needs them.
    func close() throws(ImportError) {
        try attempting("close imports database") { try queue.close() }
    }

    /// Runs `body` on the connection, outside of any transaction.
    func read<Result>(
        _ attempt: String, _ body: (Database) throws -> Result
    ) throws(ImportError) -> Result {
        try attempting(attempt) { try queue.inDatabase(body) }
    }

    /// Runs `body` in one transaction, which is on disk when this returns; nothing is changed if it
    /// throws.
    func write<Result>(
        _ attempt: String, _ body: (Database) throws -> Result
    ) throws(ImportError) -> Result {
        try attempting(attempt) {
            try queue.inDatabase { database in
                var result: Result?
                try database.inTransaction(.immediate) {
                    result = try body(database)
                    return .commit
                }
                guard let result else { preconditionFailure("a committed body has a result") }
                return result
            }
        }
    }

    /// Moves the log of writes into the database and empties it; false where a reader is in the
    /// way.
    ///
    /// - Parameter patience: how long readers are waited for, who may come and go meanwhile. In the least time those end who
    ///   only ask something; for others the next import tries again.
    func checkpoint(patience: Duration = .milliseconds(50)) throws(ImportError) -> Bool {
        try attempting("checkpoint imports database") {
            try queue.inDatabase { database in
                guard let connection = database.sqliteConnection else {
                    throw DatabaseError(resultCode: .SQLITE_MISUSE)
                }
                sqlite3_busy_timeout(connection, Int32(patience.wholeMilliseconds))
                defer { sqlite3_busy_timeout(connection, Int32(busyTimeout.wholeMilliseconds)) }
                let isBusy = try Int.fetchOne(database, sql: "PRAGMA wal_checkpoint(TRUNCATE)")
                return isBusy == 0
            }
        }
    }

    private static func configuration(
        isReadOnly: Bool, busyTimeout: Duration
    ) -> Configuration {
        var configuration = Configuration()
        configuration.readonly = isReadOnly
        configuration.busyMode = .timeout(busyTimeout.inSeconds)
        // The reference to `import` tells a reader what belongs together; checking it for each of a
        // million rows of one import would tell us nothing.
        configuration.foreignKeysEnabled = false
        configuration.prepareDatabase { database in
            try check(linux_sqlite_close_without_checkpoint(connection(of: database)))
            guard !isReadOnly else { return }
            try database.execute(
                sql: """
                    PRAGMA journal_mode = WAL;
                    PRAGMA synchronous = FULL;
                    PRAGMA temp_store = FILE;
                    PRAGMA wal_autocheckpoint = 0;
                    """)
            try keepLogFiles(of: database)
        }
        return configuration
    }

    /// Lets the two files beside the database outlive the last connection: who cannot write needs
    /// them to read.
    private static func keepLogFiles(of database: Database) throws {
        var isOn: Int32 = 1
        try check(
            sqlite3_file_control(
                connection(of: database), "main", SQLITE_FCNTL_PERSIST_WAL, &isOn))
    }

    /// SQLite's own handle of a connection in use.
    static func connection(of database: Database) -> OpaquePointer {
        guard let connection = database.sqliteConnection else {
            preconditionFailure("a connection in use is open")
        }
        return connection
    }

    /// Throws what SQLite answered, unless it is that all is well.
    static func check(_ code: Int32) throws {
        guard code == SQLITE_OK else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
    }

    private static func giveForm(_ database: Database) throws {
        let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        guard found != version else { return }
        guard found == 0 else { throw ImportError.newerDatabase(version: found, known: version) }
        try database.inTransaction(.immediate) {
            try database.execute(
                sql: """
                    CREATE TABLE IF NOT EXISTS main."import" (
                        "id" INTEGER PRIMARY KEY,
                        "document" TEXT NOT NULL UNIQUE,
                        "file_name" TEXT NOT NULL,
                        "collection" TEXT NOT NULL,
                        "schema" TEXT,
                        "table" TEXT NOT NULL,
                        "total_rows" INTEGER NOT NULL,
                        "processed_count" INTEGER NOT NULL,
                        "error_count" INTEGER NOT NULL,
                        "duplicates_skipped" INTEGER NOT NULL,
                        "tokens" INTEGER NOT NULL,
                        "imported_at" TEXT NOT NULL
                    );
                    PRAGMA user_version = \(version);
                    """)
            return .commit
        }
    }
}
