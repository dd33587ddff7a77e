import Glibc
import Rules
import SystemPackage

// What a command does that asks for something.
extension OperatorRequests {
    /// Whether this user may leave requests in the state directory at `path`.
    public static func mayBeLeft(in path: String) -> Bool {
        faccessat(
            AT_FDCWD, StateDirectory.requests(in: FilePath(path)).string, W_OK | X_OK, AT_EACCESS)
            == 0
    }

    /// Leaves a request for the daemon of the state directory at `path`; it outlasts a power cut once
    /// this returns.
    public static func leave(
        _ request: OperatorRequest, in path: String, now: Timestamp
    ) throws(Errno) {
        let folder = StateDirectory.requests(in: FilePath(path)).withPlatformString {
            Glibc.open($0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        }
        guard folder >= 0 else { throw Errno(rawValue: errno) }
        defer { _ = Glibc.close(folder) }
        let random = (0..<10).map { _ in UInt8.random(in: .min ... .max) }
        let name = DocumentID(at: now, random: random).description
        let hidden = "." + name
        do throws(Errno) {
            try write(request.bytes, to: hidden, in: folder)
            guard renameat(folder, hidden, folder, name) == 0, fsync(folder) == 0 else {
                throw Errno(rawValue: errno)
            }
        } catch {
            // What went wrong is told; what stays has a hidden name, which nobody reads.
            _ = unlinkat(folder, hidden, 0)
            throw error
        }
    }

    /// Writes a new file that belongs to whoever has the folder: root's own the daemon could not read.
    private static func write(
        _ bytes: [UInt8], to name: String, in folder: Int32
    ) throws(Errno) {
        let file = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Errno(rawValue: errno) }
        defer { _ = Glibc.close(file) }
        var facts = stat()
        guard fstat(folder, &facts) == 0,
            geteuid() != 0 || fchown(file, facts.st_uid, facts.st_gid) == 0,
            Glibc.write(file, bytes, bytes.count) == bytes.count, fsync(file) == 0
        else { throw errno == 0 ? .noSpace : Errno(rawValue: errno) }
    }
}
