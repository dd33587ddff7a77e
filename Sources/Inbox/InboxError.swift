import Glibc
import Rules
import SystemPackage

/// Why something could not be done in an inbox.
public enum InboxError: DocumentError, Hashable {
    /// The inbox directory itself could not be opened.
    case rootUnavailable(path: String, Errno)
    /// The inbox directory is not there any more, and was let go of.
    case rootLost(path: String)
    /// The daemon may not act in the name of the inbox's owner.
    case identityRefused(Account, Errno)
    /// A system call on something below the inbox failed.
    case callFailed(call: String, path: BeneathPath, Errno)
    /// A file that should be small has more than `limit` bytes.
    case tooLong(path: BeneathPath, limit: Int)
    /// More than ``MountThreads/queueLimit`` operations wait for this mount: it hangs.
    case mountBusy(limit: Int)
    /// No thread could be started for the mount.
    case noThread(Errno)
    /// The mount did not answer in time.
    case silent(after: Duration)
    /// A directory that is there is not served.
    case refused(path: String, InboxRefusal)

    /// The kernel's answer, where it was the kernel that refused.
    public var errno: Errno? {
        switch self {
        case .rootUnavailable(_, let errno), .identityRefused(_, let errno),
            .callFailed(_, _, let errno), .noThread(let errno):
            errno
        case .rootLost, .tooLong, .mountBusy, .silent, .refused: nil
        }
    }

    public var failure: Failure {
        Failure(code, message: message, detail: detail)
    }

    private var code: ErrorCode {
        if case .rootLost = self { return .storeIO }
        if let errno, let want = ErrorCode.ofSystem(errno: errno.rawValue) { return want }
        return switch errno {
        case .permissionDenied, .notPermitted: .notReadable
        case .tooManySymbolicLinkLevels, .improperLink: .linkRefused
        case .fileNameTooLong: .nameRefused
        default: .internalError
        }
    }

    private var message: String {
        switch code {
        case .storeFull:
            "There is no room left where this folder is. ingestd goes on once there is."
        case .storeIO:
            "The disk or share this folder is on does not work. ingestd tries again by itself."
        case .notReadable:
            denial
        case .linkRefused:
            "A link stands in the way, and ingestd follows none. Put the file itself there."
        case .nameRefused:
            "The name, or the path to it, is too long. Give it a shorter one."
        default:
            "The folder could not be reached just now. ingestd tries again by itself."
        }
    }

    /// What is closed to the inbox's owner, as far as the call that failed shows it.
    private var denial: String {
        guard case .callFailed(let call, let path, _) = self else {
            return "ingestd may not look into this inbox as its owner. Check its permissions."
        }
        let isFolder = ["open folder", "fdopendir", "readdir", "fsync folder", "access"]
            .contains(call)
        let folder = isFolder ? path : path.parent
        let named = folder.isRoot ? "the inbox itself" : "the folder “\(folder)” or one above it"
        return """
            The owner of the inbox may not read, change or enter \(named). Where it is their own, \
            this allows it, in the inbox: chmod u+rwx \(ShellWord.quoted(folder))
            """
    }

    private var detail: String {
        switch self {
        case .rootUnavailable(let path, let errno): "open inbox \(path): \(errno)"
        case .rootLost(let path): "reach inbox \(path): it is not there any more"
        case .identityRefused(let account, let errno): "act as \(account): \(errno)"
        case .callFailed(let call, let path, let errno): "\(call) \(path): \(errno)"
        case .tooLong(let path, let limit): "read \(path): longer than \(limit) bytes"
        case .mountBusy(let limit): "queue an operation: \(limit) wait for this mount already"
        case .noThread(let errno): "start a thread for a mount: \(errno)"
        case .silent(let wait): "wait for a file system: no answer within \(wait.setting)"
        case .refused(let path, let refusal): "serve \(path): \(refusal.reason)"
        }
    }
}
