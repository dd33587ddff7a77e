import Glibc
import SystemPackage

/// A file system that never answers, as a share does whose server is gone; gone with the test.
///
/// It is one of user space whose program reads no request. Whatever hangs on it ends with an error
/// once it is let go.
public final class HungMount: Sendable {
    private let path: String
    private let device: Int32

    /// Whether this process may mount one.
    public static let isPossible: Bool = {
        guard geteuid() == 0, let folder = try? TemporaryFolder() else { return false }
        return (try? HungMount(at: folder.path)) != nil
    }()

    public init(at path: String) throws {
        self.path = path
        device = open("/dev/fuse", O_RDWR | O_CLOEXEC)
        guard device >= 0 else { throw Errno(rawValue: errno) }
        let options = "fd=\(device),rootmode=40000,user_id=0,group_id=0,allow_other"
        guard mount("hung", path, "fuse", UInt(MS_NOSUID | MS_NODEV), options) == 0 else {
            let error = Errno(rawValue: errno)
            close(device)
            throw error
        }
    }

    deinit {
        umount2(path, Int32(MNT_DETACH))
        close(device)
    }
}

/// A fresh file system in memory over a folder; gone with the test.
public final class MemoryMount: Sendable {
    private let path: String

    public init(at path: String) throws {
        self.path = path
        guard mount("none", path, "tmpfs", 0, "size=1m,mode=755") == 0 else {
            throw Errno(rawValue: errno)
        }
    }

    deinit { umount2(path, Int32(MNT_DETACH)) }
}
