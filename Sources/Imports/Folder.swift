import Glibc

/// Folders of the daemon's own, where nobody else can write.
enum Folder {
    /// Makes the folder unless it is there; returns whether it was made, in which case its name is
    /// on disk.
    static func make(_ path: String, mode: mode_t) throws(ImportError) -> Bool {
        if mkdir(path, mode) != 0 {
            guard errno == EEXIST else { throw .system(attempt: "make folder", errno: errno) }
            return false
        }
        // mkdir obeys the umask, which may be narrower than what others need here.
        guard chmod(path, mode) == 0 else {
            throw .system(attempt: "set folder's permissions", errno: errno)
        }
        try sync(parent(of: path))
        return true
    }

    /// Waits until the names in a folder are on disk.
    static func sync(_ path: String) throws(ImportError) {
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw .system(attempt: "open folder", errno: errno) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw .system(attempt: "sync folder", errno: errno) }
    }

    /// The folder that holds `path`; `.` for a bare name.
    static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
