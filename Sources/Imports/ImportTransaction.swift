import GRDB
import GRDBSQLite
import Rules
import WorkerProtocol

/// The import of one document's rows: all of them, or none.
///
/// Rows wait in a file of their own until the commit, so that a slow worker holds up no other
/// import. Whoever lets go of it without a commit has imported nothing. Used by one thread at a
/// time.
public final class ImportTransaction {
    private let database: ImportDatabase
    private let turn: CommitTurns.Turn
    private let spool: RowSpool
    private let target: ImportTarget
    private let minter: TokenMinter?
    private let description: Description
    private let journal: Journal
    private var onProgress: (_ done: Int, _ total: Int) -> Void = { _, _ in }

    /// What the table `import` says of the document.
    struct Description {
        var account: Account
        var document: DocumentID
        var fileName: String
        var collection: String
        var schema: String?
    }

    init(
        of description: Description, to target: ImportTarget, in database: ImportDatabase,
        turn: CommitTurns.Turn, spool: RowSpool, tokenKey: TokenKey, journal: @escaping Journal
    ) {
        self.description = description
        self.target = target
        self.database = database
        self.turn = turn
        self.spool = spool
        self.journal = journal
        minter = target.hasTokens ? TokenMinter(key: tokenKey) : nil
    }

    /// More than a list of the tokens takes, a line for each row with its key; zero where rows get none.
    public var roomForTokens: ByteCount {
        guard minter != nil else { return .zero }
        return ByteCount(spool.length + spool.rowCount * (Token.characterCount + 8))
    }

    /// Takes rows, which must follow each other in the order of the file.
    public func append(_ batch: RowBatch) throws(ImportError) {
        try spool.append(batch)
    }

    /// Puts all rows into the account's database, in one transaction that is on disk when this
    /// returns; blocks while other imports of the account do.
    ///
    /// What a document brought in before gives way in the same transaction, so that there are always
    /// the rows of one run and no others; a row whose key comes again keeps its token.
    ///
    /// - Parameters:
    ///   - totalRows: data rows in the file.
    ///   - errorCount: how many of them were rejected; the others must all have been appended.
    ///   - ledger: counts what the rows take.
    ///   - onProgress: is told, before this returns and every few milliseconds, how far the rows have come.
    public func commit(
        totalRows: Int, errorCount: Int, now: Timestamp, ledger: ImportLedger = .none,
        onProgress: @escaping (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws(ImportError) -> ImportCounts {
        guard spool.rowCount == totalRows - errorCount else {
            throw .rowsRefused(
                reason: "\(spool.rowCount) rows came of \(totalRows) less \(errorCount) rejected")
        }
        self.onProgress = onProgress
        defer { self.onProgress = { _, _ in } }
        return try turn.take { () throws(ImportError) in
            do throws(ImportError) {
                let counts = try database.write("commit import") { database in
                    let counts = try store(
                        totalRows: totalRows, errorCount: errorCount, now: now, in: database)
                    if let failure = ledger.admit(try database.importedBytes()) {
                        throw ImportError.notAdmitted(failure)
                    }
                    return counts
                }
                tidyUp()
                return counts
            } catch {
                correct(ledger)
                throw error
            }
        }
    }

    /// What was counted beforehand may not have come about. What cannot be counted now is counted by the
    /// next import, or the next start.
    private func correct(_ ledger: ImportLedger) {
        do {
            try ledger.correct(database.read("measure imports") { try $0.importedBytes() })
        } catch let error as any DocumentError {
            report(error.failure.detail)
        } catch {
            report("count imports: \(error)")
        }
    }

    /// Ends the import without a trace in the database.
    public func cancel() {
        do throws(ImportError) { try database.close() } catch { report(error) }
    }

    private func store(
        totalRows: Int, errorCount: Int, now: Timestamp, in database: Database
    ) throws -> ImportCounts {
        let former = try FormerImport(of: description.document, in: database)
        let kept = former.flatMap { _ in KeptTokens(of: target) }
        let scan = RowScan(of: spool, shape: target.shape, minter: minter)
        let progress = StoringProgress(
            of: scan, rowCount: spool.rowCount, isSorted: target.isKeyed, tell: onProgress)
        try kept?.create(in: database)
        try progress.during(on: Self.connection(of: database)) {
            try former?.remove(keeping: kept, in: database)
        }
        let number = try former?.number ?? ImportRecord.nextNumber(in: database)
        let table = try table(in: database)
        try database.execute(sql: target.creation(of: table))
        let inserted = try moveRows(
            of: scan, to: table, as: number, keepingTokens: kept != nil, progress, in: database)
        try kept?.drop(from: database)
        let counts = ImportCounts(
            processedCount: inserted, duplicatesSkipped: spool.rowCount - inserted,
            tokens: minter == nil ? 0 : inserted, table: table)
        let record = ImportRecord(
            document: description.document, fileName: description.fileName,
            collection: description.collection, schema: description.schema, totalRows: totalRows,
            errorCount: errorCount, counts: counts, importedAt: now)
        try record.insert(as: number, into: database)
        return counts
    }

    private func table(in database: Database) throws -> String {
        switch target {
        case .keyed(let schema, _):
            return schema.name
        case .ownTable:
            var taken = Set(
                try String.fetchAll(database, sql: "SELECT name FROM main.sqlite_schema")
                    .map(SQLName.folded))
            // Names that schemas may want later, or that mean something else already.
            taken.formUnion(["import", RowModule.tableName, TableSchema.participants.name])
            return SQLName.table(forFile: description.fileName, taken: taken)
        }
    }

    /// Returns how many rows the table took.
    private func moveRows(
        of scan: RowScan, to table: String, as number: Int64, keepingTokens: Bool,
        _ progress: StoringProgress, in database: Database
    ) throws -> Int {
        let connection = Self.connection(of: database)
        try check(RowModule.register(scan, on: connection))
        defer { _ = RowModule.unregister(from: connection) }
        do {
            let statement = try database.makeStatement(
                sql: target.insertion(into: table, keepingTokens: keepingTokens))
            try progress.during(on: connection) {
                switch target {
                case .keyed: try statement.execute(arguments: [description.collection, number])
                case .ownTable: try statement.execute()
                }
            }
        } catch {
            // SQLite only knows that reading the rows failed; the scan knows why.
            throw scan.failure ?? error
        }
        return withExtendedLifetime(scan) { database.changesCount }
    }

    private static func connection(of database: Database) -> OpaquePointer {
        guard let connection = database.sqliteConnection else {
            preconditionFailure("a connection in use is open")
        }
        return connection
    }

    private func check(_ code: Int32) throws {
        guard code == SQLITE_OK else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
    }

    /// The rows are safe: what goes wrong from here on is worth a line and no more.
    private func tidyUp() {
        do throws(ImportError) {
            if try !database.checkpoint() {
                report("a reader holds the write-ahead log")
            }
            try database.close()
        } catch {
            report(error)
        }
    }

    private func report(_ error: ImportError) { report(error.failure.detail) }

    private func report(_ reason: String) {
        journal(
            JournalLine(
                .importsUntidied,
                [
                    .document: description.document.description,
                    .account: description.account.description, .reason: reason,
                ]))
    }
}
