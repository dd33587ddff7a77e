import Glibc
import Rules

/// Where one account's imported rows live: readable, never writable, by the account, and by nobody
/// else.
struct AccountFolder {
    let path: String
    /// Who is let in to read; nil where the daemon runs as the account itself.
    private let reader: UInt32?

    init(root: String, account: Account) {
        path = "\(root)/\(account.uid)"
        reader = account.uid == geteuid() ? nil : account.uid
    }

    var databasePath: String { path + "/imports.sqlite3" }

    /// Makes the folder and an empty database in it, unless they are there.
    ///
    /// - Returns: whether the account can read what is in it; false where the file system keeps no
    ///   access control lists.
    func prepare() throws(ImportError) -> Bool {
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
        // mknod leaves no descriptor behind: closing one would drop the locks that SQLite holds on
        // the same file for another import of this process.
        if mknod(databasePath, S_IFREG | 0o640, 0) == 0 {
            try Folder.sync(path)
        } else if errno != EEXIST {
            throw .system(attempt: "make imports database", errno: errno)
        }
        return isReadable
    }

    /// Lets the account read the database and the two files beside it, once they are there.
    func share() throws(ImportError) {
        guard let reader else { return }
        let access = AccessList(owner: 6, reader: reader, may: 4)
        for suffix in ["", "-wal", "-shm"] {
            _ = try access.apply(to: databasePath + suffix, as: .access)
        }
    }
}
