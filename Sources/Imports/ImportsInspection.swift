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

    /// The documents whose rows are in an account's database.
    public func documents(of uid: UInt32) throws(ImportError) -> Set<DocumentID> {
        guard let database = try open(uid) else { return [] }
        let names = try database.read("list imports") { db in
            try db.tableExists("import")
                ? try String.fetchAll(db, sql: #"SELECT "document" FROM "import""#) : []
        }
        try database.close()
        return Set(names.compactMap(DocumentID.init(text:)))
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
