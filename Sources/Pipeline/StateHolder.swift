import Glibc
import SystemPackage

/// Whether a daemon works in a state directory, asked by somebody else without disturbing it.
public enum StateHolder: Sendable, Hashable {
    /// No daemon has the lock, or there is none.
    case nobody
    /// The process that has it; zero where it is in another namespace.
    case daemon(pid: Int32)
    /// The lock may not be looked at.
    case unknown

    /// Asks the lock of the state directory at `path`.
    public init(of path: String) {
        let lock: FileDescriptor
        do {
            lock = try FileDescriptor.open(
                StateDirectory.lock(in: FilePath(path)), .readOnly,
                options: [.closeOnExec, .noFollow, .nonBlocking])
        } catch {
            let isAbsent = error as? Errno == .noSuchFileOrDirectory
            self = isAbsent ? .nobody : .unknown
            return
        }
        // Only asked for: a lock that is not ours stays whosesoever it is.
        var request = flock()
        request.l_type = Int16(F_WRLCK)
        request.l_whence = Int16(SEEK_SET)
        let code = fcntl(lock.rawValue, F_GETLK, &request)
        Glibc.close(lock.rawValue)
        guard code == 0 else {
            self = .unknown
            return
        }
        self = Int32(request.l_type) == F_UNLCK ? .nobody : .daemon(pid: max(0, request.l_pid))
    }
}
