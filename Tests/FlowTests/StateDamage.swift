import Foundation
import GRDB
import Testing

/// Ways in which a state directory, or what lies beside a drop, can come to harm.
struct StateDamage: Sendable, CustomStringConvertible {
    /// What becomes of it when it is repaired.
    enum Repair {
        case whole
        /// It is still found, for a person to decide.
        case left
    }

    let description: String
    /// The codes by which it is found, in order; nothing else may be.
    let codes: Set<String>
    let repair: Repair
    /// Those of the codes that are found no more, where others are left.
    let mended: Set<String>
    let isHarm: Bool
    let inflict: @Sendable (DamagedState) throws -> Void

    private init(
        _ description: String, _ codes: Set<String>, _ repair: Repair = .whole,
        mended: Set<String> = [], isHarm: Bool = true,
        _ inflict: @escaping @Sendable (DamagedState) throws -> Void
    ) {
        self.description = description
        self.codes = codes
        self.repair = repair
        self.mended = mended
        self.isHarm = isHarm
        self.inflict = inflict
    }

    static let all = [
        StateDamage("a byte of a blob is flipped", ["blob_damaged"]) { state in
            try state.overwrite(state.original("a.pdf"), at: 20, with: [0xee])
        },
        StateDamage("a blob is gone", ["blob_missing"]) { state in
            try FileManager.default.removeItem(atPath: state.original("a.pdf"))
        },
        StateDamage("an artifact is gone", ["blob_missing"]) { state in
            try FileManager.default.removeItem(atPath: state.artifact("text.txt"))
        },
        StateDamage("an artifact and its copy are gone", ["blob_missing"]) { state in
            try FileManager.default.removeItem(atPath: state.artifact("text.txt"))
            try FileManager.default.removeItem(atPath: state.scene("a.pdf.results/text.txt"))
        },
        StateDamage("all blobs are gone", ["blob_missing"]) { state in
            for folder in ["blobs", "staging"] {
                try FileManager.default.removeItem(atPath: "\(state.folder)/\(folder)")
            }
        },
        StateDamage("an import's file and its copy are gone", ["blob_missing"], .left) { state in
            try FileManager.default.removeItem(atPath: state.artifact("import.json"))
            try FileManager.default.removeItem(atPath: state.scene("b.csv.results/import.json"))
        },
        StateDamage("a folder in the place of a blob", ["blob_damaged", "stranger"]) { state in
            let blob = try state.original("a.pdf")
            try FileManager.default.removeItem(atPath: blob)
            try FileManager.default.createDirectory(
                atPath: blob + "/x", withIntermediateDirectories: true)
        },
        StateDamage("a blob and its copy are gone", ["blob_missing"], .left) { state in
            try FileManager.default.removeItem(atPath: state.original("a.pdf"))
            try FileManager.default.removeItem(atPath: state.scene("a.pdf.results/original.pdf"))
        },
        StateDamage("a blob has lost its end", ["blob_damaged"]) { state in
            truncate(try state.original("a.pdf"), 9)
        },
        StateDamage("a blob that no row names", ["unreferenced"], .left, isHarm: false) { state in
            let path = "\(state.folder)/blobs/00"
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
            try Data([1]).write(
                to: URL(filePath: path + "/" + String(repeating: "0", count: 64)))
        },
        StateDamage("a file among the blobs", ["stranger"], isHarm: false) { state in
            try Data([1]).write(to: URL(filePath: "\(state.folder)/blobs/note"))
        },
        StateDamage("a long name among the blobs", ["stranger"], isHarm: false) { state in
            let name = String(repeating: "x", count: 255)
            try Data([1]).write(to: URL(filePath: "\(state.folder)/blobs/\(name)"))
        },
        StateDamage("a folder in staging", ["stranger"], isHarm: false) { state in
            try FileManager.default.createDirectory(
                atPath: "\(state.folder)/staging/note", withIntermediateDirectories: false)
        },
        StateDamage("a copy that was cut off", ["staging_left"], isHarm: false) { state in
            try Data([1]).write(to: URL(filePath: "\(state.folder)/staging/1-1"))
        },
        StateDamage("a reservation of nobody's", ["reservation_left"], isHarm: false) { state in
            try state.tamper(
                """
                INSERT INTO reservation (id, uid, bytes, files, expiresAt)
                VALUES (zeroblob(16), 5, 10, 1, 0)
                """)
        },
        StateDamage("a wrong charge", ["charge_wrong"]) { state in
            try state.tamper("UPDATE account SET usedFiles = 77")
        },
        StateDamage("a wrong share of a charge", ["charge_wrong"]) { state in
            try state.tamper("UPDATE charge SET bytes = 77")
        },
        StateDamage("wrong sums of what was made", ["derived_wrong"]) { state in
            try state.tamper("UPDATE derived SET bytes = 77")
        },
        StateDamage("a row without its account", ["row_stray"]) { state in
            try state.tamper("DELETE FROM account")
        },
        StateDamage("a stage of no document", ["row_stray"]) { state in
            try state.tamper(
                """
                INSERT INTO stage SELECT zeroblob(16), name, position, isRequired, stageVersion,
                    parameters, 'pending', 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                    0 FROM stage LIMIT 1
                """)
        },
        StateDamage("a wrong state", ["state_wrong"]) { state in
            try state.tamper("UPDATE document SET state = 'failed' WHERE kind = 'pdf'")
        },
        StateDamage("a wrong count", ["count_wrong"]) { state in
            try state.tamper("UPDATE documentCount SET count = 5")
        },
        StateDamage("a wrong size", ["size_wrong"]) { state in
            try state.tamper(
                "UPDATE blob SET size = 5 WHERE digest IN (SELECT digest FROM document)")
        },
        StateDamage("a damaged page of the catalogue", ["catalogue_damaged"], .left) { state in
            try state.overwritePage(of: "document", in: "\(state.folder)/catalog.sqlite3")
        },
        StateDamage("an account's damaged imports", ["imports_damaged"], .left) { state in
            try state.overwritePage(of: "participants", in: state.imports)
        },
        StateDamage(
            "rows of an import that are gone", ["import_missing", "derived_wrong"], .left,
            mended: ["derived_wrong"]
        ) { state in
            try state.tamper("DELETE FROM import", in: state.imports)
        },
        StateDamage("an import of no document", ["import_stray"], .left, isHarm: false) { state in
            try state.tamper(
                """
                INSERT INTO import SELECT 99, '01940000-0000-7000-8000-000000000000', file_name,
                    collection, schema, "table", 0, 0, 0, 0, 0, imported_at FROM import LIMIT 1
                """, in: state.imports)
        },
        StateDamage(
            "a folder in the place of imports", ["imports_unavailable"], .left, isHarm: false
        ) { state in
            try FileManager.default.createDirectory(
                atPath: "\(state.folder)/imports/4711/imports.sqlite3",
                withIntermediateDirectories: true)
        },
        StateDamage("a folder of nobody's among the imports", ["stranger"], .left, isHarm: false) {
            try FileManager.default.createDirectory(
                atPath: "\($0.folder)/imports/note", withIntermediateDirectories: false)
        },
        StateDamage("an inbox that is away", ["inbox_unavailable"], .left, isHarm: false) { state in
            try FileManager.default.moveItem(
                atPath: state.scene.inbox, toPath: state.scene.inbox + ".away")
        },
        StateDamage("a status file that a power cut emptied", ["status_damaged"]) { state in
            let path = state.scene("a.pdf.status.json")
            truncate(path, 0)
            truncate(path, 700)
        },
        StateDamage("half a status file", ["status_damaged"]) { state in
            truncate(state.scene("a.pdf.status.json"), 200)
        },
        StateDamage("a status file that says something else", ["status_wrong"]) { state in
            let path = state.scene("a.pdf.status.json")
            try String(contentsOfFile: path, encoding: .utf8)
                .replacingOccurrences(of: "\"state\":\"completed\"", with: "\"state\":\"failed\"")
                .write(toFile: path, atomically: false, encoding: .utf8)
        },
        StateDamage("a status file of a deleted document", ["status_left"], .left) { state in
            // It had to make room at once, so that nothing counts it any more.
            try state.tamper(
                """
                INSERT INTO trash SELECT zeroblob(16), uid, inbox, CAST('gone.pdf' AS BLOB), kind,
                    size, digest, proof, receivedAt, NULL, '', NULL, NULL, NULL, 1, 0, 0, 'none',
                    NULL
                FROM document LIMIT 1
                """)
            let id = "00000000-0000-0000-0000-000000000000"
            try "{\"schema\":\"ingestd/status/1\",\n  \"document_id\":\"\(id)\",\n".write(
                toFile: state.scene("gone.pdf.status.json"), atomically: false, encoding: .utf8)
        },
        StateDamage("a result that was changed", ["result_changed"], .left, isHarm: false) {
            truncate($0.scene("a.pdf.results/text.txt"), 1)
        },
        StateDamage("sidecars that were tidied away", [], isHarm: false) { state in
            for name in ["a.pdf.status.json", "a.pdf.results"] {
                try FileManager.default.removeItem(atPath: state.scene(name))
            }
        },
    ]
}

/// A state directory that no daemon works in, to be damaged.
struct DamagedState: Sendable {
    let scene: FlowScene

    var folder: String { scene.state }
    var imports: String { "\(folder)/imports/\(FlowScene.uid)/imports.sqlite3" }

    /// The blob of a document.
    func original(_ path: String) throws -> String {
        try blob("SELECT lower(hex(digest)) FROM document WHERE path = CAST('\(path)' AS BLOB)")
    }

    /// The blob of an artifact.
    func artifact(_ name: String) throws -> String {
        try blob("SELECT lower(hex(digest)) FROM artifact WHERE name = '\(name)'")
    }

    private func blob(_ sql: String) throws -> String {
        let found = try database().read { try String.fetchOne($0, sql: sql) }
        let hex = try #require(found)
        return "\(folder)/blobs/\(hex.prefix(2))/\(hex)"
    }

    /// Changes rows, past what the schema allows.
    func tamper(_ sql: String, in path: String? = nil) throws {
        try database(path).writeWithoutTransaction { try $0.execute(sql: sql) }
    }

    private func database(_ path: String? = nil) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        return try DatabaseQueue(
            path: path ?? folder + "/catalog.sqlite3", configuration: configuration)
    }

    /// Writes over what only its owner may, and not even that one.
    func overwrite(_ path: String, at offset: Int, with bytes: [UInt8]) throws {
        chmod(path, 0o600)
        let file = open(path, O_WRONLY)
        defer { close(file) }
        guard pwrite(file, bytes, bytes.count, off_t(offset)) == bytes.count else {
            throw POSIXError(.EIO)
        }
    }

    /// Fills the first page of a table with nonsense.
    func overwritePage(of table: String, in path: String) throws {
        let queue = try DatabaseQueue(path: path)
        let (page, size) = try queue.inDatabase { db in
            _ = try Row.fetchOne(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)")
            return (
                try Int.fetchOne(
                    db, sql: "SELECT rootpage FROM sqlite_schema WHERE name = '\(table)'") ?? 0,
                try Int.fetchOne(db, sql: "PRAGMA page_size") ?? 0
            )
        }
        try queue.close()
        try #require(page > 1)
        try overwrite(
            path, at: (page - 1) * size, with: [UInt8](repeating: 0xa5, count: size))
    }
}
