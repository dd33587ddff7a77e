import CLinux
import Glibc
import Rules
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

    private let owner: Owner
    private let directory: FileDescriptor
    private let threads: OwnerThreads

    private init(
        path: String, owner: Owner, facts: Entry, directory: FileDescriptor, reportsEvents: Bool,
        threads: OwnerThreads
    ) {
        self.path = path
        self.owner = owner
        self.account = owner.account
        self.device = facts.identity.device
        self.inode = facts.identity.inode
        self.directory = directory
        self.reportsEvents = reportsEvents
        self.threads = threads
    }

    deinit { closeQuietly(directory) }

    /// Opens the directory `path`, whose last component must not be a link, and finds out its
    /// owner.
    ///
    /// The daemon itself only finds the directory; it is opened for reading as its owner.
    ///
    /// - Throws: ``InboxError/rootUnavailable(path:_:)``, ``InboxError/identityRefused(_:_:)``.
    public static func open(_ path: String, threads: OwnerThreads) async throws -> InboxRoot {
        let path = withoutTrailingSlashes(path)
        let place: FileDescriptor
        do {
            place = try FileDescriptor.open(
                FilePath(path), .readOnly,
                options: [.directory, .noFollow, .closeOnExec, .init(rawValue: clinux_path_only)])
        } catch let errno as Errno {
            throw InboxError.rootUnavailable(path: path, errno)
        }
        defer { closeQuietly(place) }
        let facts = try Entry(at: place, name: nil, path: BeneathPath())
        let owner = try Owner.lookUp(uid: facts.uid)
        // The descriptor is closed only after the owner's thread has used it: `run` waits for it.
        let directory = try await threads.run(as: owner, onMount: facts.identity.device) {
            let code = openat(place.rawValue, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard code >= 0 else {
                throw InboxError.rootUnavailable(path: path, Errno(rawValue: errno))
            }
            return FileDescriptor(rawValue: code)
        }
        return InboxRoot(
            path: path, owner: owner, facts: facts, directory: directory,
            reportsEvents: FileSystemKind(of: directory).reportsEvents, threads: threads)
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
        try await threads.run(as: owner, onMount: device) { [directory, owner] in
            try withExtendedLifetime(self) {
                try body(InboxFiles(root: directory, owner: owner))
            }
        }
    }

    private static func withoutTrailingSlashes(_ path: String) -> String {
        var path = path[...]
        while path.utf8.count > 1, path.hasSuffix("/") { path.removeLast() }
        return String(path)
    }
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

extension InboxRoot {
    /// Whether the inbox's path still leads to the directory that was opened, and it still exists.
    ///
    /// - Throws: ``InboxError`` when that cannot be found out.
    public func isInPlace() async throws -> Bool {
        let (path, device, inode) = (path, device, inode)
        // By path and as the daemon itself, as the inbox was found: the owner may not see the way
        // to it.
        return try await threads.run(as: Owner.ofProcess(), onMount: device) {
            let place: FileDescriptor
            do {
                place = try FileDescriptor.open(
                    FilePath(path), .readOnly,
                    options: [
                        .directory, .noFollow, .closeOnExec, .init(rawValue: clinux_path_only),
                    ])
            } catch let errno as Errno {
                guard errno == .noSuchFileOrDirectory || errno == .notDirectory else {
                    throw InboxError.rootUnavailable(path: path, errno)
                }
                return false
            }
            defer { closeQuietly(place) }
            let facts = try Entry(of: place, path: BeneathPath())
            return facts.identity.device == device && facts.identity.inode == inode
        }
    }
}
