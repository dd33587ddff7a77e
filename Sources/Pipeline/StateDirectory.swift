import Glibc
import Rules
import Store
import SystemPackage

/// The daemon's own directory, and the lock that keeps a second daemon out of it.
public struct StateDirectory: Sendable {
    let path: FilePath
    /// Held as long as the process lives: the kernel gives it back however that ends.
    private let lock: FileDescriptor

    var catalog: FilePath { path.appending("catalog.sqlite3") }
    var imports: FilePath { path.appending("imports") }
    /// Where SQLite sorts what does not fit into memory.
    var temporary: FilePath { path.appending("tmp") }
    /// Where operators leave requests.
    var requests: FilePath { Self.requests(in: path) }
    var tokenKey: FilePath { path.appending(Self.tokenKeyName) }

    private static let tokenKeyName = "token.key"

    /// The key that signs tokens, in the directory at `path`.
    public static func tokenKey(in path: String) -> String { "\(path)/\(tokenKeyName)" }

    /// Makes the directory where it is missing and takes its lock.
    ///
    /// - Throws: ``StateError``.
    init(_ path: String) throws(StateError) {
        self.path = FilePath(path)
        try Self.make(self.path)
        let name = Self.lock(in: self.path)
        do {
            lock = try FileDescriptor.open(
                name, .readWrite, options: [.create, .closeOnExec, .noFollow],
                permissions: .ownerReadWrite)
        } catch {
            throw .unusable(path: name.string, reason: "\(error)")
        }
        // A lock of the process and not of the open file: a worker that is just being started has all
        // our files open up to its exec, and would keep the next daemon out if we died meanwhile.
        var request = flock()
        request.l_type = Int16(F_WRLCK)
        request.l_whence = Int16(SEEK_SET)
        guard fcntl(lock.rawValue, F_SETLK, &request) == 0 else {
            throw errno == EAGAIN || errno == EACCES
                ? .inUse(path: path)
                : .unusable(path: name.string, reason: "\(Errno(rawValue: errno))")
        }
    }

    /// Makes this process keep what is the daemon's to itself, and SQLite's temporary files on the state's disk.
    ///
    /// Must come before SQLite is first used, which asks once.
    func settle() throws(StateError) {
        umask(0o077)
        for folder in [temporary, requests] {
            guard folder.withPlatformString({ mkdir($0, 0o700) }) == 0 || errno == EEXIST else {
                throw .unusable(path: folder.string, reason: "\(Errno(rawValue: errno))")
            }
        }
        guard setenv("SQLITE_TMPDIR", temporary.string, 1) == 0 else {
            throw .unusable(path: temporary.string, reason: "\(Errno(rawValue: errno))")
        }
        try emptyTemporary()
    }

    /// Removes what SQLite made and had no time to remove again: it unlinks its files as soon as they
    /// are open.
    private func emptyTemporary() throws(StateError) {
        guard let stream = temporary.withPlatformString({ opendir($0) }) else {
            throw .unusable(path: temporary.string, reason: "\(Errno(rawValue: errno))")
        }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            // What cannot be removed is in nobody's way; folders, "." and ".." among them, are not files.
            _ = unlinkat(dirfd(stream), name, 0)
        }
    }

    /// Gives what a command of root's has made here to the user who has the directory, so that
    /// their daemon can go on with it.
    func handOver() {
        var directory = stat()
        guard geteuid() == 0, stat(path.string, &directory) == 0, directory.st_uid != 0 else {
            return
        }
        let names = ["lock", "tmp", "requests", "staging", "blobs", "quarantine"].map {
            path.appending($0)
        }
        for name in names + BlobStore(root: path).folders {
            let file = name.withPlatformString {
                Glibc.open($0, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
            }
            guard file >= 0 else { continue }
            var facts = stat()
            // Nothing but what we made ourselves, and by no other name.
            if fstat(file, &facts) == 0, facts.st_uid == 0,
                facts.st_mode & S_IFMT == S_IFDIR || facts.st_nlink == 1
            {
                // A daemon that cannot use it says so at its start.
                _ = fchown(file, directory.st_uid, directory.st_gid)
            }
            // The lock is this process's own, and would go with any descriptor of its file.
            if name != Self.lock(in: path) { Glibc.close(file) }
        }
    }

    /// The folder that operators leave requests in.
    static func requests(in path: FilePath) -> FilePath { path.appending("requests") }

    /// The file that a daemon locks.
    static func lock(in path: FilePath) -> FilePath { path.appending("lock") }

    /// Accounts pass through it to their imports; all else in it is closed to them.
    private static func make(_ path: FilePath) throws(StateError) {
        var made = FilePath(root: path.root)
        for component in path.components {
            made.append(component)
            guard made.withPlatformString({ mkdir($0, 0o711) }) != 0 else { continue }
            guard errno == EEXIST else {
                throw .unusable(path: made.string, reason: "\(Errno(rawValue: errno))")
            }
        }
    }
}

/// Why the daemon cannot work in its state directory.
public enum StateError: Error, Sendable, Hashable, CustomStringConvertible {
    case inUse(path: String)
    case unusable(path: String, reason: String)

    public var description: String {
        switch self {
        case .inUse(let path):
            "another ingestd works in \(path); stop it first, or give this one its own with --state"
        case .unusable(let path, let reason): "\(path) cannot be used: \(reason)"
        }
    }
}
