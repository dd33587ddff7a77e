import GRDB
import Glibc
import Imports
import Rules
import Synchronization
import TestSupport
import WorkerProtocol

/// A fresh folder of accounts' databases, and short ways to import and to look.
final class ImportScene: Sendable {
    let folder: String
    let root: String
    let key: TokenKey
    let databases: ImportDatabases
    private let heard = HeardLines()
    /// The scene that made the folder, and removes it.
    private let first: ImportScene?

    /// What rooms said, for tests that listen.
    private final class HeardLines: Sendable {
        let lines = Mutex<[JournalLine]>([])
    }

    var account: Account { Account(uid: geteuid(), name: nil) }
    var lines: [JournalLine] { heard.lines.withLock { $0 } }

    init(
        stagingLimit: ByteCount = .megabytes(100), busyTimeout: Duration = .seconds(5),
        schemas: [TableSchema] = [.participants]
    ) throws {
        var template = Array("/tmp/imports-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw ImportError.system(attempt: "", errno: errno) }
        folder = String(decoding: template.dropLast().map(UInt8.init), as: UTF8.self)
        // Accounts pass through to the folder of their own.
        guard chmod(folder, 0o711) == 0 else {
            throw ImportError.system(attempt: "", errno: errno)
        }
        root = folder + "/imports"
        key = try TokenKey.loadOrCreate(at: folder + "/token.key")
        first = nil
        let heard = heard
        databases = try ImportDatabases(
            root: root, tokenKey: key, schemas: schemas, stagingLimit: stagingLimit,
            busyTimeout: busyTimeout,
            journal: { line in heard.lines.withLock { $0.append(line) } })
    }

    /// The same folder, served by other schemas; lives no longer than the scene that it comes from.
    private init(_ scene: ImportScene, schemas: [TableSchema]) throws {
        folder = scene.folder
        root = scene.root
        key = scene.key
        first = scene
        databases = try ImportDatabases(
            root: root, tokenKey: key, schemas: schemas, journal: { _ in })
    }

    func reopened(schemas: [TableSchema]) throws -> ImportScene {
        try ImportScene(self, schemas: schemas)
    }

    deinit { if first == nil { _ = shell("rm -rf '\(folder)'") } }

    static let columns = TableSchema.participants.columns.map(\.name)

    static func heading(schema: String? = "participants", columns: [String] = columns)
        -> TableHeading
    {
        TableHeading(schema: schema, columns: columns, encoding: "utf-8", delimiter: ",")
    }

    func document(_ number: UInt8) -> DocumentID {
        DocumentID(
            at: Timestamp(milliseconds: 1_767_323_045_678),
            random: [UInt8](repeating: number, count: 10))
    }

    func begin(
        _ number: UInt8 = 1, account: Account? = nil, collection: String = "",
        fileName: String = "people.csv", heading: TableHeading = heading()
    ) throws -> ImportTransaction {
        try databases.begin(
            account: account ?? self.account, document: document(number), collection: collection,
            fileName: fileName, heading: heading)
    }

    /// Imports rows of a participants table, numbered from 2.
    @discardableResult
    func importPeople(
        _ number: UInt8 = 1, account: Account? = nil, collection: String = "", _ rows: [[String?]]
    ) throws -> ImportCounts {
        let transaction = try begin(number, account: account, collection: collection)
        try transaction.append(batch(rows))
        return try transaction.commit(
            totalRows: rows.count, errorCount: 0, now: Timestamp(milliseconds: 0))
    }

    /// Imports a table taken as it is.
    @discardableResult
    func importTable(
        _ number: UInt8 = 1, fileName: String, columns: [String], _ rows: [[String?]]
    ) throws -> ImportCounts {
        let transaction = try begin(
            number, fileName: fileName, heading: Self.heading(schema: nil, columns: columns))
        try transaction.append(batch(rows))
        return try transaction.commit(
            totalRows: rows.count, errorCount: 0, now: Timestamp(milliseconds: 0))
    }

    /// Reads with a connection of its own.
    func query(_ sql: String, account: Account? = nil) throws -> [[String?]] {
        var configuration = Configuration()
        configuration.readonly = true
        let queue = try DatabaseQueue(
            path: databasePath(account), configuration: configuration)
        return try queue.read { database in
            try Row.fetchAll(database, sql: sql).map { row in
                row.databaseValues.map {
                    String.fromDatabaseValue($0) ?? ($0.isNull ? nil : "\($0)")
                }
            }
        }
    }

    func databasePath(_ account: Account? = nil) -> String {
        "\(root)/\((account ?? self.account).uid)/imports.sqlite3"
    }
}

/// Rows numbered from `first`.
func batch(_ rows: [[String?]], from first: Int = 2) -> RowBatch {
    var batch = RowBatch()
    for (index, row) in rows.enumerated() {
        batch.begin(row: first + index, fieldCount: row.count)
        for field in row {
            if let field { batch.append(field: Array(field.utf8)) } else { batch.appendNoValue() }
        }
    }
    return batch
}

/// A participant with an address and nothing else but a name.
func person(_ name: String, _ email: String) -> [String?] { [name, email, nil, nil, nil] }

/// Runs a command; returns its output and whether it went well.
func shell(_ command: String) -> (output: String, isSuccess: Bool) {
    guard let stream = popen(command + " 2>&1", "r") else { return ("cannot start", false) }
    var output: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while case let count = fread(&chunk, 1, chunk.count, stream), count > 0 {
        output += chunk[..<count]
    }
    let status = pclose(stream)
    return (String(decoding: output, as: UTF8.self), status == 0)
}

/// Bytes that are text.
func text(_ bytes: UnsafeRawBufferPointer) -> String { String(decoding: bytes, as: UTF8.self) }
