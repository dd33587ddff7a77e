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
            let code = clinux_access(parent.rawValue, W_OK | X_OK)
            switch -code {
            case 0: return nil
            case EACCES, EPERM: return .folderNotWritable
            case EROFS: return .readOnlyFileSystem
            default:
                throw .callFailed(call: "access", path: path.parent, Errno(rawValue: -code))
            }
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
