import CLinux
import Glibc
import Rules
import Synchronization
import SystemPackage

/// An opened inbox directory, and the account that owns it.
///
/// Everything below it is reached through ``run(at:_:)``, as its owner and beneath this very
/// directory, whatever becomes of its path.
public final class InboxRoot: Sendable {
    /// As the operator wrote it, wildcards filled in, without slashes at the end; for people and for
    /// the log.
    public let path: String
    /// Where it was when it was opened, all links replaced.
    public let location: String
    /// Where the mount stood that it was on when it was opened.
    public var mountPoint: String { knownMountPoint ?? "/" }
    /// Nil where the system does not tell.
    private let knownMountPoint: String?
    /// Who is charged: the owner of the opened directory.
    public let account: Account
    /// The file system it is on.
    public let device: UInt64
    public let inode: UInt64
    /// Whether the kernel reports changes on this kind of file system; where not, it must be
    /// polled. A mount beneath the inbox may differ: see ``InboxFiles/reportsEvents(_:)``.
    public var reportsEvents: Bool { fileSystem.reportsEvents }
    public let fileSystem: FileSystemKind

    /// What an open directory keeps busy, until nobody uses it any more.
    private struct Hold: Sendable {
        let directory: HeldDescriptor
        let threads: MountThreads
    }

    /// What is mounted beneath the inbox, as it was last looked up.
    private struct Beneath: Sendable {
        var generation: UInt64 = 0
        var mounts = Submounts()
        /// Kept, so that no thread starts and ends with each operation on one of the mounts.
        var threads: [MountThreads] = []
    }

    /// In whose name everything below it is done.
    public let owner: Owner
    /// The folder that the sidecars go into; nil where they stand beside the drops.
    public let results: InboxRoot?
    /// Beneath what sidecars stand, at the paths that they have beside the drops.
    public var sidecars: InboxRoot { results ?? self }
    /// Whether it is no inbox but the folder that the sidecars of one go into.
    private let isForResults: Bool
    private let threads: OwnerThreads
    /// How it is found again.
    private let way: Way
    /// Nil once the root was let go of.
    private let hold: Mutex<Hold?>
    private let beneath = Mutex(Beneath())

    /// How the path of an inbox is followed.
    enum Way: Sendable, Hashable {
        /// By the daemon itself, as the operator named it.
        case direct
        /// In the name of the owner of each directory on the way.
        case walked
    }

    private init(
        path: String, way: Way, account: Account, visitor: Owner, facts: Entry, opened: Opened,
        hold: Hold, threads: OwnerThreads, results: InboxRoot?, isForResults: Bool
    ) throws(InboxError) {
        self.path = path
        self.results = results
        self.isForResults = isForResults
        self.location = opened.location.map { String(decoding: $0, as: UTF8.self) } ?? path
        do throws(Errno) {
            knownMountPoint = try threads.mountPoint(
                of: opened.directory.descriptor, at: Array(location.utf8))
        } catch {
            throw .rootUnavailable(path: path, error)
        }
        self.way = way
        self.owner = visitor
        self.account = account
        self.device = facts.identity.device
        self.inode = facts.identity.inode
        self.fileSystem = opened.fileSystem
        self.hold = Mutex(hold)
        self.threads = threads
    }

    /// Opens the directory `path`, whose last component must not be a link, and finds out its
    /// owner.
    ///
    /// The daemon itself only finds the directory, following no links on the way but root's and its own
    /// user's: anybody else could lead it into a stranger's folder. Where it may not, it is found in the names of the
    /// owners of the directories above. It is opened for reading as its owner.
    ///
    /// - Parameters:
    ///   - results: where its sidecars stand, which is opened too; nil beside the drops.
    ///   - visitor: in whose name it is found and touched instead, for commands that only look; nil is
    ///     its owner.
    /// - Throws: ``InboxError/rootUnavailable(path:_:)``, ``InboxError/identityRefused(_:_:)``,
    ///   ``InboxError/silent(after:)``, ``InboxError/refused(path:_:)`` where its results have no place.
    public static func open(
        _ path: String, results: ResultsPlace? = nil, threads: OwnerThreads,
        as visitor: Owner? = nil
    ) async throws -> InboxRoot {
        let path = withoutTrailingSlashes(path)
        do {
            let place = try await find(path, way: .direct, threads: threads)
            return try await open(
                place, path: path, way: .direct, results: results, threads: threads, as: visitor)
        } catch let error as InboxError where error.isOfPermission && visitor == nil {
            let place = try await find(path, way: .walked, threads: threads)
            return try await open(
                place, path: path, way: .walked, results: results, threads: threads)
        }
    }

    /// Opens a directory that was found as its owner.
    static func open(
        _ place: Place, path: String, way: Way, results: ResultsPlace? = nil, threads: OwnerThreads,
        as visitor: Owner? = nil
    ) async throws -> InboxRoot {
        var folder: InboxRoot?
        if let results {
            folder = try await openResults(
                results, of: path, place.facts.uid, way: way, threads: threads, as: visitor)
        }
        return try await open(
            place, path: path, way: way, threads: threads, as: visitor, results: folder,
            isForResults: false)
    }

    /// Opens the folder for the results of an inbox, in the name of its owner, who must be the inbox's.
    private static func openResults(
        _ results: ResultsPlace, of inbox: String, _ uid: UInt32, way: Way, threads: OwnerThreads,
        as visitor: Owner?
    ) async throws -> InboxRoot {
        let account = try Owner.lookUp(uid: uid).account
        guard let path = results.path(for: inbox, of: account) else {
            throw InboxError.refused(path: inbox, .noResults(at: results.text, .noPath))
        }
        func refusal(_ obstacle: ResultsObstacle) -> InboxError {
            .refused(path: inbox, .noResults(at: path, obstacle))
        }
        do {
            var way = way
            let place: Place
            do {
                place = try await find(path, way: way, threads: threads)
            } catch let error as InboxError where error.isOfPermission && visitor == nil {
                way = .walked
                place = try await find(path, way: way, threads: threads)
            }
            // Before anything is opened in anybody's name.
            guard place.facts.uid == uid else {
                let other = try Owner.lookUp(uid: place.facts.uid).account
                throw refusal(.othersAccount(other, owner: account))
            }
            let root = try await open(
                place, path: path, way: way, threads: threads, as: visitor, results: nil,
                isForResults: true)
            if let point = root.missingMount { throw refusal(.notMounted(at: point)) }
            return root
        } catch let error as InboxError {
            switch error.errno {
            case .noSuchFileOrDirectory:
                let point = threads.missingMount(at: path)
                throw refusal(point.map { .notMounted(at: $0) } ?? .missing)
            case .notDirectory, .tooManySymbolicLinkLevels: throw refusal(.noFolder)
            default:
                switch error {
                // That is not for want of a folder: the inbox itself cannot be opened either.
                case .refused(_, .noResults), .identityRefused: throw error
                default: throw refusal(.unreachable(error.failure.detail))
                }
            }
        }
    }

    private static func open(
        _ place: Place, path: String, way: Way, threads: OwnerThreads, as visitor: Owner?,
        results: InboxRoot?, isForResults: Bool
    ) async throws -> InboxRoot {
        let owner = try Owner.lookUp(uid: place.facts.uid)
        let visitor = visitor ?? owner
        let mount = threads.threads(ofMount: place.facts.identity.device)
        let opened = try await mount.run(
            as: visitor, answeringWithin: threads.patience, by: threads.clock
        ) {
            do throws(Errno) {
                return Opened(HeldDescriptor(try place.open()))
            } catch {
                throw InboxError.rootUnavailable(path: path, error)
            }
        }
        return try InboxRoot(
            path: path, way: way, account: owner.account, visitor: visitor, facts: place.facts,
            opened: opened, hold: Hold(directory: opened.directory, threads: mount),
            threads: threads, results: results, isForResults: isForResults)
    }

    /// Runs `body` as the inbox's owner on one of the threads of the mount that `path` stands on.
    ///
    /// `body` may block on the file system, and on nothing else; of mounts beneath the inbox it may
    /// touch that of `path` alone, since one that hangs is to stop nobody else. What it is handed
    /// must not outlive it.
    ///
    /// - Throws: ``InboxError``; else what `body` throws.
    public func run<Result: Sendable>(
        at path: BeneathPath = BeneathPath(),
        _ body: @escaping @Sendable (InboxFiles) throws -> Result
    ) async throws -> Result {
        let (directory, mount) = try held(at: path)
        return try await mount.run(as: owner) { [self] in
            try withExtendedLifetime(directory) { try body(files(directory)) }
        }
    }

    /// The same, but waits no longer than `patience` where that is not nil; what comes later is
    /// dropped.
    ///
    /// - Throws: ``InboxError/silent(after:)`` too.
    public func run<Result: Sendable>(
        at path: BeneathPath, answeringWithin patience: Duration?,
        _ body: @escaping @Sendable (InboxFiles) throws -> Result
    ) async throws -> Result {
        guard let patience else { return try await run(at: path, body) }
        let (directory, mount) = try held(at: path)
        return try await mount.run(
            as: owner, answeringWithin: patience, by: threads.clock
        ) { [self] in
            try withExtendedLifetime(directory) { try body(files(directory)) }
        }
    }

    private func files(_ directory: HeldDescriptor) -> InboxFiles {
        InboxFiles(root: directory.descriptor, owner: owner, makesFolders: isForResults)
    }

    /// The opened directory, and the threads of the mount that `path` stands on.
    private func held(
        at path: BeneathPath
    ) throws(InboxError) -> (directory: HeldDescriptor, mount: MountThreads) {
        guard let hold = hold.withLock({ $0 }) else { throw .rootLost(path: self.path) }
        let device = path.isRoot ? device : mount(of: path)
        let mount = device == self.device ? hold.threads : threads.threads(ofMount: device)
        return (hold.directory, mount)
    }

    /// Why this is not the inbox any more; nil while its path leads to the directory that was
    /// opened, and that has the same owner, and its results have their folder.
    ///
    /// - Throws: ``InboxError`` when that cannot be found out.
    public func loss() async throws -> InboxLoss? {
        if let loss = try await ownLoss() { return loss }
        return try await results?.ownLoss() == nil ? nil : .resultsAway
    }

    private func ownLoss() async throws -> InboxLoss? {
        let place: Place
        do {
            place = try await Self.find(path, way: way, threads: threads)
        } catch let error as InboxError {
            switch error.errno {
            case .noSuchFileOrDirectory: return .gone
            case .notDirectory, .tooManySymbolicLinkLevels: return .replaced
            default: throw error
            }
        }
        guard place.facts.identity.device == device, place.facts.identity.inode == inode else {
            return isBeneathMount(place) ? .unmounted : .replaced
        }
        return place.facts.uid == account.uid ? nil : .changedOwner
    }

    /// Whether a place is only what lies beneath the mount that the inbox is on.
    private func isBeneathMount(_ place: Place) -> Bool {
        guard place.location == Array(location.utf8) else { return false }
        do throws(Errno) {
            let point = try threads.mountPoint(of: place.descriptor, at: place.location)
            return (point ?? "/").utf8.count < mountPoint.utf8.count
        } catch {
            // What has no mount any more lies beneath none.
            return false
        }
    }

    /// Where the system is told to mount what the inbox belongs on, and it stands on a mount further
    /// up.
    public var missingMount: String? {
        knownMountPoint.flatMap { threads.missingMount(at: location, on: $0) }
    }

    /// Gives the directory back once nothing that runs on it needs it any more; from now on
    /// ``run(at:_:)`` throws ``InboxError/rootLost(path:)``.
    ///
    /// Whoever else still holds the root keeps no file system busy by that.
    public func letGo() {
        results?.letGo()
        hold.withLock { $0 = nil }
        beneath.withLock { $0.threads = [] }
    }

    /// The mount that a path stands on: ``device``, unless something is mounted beneath the inbox.
    public func mount(of path: BeneathPath) -> UInt64 { submounts.device(of: path) ?? device }

    /// What is mounted beneath the inbox at the moment; found out without touching any of it.
    public var submounts: Submounts {
        let (table, generation) = threads.register.current()
        return beneath.withLock { beneath in
            guard beneath.generation != generation else { return beneath.mounts }
            let directory = hold.withLock { $0?.directory }
            let place = directory.flatMap { Place.location(of: $0.descriptor) }
            beneath.generation = generation
            beneath.mounts = table.mounts(beneath: place ?? Array(location.utf8))
            beneath.threads =
                directory == nil
                ? []
                : beneath.mounts.points.compactMap(beneath.mounts.device)
                    .map(threads.threads(ofMount:))
            return beneath.mounts
        }
    }

    /// Finds the directory without opening what is in it.
    private static func find(
        _ path: String, way: Way, threads: OwnerThreads
    ) async throws -> Place {
        let walk = try await OwnerWalk(threads, asDaemon: way == .direct)
        let names = path.utf8.split(separator: UInt8(ascii: "/")).compactMap(FileName.init)
        let trail = try await walk.follow(names.dropLast())
        if let errno = trail.errno { throw InboxError.rootUnavailable(path: path, errno) }
        guard let last = names.last else { return trail.place }
        return try await walk.enter(last, from: trail.place, path: path)
    }

    static func withoutTrailingSlashes(_ path: String) -> String {
        var path = path[...]
        while path.utf8.count > 1, path.hasSuffix("/") { path.removeLast() }
        return String(path)
    }
}

/// Why an opened inbox is not the inbox any more, in the words of the log.
public enum InboxLoss: String, Sendable, Hashable {
    case gone = "nothing is there any more"
    case replaced = "its path leads elsewhere"
    case unmounted = "the share is not mounted"
    case changedOwner = "it has another owner"
    case resultsAway = "the folder for its results is not there any more"
}

/// A directory that was opened for reading.
private struct Opened: Sendable {
    let directory: HeldDescriptor
    let location: [UInt8]?
    let fileSystem: FileSystemKind

    init(_ directory: HeldDescriptor) {
        self.directory = directory
        location = Place.location(of: directory.descriptor)
        fileSystem = FileSystemKind(of: directory.descriptor)
    }
}

/// A descriptor that is closed with the last who holds it.
private final class HeldDescriptor: Sendable {
    let descriptor: FileDescriptor

    init(_ descriptor: FileDescriptor) { self.descriptor = descriptor }

    deinit { closeQuietly(descriptor) }
}
