import Foundation
import GRDB

/// What a state directory holds, read while nobody writes it.
struct RecordedState {
    /// A document as the catalogue has it.
    struct Document: Equatable {
        let path: String
        let state: String
        let version: Int?
        let size: Int
    }

    let folder: String

    init(_ scene: FlowScene) { folder = scene.state }

    /// By path, the older first.
    func documents() throws -> [Document] {
        try rows(
            "SELECT CAST(path AS TEXT), state, version, size FROM document ORDER BY path, id"
        ).map { Document(path: $0[0], state: $0[1], version: $0[2], size: $0[3]) }
    }

    /// Whether no document was ever taken.
    var isEmpty: Bool { (try? documents().isEmpty) ?? false }

    /// What an account is charged.
    func charge(of uid: uid_t = FlowScene.uid) throws -> (bytes: Int, files: Int) {
        let row = try rows("SELECT usedBytes, usedFiles FROM account WHERE uid = \(uid)").first
        return row.map { ($0[0], $0[1]) } ?? (0, 0)
    }

    /// What was made of an account's files.
    func derived(_ kind: String, of uid: uid_t = FlowScene.uid) throws -> Int {
        try rows("SELECT bytes FROM derived WHERE uid = \(uid) AND class = '\(kind)'").first?[0]
            ?? 0
    }

    /// Changes the catalogue behind the back of everybody.
    func tamper(_ sql: String) throws {
        try DatabaseQueue(path: folder + "/catalog.sqlite3").writeWithoutTransaction {
            try $0.execute(sql: sql)
        }
    }

    /// The attempts that the stages of all documents have spent, the highest.
    func mostAttempts() throws -> Int {
        try rows("SELECT max(attempt) FROM stage").first?[0] ?? 0
    }

    /// The stages of a document as they are on record: state, attempts, and deaths of the daemon.
    func stages(_ path: String) throws -> [String: (state: String, attempt: Int, deaths: Int)] {
        let rows = try rows(
            """
            SELECT name, stage.state, attempt, interruptions FROM stage
            JOIN document ON document.id = documentId WHERE path = CAST('\(path)' AS BLOB)
            """)
        return rows.reduce(into: [:]) { $0[$1[0]] = ($1[1], $1[2], $1[3]) }
    }

    /// What a stage of the one document goes by.
    func parameters(of stage: String) throws -> String? {
        try rows("SELECT parameters FROM stage WHERE name = '\(stage)'").first?[0]
    }

    func count(_ table: String) throws -> Int {
        try rows("SELECT count(*) FROM \(table)").first?[0] ?? 0
    }

    /// The contents that a table's rows name, in hexadecimal digits.
    func digests(of table: String) throws -> [String] {
        try rows("SELECT lower(hex(digest)) FROM \(table)").map { $0[0] }
    }

    /// Whether the store has a content.
    func hasBlob(_ digest: String) -> Bool {
        let path = "\(folder)/blobs/\(digest.prefix(2))/\(digest)"
        return FileManager.default.fileExists(atPath: path)
    }

    /// Writes down that the name of a document's drop could not be removed, and what stands there.
    func noteLeftover(_ path: String, _ facts: stat) throws {
        let device = UInt64(facts.st_dev)
        let major = device >> 8 & 0xfff | device >> 32 & ~0xfff
        let minor = device & 0xff | device >> 12 & ~0xff
        let nanoseconds = { (time: timespec) in time.tv_sec * 1_000_000_000 + time.tv_nsec }
        try DatabaseQueue(path: folder + "/catalog.sqlite3").write { db in
            try db.execute(
                sql: """
                    INSERT INTO removal SELECT id, uid, inbox, path, ?, ?, ?, ?, ?, 1 FROM document
                    WHERE path = CAST(? AS BLOB)
                    """,
                arguments: [
                    Int64(major << 32 | minor), Int64(facts.st_ino), facts.st_size,
                    nanoseconds(facts.st_mtim), nanoseconds(facts.st_ctim), path,
                ])
        }
    }

    /// A value of an account's own database of imports.
    func imported<Value: DatabaseValueConvertible>(
        _ sql: String, uid: uid_t = FlowScene.uid
    ) throws -> [Value] {
        let path = "\(folder)/imports/\(uid)/imports.sqlite3"
        return try open(path).read { try Value.fetchAll($0, sql: sql) }
    }

    /// The names in staging.
    func staged() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder + "/staging")
    }

    private func rows(_ sql: String) throws -> [Row] {
        try open(folder + "/catalog.sqlite3").read { try Row.fetchAll($0, sql: sql) }
    }

    private func open(_ path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.readonly = true
        return try DatabaseQueue(path: path, configuration: configuration)
    }
}
