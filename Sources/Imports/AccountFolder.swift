import CLinux
import Glibc
import Rules

/// Where one account's imported rows live: readable, never writable, by the account, and by nobody
/// else.
struct AccountFolder {
    /// What the names of a database's files have behind that of the first.
    private static let suffixes = ["", "-wal", "-shm"]

    let path: String
    /// Who is let in to read; nil where the daemon runs as the account itself.
    private let reader: UInt32?

    init(root: String, account: Account) {
        path = "\(root)/\(account.uid)"
        reader = account.uid == geteuid() ? nil : account.uid
    }

    var databasePath: String { path + "/imports.sqlite3" }

    /// Makes the folder and a database without rows in it, unless they are there.
    ///
    /// - Parameters:
    ///   - busyTimeout: as that of ``ImportDatabase``.
    ///   - keep: opens a new database that nobody knows yet, and keeps it open.
    /// - Returns: whether the account can read what is in it; false where the file system keeps no
    ///   access control lists.
    func prepare(
        busyTimeout: Duration, keep: (String) throws(ImportError) -> Void
    ) throws(ImportError) -> Bool {
        _ = try Folder.make(path, mode: 0o700)
        var isReadable = true
        if let reader {
            // The files that SQLite makes beside the database inherit its list.
            let inherited = AccessList(owner: 6, reader: reader, may: 4)
            let access = AccessList(owner: 7, reader: reader, may: 5)
            let isInherited = try inherited.apply(to: path, as: .inherited)
            let isAccessible = try access.apply(to: path, as: .access)
            isReadable = isInherited && isAccessible
        }
        if try !hasDatabase() { try makeDatabase(busyTimeout, keep) }
        return isReadable
    }

    /// Whether there is anything under the database's name. What cannot be told is an error: a database that
    /// is only out of reach must not be taken for none.
    func hasDatabase() throws(ImportError) -> Bool {
        var facts = stat()
        if lstat(databasePath, &facts) == 0 { return true }
        guard errno == ENOENT else {
            throw .system(attempt: "look for imports database", errno: errno)
        }
        return false
    }

    /// Makes the database under another name, whole and open, and gives it its own last: a file gets its form, and
    /// is opened for the first time, under locks that would turn readers away.
    private func makeDatabase(
        _ busyTimeout: Duration, _ keep: (String) throws(ImportError) -> Void
    ) throws(ImportError) {
        let draft = path + "/new.sqlite3"
        // A crash may have left some of it.
        for suffix in Self.suffixes where unlink(draft + suffix) != 0 && errno != ENOENT {
            throw .system(attempt: "remove draft of imports database", errno: errno)
        }
        guard mknod(draft, S_IFREG | 0o640, 0) == 0 else {
            throw .system(attempt: "make imports database", errno: errno)
        }
        let database = try ImportDatabase(at: draft, busyTimeout: busyTimeout)
        // Nobody reads it: its log of writes is empty then.
        _ = try database.checkpoint()
        try keep(draft)
        try database.close()
        try share(draft)
        // What stands beside no database is what a crash has left.
        for suffix in Self.suffixes.dropFirst().reversed()
        where rename(draft + suffix, databasePath + suffix) != 0 {
            throw .system(attempt: "name imports database", errno: errno)
        }
        let code = clinux_rename_noreplace(AT_FDCWD, draft, AT_FDCWD, databasePath)
        guard code == 0 else { throw .system(attempt: "name imports database", errno: -code) }
        try Folder.sync(path)
    }

    /// Lets the account read the database and the two files beside it, once they are there.
    func share() throws(ImportError) { try share(databasePath) }

    private func share(_ database: String) throws(ImportError) {
        guard let reader else { return }
        let access = AccessList(owner: 6, reader: reader, may: 4)
        for suffix in Self.suffixes {
            _ = try access.apply(to: database + suffix, as: .access)
        }
    }
}
