import GRDB
import Glibc

extension DatabaseQueue {
    /// Copies the database as it is into one file, which appears whole and synced at `path`.
    func copyWhole(to path: String) throws {
        let part = path + ".part"
        for rest in [part, part + "-journal"] {
            guard unlink(rest) == 0 || errno == ENOENT else { throw CopyError("remove \(rest)") }
        }
        do {
            try inDatabase { try $0.execute(sql: "VACUUM INTO ?", arguments: [part]) }
            try sync(part)
            guard rename(part, path) == 0 else { throw CopyError("name \(path)") }
        } catch {
            // What cannot be removed now is removed by the next copy.
            unlink(part)
            throw error
        }
        let slash = path.lastIndex(of: "/")
        try sync(slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? ".")
    }

    private func sync(_ path: String) throws {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw CopyError("open \(path)") }
        defer { Glibc.close(descriptor) }
        guard fsync(descriptor) == 0 else { throw CopyError("sync \(path)") }
    }
}

/// A system call on a copy of the catalogue failed.
struct CopyError: Error {
    let attempt: String
    let code: Int32

    /// Takes the reason from the call that just failed.
    init(_ attempt: String) {
        code = errno
        self.attempt = attempt
    }
}
