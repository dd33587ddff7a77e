import CLinux
import Glibc
import Rules
import SystemPackage

/// Why the owner of an inbox could not remove a name.
public enum RemovalObstacle: Sendable, Hashable {
    /// The folder does not let its names be changed.
    case folderNotWritable
    /// The folder is sticky, and neither it nor the file is the owner's.
    case stickyFolder
    /// The file or its folder is immutable or append-only.
    case immutable
    case readOnlyFileSystem
}

extension InboxFiles {
    /// Runs `body` while nobody has a regular file open for writing, and whoever opens it so waits;
    /// also where nobody can tell, as on a file system without leases.
    ///
    /// - Returns: whether it was run.
    public func withoutWriters(
        of path: BeneathPath, _ body: () throws(InboxError) -> Void
    ) throws(InboxError) -> Bool {
        let file: FileDescriptor
        do throws(InboxError) {
            file = try openForReading(path)
        } catch  where error.errno == .permissionDenied {
            try body()
            return true
        } catch  where error.errno == .wouldBlock {
            // A lease of their own keeps us out: they are about to write, or have it to themselves.
            return false
        }
        // The lease goes with it.
        defer { closeQuietly(file) }
        guard clinux_take_lease(file.rawValue) != -EAGAIN else { return false }
        try body()
        return true
    }

    /// What stands in the way of removing `path`; nil where nothing does, or nothing is there.
    public func obstacleToRemoving(_ path: BeneathPath) throws(InboxError) -> RemovalObstacle? {
        guard let name = path.name else { return .folderNotWritable }
        return try withFolder(path.parent) { parent throws(InboxError) in
            let folder = try Entry(at: parent, name: nil, path: path.parent)
            let file: Entry
            do throws(InboxError) {
                file = try Entry(at: parent, name: name, path: path)
            } catch  where error.isAbsence {
                return nil
            }
            if let obstacle = RemovalObstacle(to: file, in: folder, by: owner.account) {
                return obstacle
            }
            return try obstacle(to: parent, path.parent)
        }
    }

    /// What stands in the way of removing anything from the folder; nil where nothing does.
    public func obstacleToChanging(
        _ folder: BeneathPath
    ) throws(InboxError) -> RemovalObstacle? {
        try withFolder(folder) { descriptor throws(InboxError) in
            if try Entry(at: descriptor, name: nil, path: folder).isImmutable { return .immutable }
            return try obstacle(to: descriptor, folder)
        }
    }

    private func obstacle(
        to folder: FileDescriptor, _ path: BeneathPath
    ) throws(InboxError) -> RemovalObstacle? {
        let code = clinux_access(folder.rawValue, W_OK | X_OK)
        switch -code {
        case 0: return nil
        case EACCES, EPERM: return .folderNotWritable
        case EROFS: return .readOnlyFileSystem
        default: throw .callFailed(call: "access", path: path, Errno(rawValue: -code))
        }
    }
}

extension RemovalObstacle {
    /// What stands in the way whatever the folder's permissions are; nil where nothing does.
    public init?(to file: Entry, in folder: Entry, by account: Account) {
        let isSticky = UInt32(folder.mode) & S_ISVTX != 0
        let isOthers = account.uid != 0 && folder.uid != account.uid && file.uid != account.uid
        if folder.isImmutable || file.isImmutable {
            self = .immutable
        } else if isSticky, isOthers {
            self = .stickyFolder
        } else {
            return nil
        }
    }
}
