import CLinux
import Glibc
import Rules
import WorkerProtocol

/// All accounts' imported rows: one database each, `ROOT/UID/imports.sqlite3`.
///
/// Any number of threads may begin imports; an account's commits follow one another.
public struct ImportDatabases: Sendable {
    /// How long readers are waited for at the end.
    private static let closingPatience = Duration.seconds(2)

    private let root: String
    private let tokenKey: TokenKey
    private let schemas: [TableSchema]
    private let stagingLimit: ByteCount
    private let busyTimeout: Duration
    private let turns = CommitTurns()
    private let kept = KeptConnections()
    /// Held while an account's database is made, which no two may do at a time.
    private let making = CommitTurns.Turn()
    private let journal: Journal

    /// - Parameters:
    ///   - root: the folder that holds a folder for each account; made where it is missing.
    ///     Accounts must be able to pass through the folders above it.
    ///   - schemas: those that a heading may name.
    ///   - stagingLimit: how much one import's rows may take on disk before their commit.
    ///   - busyTimeout: how long somebody else is waited for who has the database for himself: a
    ///     program that root runs on it, or the end of its last connection, which moves the log of
    ///     writes into it and may take minutes on a slow disk.
    public init(
        root: String, tokenKey: TokenKey, schemas: [TableSchema],
        stagingLimit: ByteCount = .mebibytes(2048), busyTimeout: Duration = .seconds(300),
        journal: @escaping Journal
    ) throws(ImportError) {
        self.root = root
        self.tokenKey = tokenKey
        self.schemas = schemas
        self.stagingLimit = stagingLimit
        self.busyTimeout = busyTimeout
        self.journal = journal
        _ = try Folder.make(root, mode: 0o711)
    }

    /// What looks through them.
    public var inspection: ImportsInspection { ImportsInspection(root: root) }

    /// Begins the import of one document into the account's database.
    ///
    /// - Parameters:
    ///   - collection: the path of the drop's folder below its inbox.
    ///   - fileName: the drop's name; a table without a schema is named after it.
    /// - Throws: ``ImportError/rowsRefused(reason:)`` for a heading that fits no table.
    public func begin(
        account: Account, document: DocumentID, collection: String, fileName: String,
        heading: TableHeading
    ) throws(ImportError) -> ImportTransaction {
        let target = try ImportTarget(heading: heading, schemas: schemas)
        let folder = AccountFolder(root: root, account: account)
        let isShared = try making.take { () throws(ImportError) in
            try folder.prepare(busyTimeout: busyTimeout) { path throws(ImportError) in
                try kept.keep(path, of: account.uid)
            }
        }
        if !isShared {
            journal(
                JournalLine(
                    .importsUnshared,
                    [
                        .account: account.description,
                        .reason: "the file system keeps no access control lists",
                    ]))
        }
        try kept.releaseReplaced(folder.databasePath, of: account.uid)
        let database = try ImportDatabase(at: folder.databasePath, busyTimeout: busyTimeout)
        try folder.share()
        try kept.keep(folder.databasePath, of: account.uid)
        return try ImportTransaction(
            of: ImportTransaction.Description(
                account: account, document: document, fileName: fileName, collection: collection,
                schema: heading.schema),
            to: target, in: database, turn: turns.turn(of: account.uid),
            spool: RowSpool(
                in: root, for: document, limit: stagingLimit, order: target.order,
                shape: target.shape),
            tokenKey: tokenKey, reservedTables: schemas.map(\.table), journal: journal)
    }

    /// Takes all that a document brought in out of the account's database, in one transaction that is on
    /// disk when this returns; blocks while imports of the account are committed.
    ///
    /// Nothing is done where it brought in nothing, or did so no more.
    ///
    /// - Parameter count: is told how many bytes the account's rows take then, before another import of the
    ///   account can be committed.
    public func remove(
        _ document: DocumentID, of account: Account, count: (ByteCount) -> Void = { _ in }
    ) throws(ImportError) {
        let folder = AccountFolder(root: root, account: account)
        guard try folder.hasDatabase() else { return }
        let path = folder.databasePath
        try kept.releaseReplaced(path, of: account.uid)
        let database = try ImportDatabase(at: path, busyTimeout: busyTimeout)
        try kept.keep(path, of: account.uid)
        var untidied: String?
        try turns.turn(of: account.uid).take { () throws(ImportError) in
            let left = try database.write("remove imported rows") { database in
                try FormerImport(of: document, in: database)?.remove(keeping: nil, in: database)
                return try database.importedBytes()
            }
            count(left)
            // The rows are gone: what goes wrong from here on is worth a line and no more.
            do throws(ImportError) {
                if try !database.checkpoint() { untidied = "a reader holds the write-ahead log" }
                try database.close()
            } catch {
                untidied = error.failure.detail
            }
        }
        guard let untidied else { return }
        journal(
            JournalLine(
                .importsUntidied,
                [
                    .document: document.description, .account: account.description,
                    .reason: untidied,
                ]))
    }

    /// Empties the logs of writes that readers were in the way of, as far as they let it within two seconds, and closes all
    /// that is open. Nothing is to be imported or read afterwards.
    public func close() {
        let end = ContinuousClock.now + Self.closingPatience
        for uid in kept.accounts {
            let left = end - ContinuousClock.now
            guard left > .zero else { break }
            let path = "\(root)/\(uid)/imports.sqlite3"
            var facts = stat()
            guard stat(path + "-wal", &facts) == 0, facts.st_size > 0 else { continue }
            do throws(ImportError) {
                let database = try ImportDatabase(at: path, busyTimeout: left)
                if try !database.checkpoint(patience: left) {
                    report("a reader holds the write-ahead log", of: uid)
                }
                try database.close()
            } catch {
                report(error.failure.detail, of: uid)
            }
        }
        kept.close()
    }

    private func report(_ reason: String, of uid: UInt32) {
        journal(JournalLine(.importsUntidied, [.account: "\(uid)", .reason: reason]))
    }

    /// Calls `body` with each row that the document brought in and that has a token, in order of the
    /// keys.
    ///
    /// Nothing is called for a document that is not recorded, or whose rows have no tokens.
    ///
    /// - Parameter limit: how many rows are said to be among the first of the file; nil for all.
    /// - Throws: ``ImportError``, or what `body` throws.
    public func forEachToken(
        account: Account, document: DocumentID, first limit: Int? = nil,
        _ body: (TokenRow) throws -> Void
    ) throws {
        let folder = AccountFolder(root: root, account: account)
        try kept.releaseReplaced(folder.databasePath, of: account.uid)
        let database = try ImportDatabase(
            reading: folder.databasePath, busyTimeout: busyTimeout)
        try kept.keep(folder.databasePath, of: account.uid)
        try TokenList(of: document, schemas: schemas, in: database).forEach(first: limit, body)
        try database.close()
    }
}
