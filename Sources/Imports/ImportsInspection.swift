import CLinux
import GRDB
import Glibc
import Rules

/// Looks through the accounts' databases and changes nothing; imports may be going on.
public struct ImportsInspection: Sendable {
    /// What stands in the folder of all accounts' databases.
    public struct Folders: Sendable, Hashable {
        /// The accounts that have a folder, by uid.
        public var accounts: [UInt32] = []
        /// The names of anything else.
        public var strangers: [String] = []
    }

    /// How many complaints of SQLite are told of one database.
    private static let complaintLimit = 100
    private static let documentsAtOnce = 5000
    private static let busyTimeout = Duration.seconds(5)

    private let root: String

    /// - Parameter root: the folder that holds a folder for each account.
    public init(root: String) { self.root = root }

    /// Lists the folder; one that is not there holds nothing.
    public func folders() throws(ImportError) -> Folders {
        guard let stream = opendir(root) else {
            guard errno == ENOENT else { throw .system(attempt: "list imports", errno: errno) }
            return Folders()
        }
        defer { closedir(stream) }
        var folders = Folders()
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                guard errno == 0 else { throw .system(attempt: "list imports", errno: errno) }
                folders.accounts.sort()
                return folders
            }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name == "." || name == ".." { continue }
            // The rows of an import under way have a name for a moment.
            if name.hasPrefix(".rows-") { continue }
            if let uid = UInt32(name), String(uid) == name {
                folders.accounts.append(uid)
            } else {
                folders.strangers.append(name)
            }
        }
    }

    /// What SQLite finds wrong with an account's database; nothing for one that is sound, or not
    /// there.
    public func complaints(of uid: UInt32) throws(ImportError) -> [String] {
        guard let database = try open(uid) else { return [] }
        let complaints = try database.read("check imports database") { db in
            try String.fetchAll(db, sql: "PRAGMA integrity_check(\(Self.complaintLimit))")
        }
        try database.close()
        return complaints.filter { $0 != "ok" }
            .map { $0.split(separator: "\n").joined(separator: " ") }
    }

    /// How much an account's imported rows take; nothing where there is no database.
    public func bytesInUse(by uid: UInt32) throws(ImportError) -> ByteCount {
        guard let database = try open(uid) else { return .zero }
        let bytes = try database.read("measure imports") { try $0.importedBytes() }
        try database.close()
        return bytes
    }

    /// Which of these documents have no rows in an account's database.
    public func missing(
        _ documents: [DocumentID], of uid: UInt32
    ) throws(ImportError) -> [DocumentID] {
        guard let database = try open(uid) else { return documents }
        let missing = try database.read("look for imports") { db in
            guard try db.tableExists("import") else { return documents }
            let statement = try db.makeStatement(
                sql: #"SELECT 1 FROM "import" WHERE "document" = ?"#)
            return try documents.filter { document in
                try Int.fetchOne(statement, arguments: [document.description]) == nil
            }
        }
        try database.close()
        return missing
    }

    /// Calls `body` with the documents whose rows are in an account's database, some at a time.
    public func forEachDocuments(
        of uid: UInt32, _ body: ([DocumentID]) throws -> Void
    ) throws {
        guard let database = try open(uid) else { return }
        var last: Int64 = .min
        while true {
            let page = try database.read("list imports") { [last] db in
                try db.tableExists("import")
                    ? try Row.fetchAll(
                        db,
                        sql: """
                            SELECT "id", "document" FROM "import"
                            WHERE "id" > ? ORDER BY "id" LIMIT ?
                            """, arguments: [last, Self.documentsAtOnce]) : []
            }
            guard let end = page.last else { break }
            last = end["id"]
            try body(page.compactMap { DocumentID(text: $0["document"]) })
        }
        try database.close()
    }

    private func open(_ uid: UInt32) throws(ImportError) -> ImportDatabase? {
        let path = "\(root)/\(uid)/imports.sqlite3"
        var facts = stat()
        guard lstat(path, &facts) == 0 else {
            guard errno == ENOENT else {
                throw .system(attempt: "look at imports database", errno: errno)
            }
            return nil
        }
        // Made, and cut off before it got its form.
        guard facts.st_size > 0 else { return nil }
        return try ImportDatabase(reading: path, busyTimeout: Self.busyTimeout)
    }
}
