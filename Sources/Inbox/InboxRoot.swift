import CLinux
import Glibc
import Rules
import Synchronization
import SystemPackage

/// An opened inbox directory, and the account that owns it.
///
/// Everything below it is reached through ``run(_:)``, as its owner and beneath this very
/// directory, whatever becomes of its path.
public final class InboxRoot: Sendable {
    /// As the operator wrote it, without slashes at the end; for people and for the log.
    public let path: String
    /// The owner of the opened directory: who is charged.
    public let account: Account
    /// The file system it is on.
    public let device: UInt64
    public let inode: UInt64
    /// Whether the kernel reports changes on this kind of file system; where not, it must be
    /// polled.
    public let reportsEvents: Bool

    /// What an open directory keeps busy, until nobody uses it any more.
    private struct Hold: Sendable {
        let directory: HeldDescriptor
        let threads: MountThreads
    }

    private let owner: Owner
    private let threads: OwnerThreads
    /// Nil once the root was let go of.
    private let hold: Mutex<Hold?>

    private init(
        path: String, owner: Owner, facts: Entry, reportsEvents: Bool, hold: Hold,
        threads: OwnerThreads
    ) {
        self.path = path
        self.owner = owner
        self.account = owner.account
        self.device = facts.identity.device
        self.inode = facts.identity.inode
        self.hold = Mutex(hold)
        self.threads = threads
        self.reportsEvents = reportsEvents
    }

    /// Opens the directory `path`, whose last component must not be a link, and finds out its
    /// owner.
    ///
    /// The daemon itself only finds the directory; it is opened for reading as its owner.
    ///
    /// - Throws: ``InboxError/rootUnavailable(path:_:)``, ``InboxError/identityRefused(_:_:)``.
    public static func open(_ path: String, threads: OwnerThreads) async throws -> InboxRoot {
        let path = withoutTrailingSlashes(path)
        let (place, facts, owner) = try await threads.run(onTheWayTo: path) {
            let (place, facts) = try find(path)
            return (place, facts, try Owner.lookUp(uid: facts.uid))
        }
        let mount = threads.threads(ofMount: facts.identity.device)
        let (directory, reportsEvents) = try await mount.run(as: owner) {
            let code = openat(
                place.descriptor.rawValue, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard code >= 0 else {
                throw InboxError.rootUnavailable(path: path, Errno(rawValue: errno))
            }
            let directory = HeldDescriptor(FileDescriptor(rawValue: code))
            return (directory, FileSystemKind(of: directory.descriptor).reportsEvents)
        }
        return InboxRoot(
            path: path, owner: owner, facts: facts, reportsEvents: reportsEvents,
            hold: Hold(directory: directory, threads: mount), threads: threads)
    }

    /// Runs `body` as the inbox's owner on one of its mount's threads.
    ///
    /// `body` may block on the file system, and on nothing else. What it is handed must not outlive
    /// it.
    ///
    /// - Throws: ``InboxError``; else what `body` throws.
    public func run<Result: Sendable>(
        _ body: @escaping @Sendable (InboxFiles) throws -> Result
    ) async throws -> Result {
        guard let hold = hold.withLock({ $0 }) else { throw InboxError.rootLost(path: path) }
        return try await hold.threads.run(as: owner) { [owner, directory = hold.directory] in
            try withExtendedLifetime(directory) {
                try body(InboxFiles(root: directory.descriptor, owner: owner))
            }
        }
    }

    /// Why this is not the inbox any more; nil while its path leads to the directory that was
    /// opened, and that has the same owner.
    ///
    /// - Throws: ``InboxError`` when that cannot be found out.
    public func loss() async throws -> InboxLoss? {
        let (path, device, inode, uid) = (path, device, inode, account.uid)
        // By path and as the daemon itself, as the inbox was found: the owner may not see the way
        // to it.
        return try await threads.run(onTheWayTo: path) {
            let facts: Entry
            do throws(InboxError) {
                facts = try Self.find(path).facts
            } catch {
                switch error.errno {
                case .noSuchFileOrDirectory: return .gone
                case .notDirectory, .tooManySymbolicLinkLevels: return .replaced
                default: throw error
                }
            }
            guard facts.identity.device == device, facts.identity.inode == inode else {
                return .replaced
            }
            return facts.uid == uid ? nil : .changedOwner
        }
    }

    /// Gives the directory back once nothing that runs on it needs it any more; from now on
    /// ``run(_:)`` throws ``InboxError/rootLost(path:)``.
    ///
    /// Whoever else still holds the root keeps no file system busy by that.
    public func letGo() { hold.withLock { $0 = nil } }

    /// Finds the directory without opening what is in it.
    private static func find(
        _ path: String
    ) throws(InboxError) -> (place: HeldDescriptor, facts: Entry) {
        let flags = O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | clinux_path_only
        let code = Glibc.open(path, flags)
        guard code >= 0 else {
            throw .rootUnavailable(path: path, Errno(rawValue: Glibc.errno))
        }
        let place = HeldDescriptor(FileDescriptor(rawValue: code))
        do throws(InboxError) {
            return (place, try Entry(of: place.descriptor, path: BeneathPath()))
        } catch {
            throw .rootUnavailable(path: path, error.errno ?? .ioError)
        }
    }

    private static func withoutTrailingSlashes(_ path: String) -> String {
        var path = path[...]
        while path.utf8.count > 1, path.hasSuffix("/") { path.removeLast() }
        return String(path)
    }
}

/// Why an opened inbox is not the inbox any more, in the words of the log.
public enum InboxLoss: String, Sendable, Hashable {
    case gone = "nothing is there any more"
    case replaced = "its path leads elsewhere"
    case changedOwner = "it has another owner"
}

/// A descriptor that is closed with the last who holds it.
private final class HeldDescriptor: Sendable {
    let descriptor: FileDescriptor

    init(_ descriptor: FileDescriptor) { self.descriptor = descriptor }

    deinit { closeQuietly(descriptor) }
}

/// What the type of a file system tells about it.
struct FileSystemKind {
    /// Network and user-space file systems: what others change there raises no events here.
    /// Rule: statfs(2), `f_type`: NFS, SMB, CIFS, SMB2, FUSE, 9p, Ceph, AFS.
    private static let silent: Set<UInt32> = [
        0x6969, 0x517b, 0xff53_4d42, 0xfe53_4d42, 0x6573_5546, 0x0102_1997, 0x00c3_6400,
        0x5346_414f,
    ]

    /// False too where the type cannot be learnt: polling always works.
    let reportsEvents: Bool

    init(of directory: FileDescriptor) {
        var type: UInt32 = 0
        let code = clinux_file_system_type(directory.rawValue, &type)
        reportsEvents = code == 0 && !Self.silent.contains(type)
    }
}
