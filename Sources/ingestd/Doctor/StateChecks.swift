import CLinux
import Catalog
import Glibc
import Inbox
import Pipeline
import Rules
import Store
import SystemPackage

/// Looks at the directory in which a daemon keeps what it took.
struct StateChecks {
    private static let about = "state"
    /// Under so much the store soon pauses.
    static let scarceRoom = ByteCount.megabytes(1000)
    /// Accounts below are the system's. Rule: login.defs(5), `UID_MIN`.
    private static let firstUserID: UInt32 = 1000

    private let path: String
    private let holder: StateHolder
    private(set) var checkup = Checkup()

    /// Who the running daemon is; nil where none runs or it cannot be seen.
    private let daemon: ProcessIdentity?

    init(path: String, holder: StateHolder, daemon: ProcessIdentity? = nil) {
        self.path = path
        self.holder = holder
        self.daemon = daemon
        check()
    }

    private mutating func check() {
        checkDaemon()
        let directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else {
            noteUnopened(Errno(rawValue: errno))
            return
        }
        defer { close(directory) }
        let descriptor = FileDescriptor(rawValue: directory)
        checkOwner(descriptor)
        checkPassage(descriptor)
        checkCatalogue()
        checkFileSystem(descriptor)
        if let room = FreeRoom(of: descriptor) {
            room.check(
                Self.about, &checkup, scarce: Self.scarceRoom,
                reserve: BlobStore.reserve(of: room.capacity))
        }
        if faccessat(directory, ".", W_OK, AT_EACCESS) == 0 {
            tryFeatures(in: directory)
        } else if errno == EROFS {
            noteUnwritable(.readOnlyFileSystem)
        }
    }

    private mutating func checkDaemon() {
        switch holder {
        case .daemon(let pid) where daemon?.isHalted == true:
            checkup.fail(
                Self.about, "daemon", "pid \(pid) was halted by a signal: nothing is taken",
                remedy: "kill -CONT \(pid)", figures: [.init("pid", .integer(Int64(pid)))])
        case .daemon(let pid):
            checkup.fine(
                Self.about, "daemon", pid > 0 ? "running, pid \(pid)" : "running",
                figures: [.init("pid", pid > 0 ? .integer(Int64(pid)) : .null)])
        case .nobody:
            checkup.warn(
                Self.about, "daemon", "none runs on \(path): nothing is taken by it",
                remedy: "systemctl start ingestd, or ingestd run")
        case .unknown:
            checkup.warn(
                Self.about, "daemon", "whether one runs is not to be seen by this user",
                remedy: "run this as root or as the user of the daemon")
        }
    }

    private mutating func noteUnopened(_ error: Errno) {
        switch error {
        case .noSuchFileOrDirectory:
            checkup.warn(
                Self.about, "directory", "\(path) is not there yet",
                remedy:
                    "none: the first start makes it, if it may")
        case .permissionDenied:
            // That is how it should be: it is the daemon's own.
            checkup.fine(Self.about, "directory", "\(path) is closed to this user")
        default:
            checkup.fail(
                Self.about, "directory", "\(path): \(error)",
                remedy: "make it a directory of the daemon's own: \(path)")
        }
    }

    private mutating func checkOwner(_ directory: FileDescriptor) {
        var facts = stat()
        guard fstat(directory.rawValue, &facts) == 0 else { return }
        let mode = facts.st_mode & 0o7777
        let finding = "\(path), uid \(facts.st_uid), mode \(String(mode, radix: 8))"
        if mode & 0o022 != 0 {
            checkup.fail(
                Self.about, "directory", "\(finding): others may put things there",
                remedy: "chmod go-w " + ShellWord.quoted(path))
        } else if mode & 0o044 != 0 {
            checkup.warn(
                Self.about, "directory", "\(finding): others may list it",
                remedy: "chmod 0711 " + ShellWord.quoted(path))
        } else {
            checkup.fine(Self.about, "directory", finding)
        }
    }

    /// Accounts pass through it to their imports; an ordinary user's daemon serves nobody else.
    private mutating func checkPassage(_ directory: FileDescriptor) {
        var facts = stat()
        guard fstat(directory.rawValue, &facts) == 0 else { return }
        let isOwnersAlone =
            daemon?.isOrdinary ?? (facts.st_uid >= Self.firstUserID && facts.st_uid != 65534)
        guard !isOwnersAlone, let folder = Self.closedFolder(above: path) else { return }
        checkup.fail(
            Self.about, "passage",
            "\(folder) is closed to others: accounts cannot read their imports",
            remedy: "chmod o+x " + ShellWord.quoted(folder))
    }

    /// The first folder on the way down to a path, itself included, that others may not pass
    /// through; nil where there is none.
    static func closedFolder(above path: String) -> String? {
        var folders = [AbsolutePath.resolved(path)]
        while let last = folders.last, last != "/" { folders.append(AbsolutePath.parent(last)) }
        return folders.reversed().first { folder in
            var facts = stat()
            return stat(folder, &facts) == 0 && facts.st_mode & 0o001 == 0
        }
    }

    /// Whether this ingestd can go on with the records that are there.
    private mutating func checkCatalogue() {
        let file = path + "/catalog.sqlite3"
        guard faccessat(AT_FDCWD, file, R_OK, AT_EACCESS) == 0 else { return }
        do throws(CatalogError) {
            try Catalog.openReadOnly(file).close()
            checkup.fine(Self.about, "catalogue", "\(file) has this version's form")
        } catch {
            switch error {
            case .older:
                checkup.warn(
                    Self.about, "catalogue", "an earlier ingestd has written \(file)",
                    remedy: "none: the next start copies it and brings it up to date")
            case .newer:
                checkup.fail(
                    Self.about, "catalogue", "a later ingestd has written \(file)",
                    remedy: "install that version again, or bring back the copy that it made")
            default:
                checkup.fail(
                    Self.about, "catalogue", error.failure.detail, remedy: "ingestd fsck --quick")
            }
        }
    }

    private mutating func checkFileSystem(_ directory: FileDescriptor) {
        let kind = FileSystemKind(of: directory)
        let figures = [JSONValue.Member("file_system", .string(kind.name))]
        if kind.isRemote {
            checkup.fail(
                Self.about, "file_system", "\(kind.name), which other machines may change",
                remedy: "put the state on a local disk: “state:” in the config", figures: figures)
        } else {
            checkup.fine(Self.about, "file_system", kind.name, figures: figures)
        }
    }

    /// Tries on real files what the store would like to do; they are there for no more than a moment.
    private mutating func tryFeatures(in directory: Int32) {
        let (name, copy) = (HiddenName.random().description, HiddenName.random().description)
        let flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let file = openat(directory, name, flags, 0o600)
        guard file >= 0 else { return noteUnwritable(Errno(rawValue: errno)) }
        defer { unlinkat(directory, name, 0) }
        // A clone of no bytes is refused nowhere; one block shows it.
        let written = pwrite(file, [UInt8](repeating: 0, count: 4096), 4096, 0)
        let other = openat(directory, copy, flags, 0o600)
        let isCloned = other >= 0 && written == 4096 && clinux_clone_file(other, file) == 0
        if other >= 0 {
            unlinkat(directory, copy, 0)
            close(other)
        }
        close(file)
        checkup.fine(
            Self.about, "reflink",
            isCloned
                ? "files share their blocks (FICLONE)" : "copies are written (no FICLONE here)",
            figures: [.init("works", .bool(isCloned))])
        let reader = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard reader >= 0 else { return }
        let isLeased = clinux_take_lease(reader) == 0
        close(reader)
        checkup.fine(
            Self.about, "lease", isLeased ? "granted" : "not to be had, and not needed here",
            figures: [.init("works", .bool(isLeased))])
    }

    private mutating func noteUnwritable(_ error: Errno) {
        checkup.fail(
            Self.about, "writable", "no file can be made: \(error)",
            remedy: "see how the file system is mounted: findmnt -T " + ShellWord.quoted(path))
    }
}

/// What is left on a file system.
struct FreeRoom: Sendable, Hashable {
    let bytes: ByteCount
    /// Nil where the file system does not count them.
    let inodes: Int64?
    /// Zero where the file system does not tell it.
    let capacity: ByteCount

    init(bytes: ByteCount, inodes: Int64?, capacity: ByteCount = .zero) {
        self.bytes = bytes
        self.inodes = inodes
        self.capacity = capacity
    }

    /// Asks the file system of what is open.
    init?(of descriptor: FileDescriptor) {
        var facts = statvfs()
        guard fstatvfs(descriptor.rawValue, &facts) == 0 else { return nil }
        bytes = ByteCount(Int64(clamping: facts.f_bavail) * Int64(clamping: facts.f_frsize))
        capacity = ByteCount(Int64(clamping: facts.f_blocks) * Int64(clamping: facts.f_frsize))
        inodes = facts.f_files == 0 ? nil : Int64(clamping: facts.f_favail)
    }

    /// Notes whether it will do.
    ///
    /// - Parameter reserve: what is not used up, however much is waiting.
    func check(
        _ subject: String, _ checkup: inout Checkup, scarce: ByteCount, reserve: ByteCount = .zero
    ) {
        let left = inodes.map { ", \($0) inodes" } ?? ""
        let finding = "\(bytes)\(left) free"
        let figures: [JSONValue.Member] = [
            .init("free_bytes", .integer(bytes.bytes)),
            .init("free_inodes", inodes.map { .integer($0) } ?? .null),
        ]
        if bytes <= reserve || inodes == 0 {
            let kept = reserve > .zero ? "; \(reserve) of it are kept for status files" : ""
            checkup.fail(
                subject, "room", finding + kept, remedy: "make room on this file system",
                figures: figures)
        } else if bytes < scarce || (inodes ?? .max) < 1000 {
            checkup.warn(
                subject, "room", finding, remedy: "make room on this file system soon",
                figures: figures)
        } else {
            checkup.fine(subject, "room", finding, figures: figures)
        }
    }
}
