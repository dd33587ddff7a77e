import Glibc

/// What SQLite is to open where it can make no files.
enum ReadOnlyPlace {
    /// The path itself; or, where it is on a file system that is mounted read-only and has no log
    /// beside it, a name for it that promises SQLite that nobody changes the file.
    ///
    /// SQLite refuses a database in WAL mode for which it can make no `-shm`. With a log beside it
    /// that promise would hide what is in the log: SQLite reads both without help then.
    /// Rule: sqlite.org/uri.html, "immutable".
    static func path(toOpen path: String) -> String {
        var facts = statvfs()
        guard statvfs(path, &facts) == 0, facts.f_flag & UInt(ST_RDONLY) != 0,
            access(path + "-wal", F_OK) != 0
        else { return path }
        return "file:" + path.utf8.map(escaped).joined() + "?immutable=1"
    }

    /// Rule: RFC 3986, section 2.
    private static func escaped(_ byte: UInt8) -> String {
        let plain = Array("/-._~".utf8)
        if (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
            || plain.contains(byte)
        {
            return String(UnicodeScalar(byte))
        }
        let hex = String(byte, radix: 16, uppercase: true)
        return "%" + (hex.count == 1 ? "0" : "") + hex
    }
}
