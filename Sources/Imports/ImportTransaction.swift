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
    /// Quotes in the rows, each of which a list of tokens doubles.
    private var quoteCount = 0
    private let description: Description
    /// Tables that no document may have for its own.
    private let reservedTables: [String]
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
        turn: CommitTurns.Turn, spool: RowSpool, tokenKey: TokenKey, reservedTables: [String],
        journal: @escaping Journal
    ) {
        self.reservedTables = reservedTables
        self.description = description
        self.target = target
        self.database = database
        self.turn = turn
        self.spool = spool
        self.journal = journal
        minter = target.hasTokens ? TokenMinter(key: tokenKey) : nil
    }

    /// What a list of the tokens takes at most, a line for each row with its key; zero where rows get none.
    public var roomForTokens: ByteCount {
        guard minter != nil else { return .zero }
        let key = keyColumns
        // Quotes around each part of the key, a mark against formulas and a comma; the line's end.
        let line = 4 * key.count + Token.characterCount + 2
        let header = key.reduce(64) { $0 + $1.utf8.count + 1 }
        return ByteCount(header + spool.length + quoteCount + spool.rowCount * line)
    }

    /// Rows that were appended.
    public var rowCount: Int { spool.rowCount }

    /// The columns that tell rows apart; none in a table without a key.
    public var keyColumns: [String] {
        switch target {
        case .keyed(let table): table.schema.key
        case .ownTable: []
        }
    }

    /// Takes rows, which must follow each other in the order of the file.
    public func append(_ batch: RowBatch) throws(ImportError) {
        if minter != nil {
            quoteCount += batch.bytes.reduce(0) { $0 + ($1 == UInt8(ascii: "\"") ? 1 : 0) }
        }
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
    ///   - types: what the columns of an inferred table turned out to be.
    ///   - ledger: counts what the rows take.
    ///   - onRepeated: is given each row that is rejected because its key is there already, in the
    ///     order of the file, before the commit; what it throws undoes everything.
    ///   - onAllRepeated: is called behind the last of them, before the commit; the same holds.
    ///   - onProgress: is told, before this returns and every few milliseconds, how far the rows have come.
    /// - Throws: ``ImportError``, or what the first two throw.
    public func commit(
        totalRows: Int, errorCount: Int, types: [InferredType] = [], now: Timestamp,
        ledger: ImportLedger = .none,
        onRepeated: (RepeatedRow) throws -> Void = { _ in },
        onAllRepeated: () throws -> Void = {},
        onProgress: @escaping (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws -> ImportCounts {
        guard spool.rowCount == totalRows - errorCount else {
            throw ImportError.rowsRefused(
                reason: "\(spool.rowCount) rows came of \(totalRows) less \(errorCount) rejected")
        }
        try spool.finish()
        self.onProgress = onProgress
        defer { self.onProgress = { _, _ in } }
        // An error of the caller's own passes through untouched; only SQLite's are translated.
        var refusal: (any Error)?
        func asking(_ body: () throws -> Void) throws {
            do { try body() } catch {
                refusal = error
                throw error
            }
        }
        return try turn.take {
            do {
                let counts = try database.write("commit import") { database in
                    let counts = try store(
                        totalRows: totalRows, errorCount: errorCount, types: types, now: now,
                        in: database
                    ) { row in try asking { try onRepeated(row) } }
                    try asking(onAllRepeated)
                    if let failure = ledger.admit(try database.importedBytes()) {
                        throw ImportError.notAdmitted(failure)
                    }
                    return counts
                }
                emptyLog()
                cancel()
                return counts
            } catch {
                correct(ledger)
                // What did not fit into memory stands in the log of writes though it was undone.
                emptyLog()
                throw refusal ?? error
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

    /// Ends the import; without a trace in the database unless it was committed.
    public func cancel() {
        do throws(ImportError) { try database.close() } catch { report(error) }
    }

    private func store(
        totalRows: Int, errorCount: Int, types: [InferredType], now: Timestamp,
        in database: Database, onRepeated: (RepeatedRow) throws -> Void
    ) throws -> ImportCounts {
        let former = try FormerImport(of: description.document, in: database)
        let kept = former.flatMap { _ in KeptTokens(of: target) }
        let scan = RowScan(of: spool, shape: target.shape, minter: minter)
        let progress = StoringProgress(
            of: scan, rowCount: spool.rowCount,
            isSorted: target.isByKey && !spool.isSorted, tell: onProgress)
        try kept?.create(in: database)
        try progress.during(on: ImportDatabase.connection(of: database)) {
            try former?.remove(keeping: kept, in: database)
        }
        let number = try former?.number ?? ImportRecord.nextNumber(in: database)
        let table = try makeTable(types, in: database)
        let counter = RowCounter()
        let changed = try moveRows(
            of: scan, to: table, as: number, keepingTokens: kept != nil, counter, progress,
            in: database)
        try kept?.drop(from: database)
        let left = spool.rowCount - changed
        let isRejecting = target.duplicates == .reject
        let counts = ImportCounts(
            processedCount: changed, updatedCount: counter.count,
            duplicatesSkipped: isRejecting ? 0 : left, duplicatesRejected: isRejecting ? left : 0,
            tokens: try minter == nil ? 0 : tokens(changed, in: database, as: number), table: table)
        if isRejecting, left > 0 {
            try tellRepeated(of: scan, as: number, expecting: left, in: database, onRepeated)
        }
        let record = ImportRecord(
            document: description.document, fileName: description.fileName,
            collection: description.collection, schema: description.schema, totalRows: totalRows,
            errorCount: errorCount + counts.duplicatesRejected, counts: counts, importedAt: now)
        try record.insert(as: number, into: database)
        return counts
    }

    /// Makes the table unless it is there; returns its name.
    private func makeTable(_ types: [InferredType], in database: Database) throws -> String {
        switch target {
        case .keyed(let schemaTable):
            try schemaTable.prepare(in: database)
            return schemaTable.schema.table
        case .ownTable(let fields):
            var taken = Set(
                try String.fetchAll(database, sql: "SELECT name FROM main.sqlite_schema")
                    .map(SQLName.folded))
            // Names that schemas may want later, or that mean something else already.
            taken.formUnion(["import", RowModule.tableName] + reservedTables.map(SQLName.folded))
            let name = SQLName.table(forFile: description.fileName, taken: taken)
            try database.execute(
                sql: ImportTarget.creation(of: name, fields: fields, types: types))
            return name
        }
    }

    /// How many rows have a token because of this document.
    private func tokens(_ changed: Int, in database: Database, as number: Int64) throws -> Int {
        // A row that took another's place may have been replaced itself further down in the file.
        guard case .keyed(let schemaTable) = target, target.duplicates == .update else {
            return changed
        }
        return try Int.fetchOne(
            database,
            sql: """
                SELECT count(*) FROM main.\(SQLName.quoted(schemaTable.schema.table))
                WHERE "collection" = ? AND "import" = ?
                """, arguments: [description.collection, number]) ?? 0
    }

    /// Finds the rows that the table did not take.
    private func tellRepeated(
        of scan: RowScan, as number: Int64, expecting count: Int, in database: Database,
        _ body: (RepeatedRow) throws -> Void
    ) throws {
        guard case .keyed(let schemaTable) = target else { return }
        try reading(scan, in: database) {
            let rows = try Row.fetchCursor(
                database, sql: schemaTable.repeatedRows,
                arguments: [description.collection, number])
            let key = schemaTable.schema.key
            var found = 0
            while let row = try rows.next() {
                let isOfThisFile: Bool = row[1]
                let other: Int = row[2]
                found += 1
                guard let record = scan.record, scan.row == row[0] else {
                    throw ImportError.rowsRefused(reason: "row \(scan.row) carries no record")
                }
                try body(
                    RepeatedRow(
                        row: scan.row, field: key.count == 1 ? key[0] : "",
                        message: isOfThisFile
                            ? "is there already, in row \(other)"
                            : "is there already, from another file",
                        record: Array(record)))
            }
            guard found == count else {
                throw ImportError.rowsRefused(reason: "\(found) rows come again, not \(count)")
            }
        }
    }

    /// Returns how many rows the table took.
    private func moveRows(
        of scan: RowScan, to table: String, as number: Int64, keepingTokens: Bool,
        _ counter: RowCounter, _ progress: StoringProgress, in database: Database
    ) throws -> Int {
        let connection = ImportDatabase.connection(of: database)
        try ImportDatabase.check(counter.register(on: connection))
        defer { _ = RowCounter.unregister(from: connection) }
        try reading(scan, in: database) {
            let statement = try database.makeStatement(
                sql: target.insertion(
                    into: table, isSorted: spool.isSorted, keepingTokens: keepingTokens))
            try progress.during(on: connection) {
                switch target {
                case .keyed: try statement.execute(arguments: [description.collection, number])
                case .ownTable: try statement.execute()
                }
            }
        }
        return withExtendedLifetime(counter) { database.changesCount }
    }

    /// Lets SQLite read the staged rows while `body` runs.
    private func reading(_ scan: RowScan, in database: Database, _ body: () throws -> Void) throws {
        let connection = ImportDatabase.connection(of: database)
        try ImportDatabase.check(RowModule.register(scan, on: connection))
        defer { _ = RowModule.unregister(from: connection) }
        do {
            try withExtendedLifetime(scan, body)
        } catch {
            // SQLite only knows that reading the rows failed; the scan knows why.
            throw scan.failure ?? error
        }
    }

    /// The rows are safe, or gone again: what goes wrong from here on is worth a line and no more.
    private func emptyLog() {
        do throws(ImportError) {
            if try !database.checkpoint() {
                report("a reader holds the write-ahead log")
            }
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
