import CLinux
import Glibc
import Rules
import SystemPackage

/// The operations inside an inbox, as its owner; exists only while ``InboxRoot/run(at:_:)`` runs.
///
/// Every path is resolved beneath the inbox without following a link, and the last component is
/// touched by calls that do not follow one either.
public struct InboxFiles {
    let root: FileDescriptor
    /// In whose name all of this is done.
    public let owner: Owner
    /// Whether folders are made here as they are needed: in one for results, and not in an inbox, whose
    /// folders are its owner's.
    public let makesFolders: Bool
    let folders = OpenFolders()

    init(root: FileDescriptor, owner: Owner, makesFolders: Bool = false) {
        self.root = root
        self.owner = owner
        self.makesFolders = makesFolders
    }

    /// Looks at `path`; nil where nothing is.
    public func entry(_ path: BeneathPath) throws(InboxError) -> Entry? {
        do throws(InboxError) {
            guard let name = path.name else { return try Entry(at: root, name: nil, path: path) }
            return try withFolder(path.parent) { folder throws(InboxError) in
                try Entry(at: folder, name: name, path: path)
            }
        } catch  where error.isAbsence {
            return nil
        }
    }

    /// Calls `body` for each entry of the folder until it returns false. The kind is nil where the
    /// file system does not tell it with the name. Names may be missing that came while it was
    /// read.
    ///
    /// - Parameter prepare: is lent the opened folder before its first name is read.
    public func list(
        _ folder: BeneathPath, prepare: (FileDescriptor) -> Void = { _ in },
        _ body: (FileName, EntryKind?) throws -> Bool
    ) throws {
        let descriptor = try openFolder(folder)
        prepare(descriptor)
        guard let stream = fdopendir(descriptor.rawValue) else {
            let error = lastError("fdopendir", folder)
            closeQuietly(descriptor)
            throw error
        }
        defer { closedir(stream) }
        while true {
            errno = 0
            guard let record = readdir(stream) else {
                guard errno == 0 else { throw lastError("readdir", folder) }
                return
            }
            guard let name = FileName(entryOf: record) else { continue }
            guard try body(name, EntryKind(directoryType: record.pointee.d_type)) else { return }
        }
    }

    /// Opens a folder for reading, watching or syncing; the caller closes it.
    public func openFolder(_ path: BeneathPath) throws(InboxError) -> FileDescriptor {
        try openBeneath(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, "open folder")
    }

    /// Opens a file for reading, whatever kind it turns out to be, without ever blocking on it; the
    /// caller closes it.
    public func openForReading(_ path: BeneathPath) throws(InboxError) -> FileDescriptor {
        try openBeneath(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, "open")
    }

    /// The content of a regular file of at most `limit` bytes; nil where nothing, or nothing
    /// regular, is.
    public func readSmall(_ path: BeneathPath, limit: Int) throws(InboxError) -> [UInt8]? {
        guard let entry = try entry(path), entry.kind == .file else { return nil }
        guard entry.identity.size.bytes <= limit else { throw .tooLong(path: path, limit: limit) }
        let bytes = try readPrefix(path, limit: limit + 1)
        guard let bytes, bytes.count <= limit else { throw .tooLong(path: path, limit: limit) }
        return bytes
    }

    /// The first bytes of a regular file, `limit` at most; nil where nothing, or nothing regular,
    /// is.
    public func readPrefix(_ path: BeneathPath, limit: Int) throws(InboxError) -> [UInt8]? {
        let file: FileDescriptor
        do throws(InboxError) {
            file = try openForReading(path)
        } catch  where error.isAbsence || error.errno == .tooManySymbolicLinkLevels {
            return nil
        } catch  where error.errno == .noSuchAddressOrDevice {
            // A socket, or a device that is not there.
            return nil
        }
        defer { closeQuietly(file) }
        guard try Entry(at: file, name: nil, path: path).kind == .file else { return nil }
        // Grows with what is there: the limit may be far above it.
        var bytes: [UInt8] = []
        while bytes.count < limit {
            let filled = bytes.count
            let room = min(limit - filled, max(filled, Self.firstRead))
            bytes += repeatElement(0, count: room)
            let count = bytes.withUnsafeMutableBytes {
                read(file.rawValue, $0.baseAddress?.advanced(by: filled), room)
            }
            let failure = errno
            bytes.removeLast(room - max(0, count))
            if count < 0, failure == EINTR { continue }
            guard count >= 0 else {
                errno = failure
                throw lastError("read", path)
            }
            if count == 0 { break }
        }
        return bytes
    }

    /// Whether what stands at `path` is one of ingestd's own results, in a folder that may have any name
    /// or place by now: a mark of the account's own lies there.
    ///
    /// One of somebody else's counts for nothing: nobody hides another's files by it.
    public func isResult(_ path: BeneathPath, of account: Account) throws(InboxError) -> Bool {
        guard let place = ResultsMark.place(for: path), let mark = try entry(place) else {
            return false
        }
        return mark.kind == .file && mark.uid == account.uid && mark.linkCount == 1
    }

    /// As much as a usual status file has.
    private static let firstRead = 4096

    /// Whether the kernel reports changes in an open folder, by the kind of its file system.
    public func reportsEvents(_ folder: FileDescriptor) -> Bool {
        FileSystemKind(of: folder).reportsEvents
    }

    /// Makes the folder's names durable.
    public func syncFolder(_ path: BeneathPath) throws(InboxError) {
        let folder = try openFolder(path)
        defer { closeQuietly(folder) }
        guard fsync(folder.rawValue) == 0 else { throw lastError("fsync folder", path) }
    }

    /// Lends `body` the folder that it works in, opened if it is not.
    ///
    /// `body` may work in one other folder meanwhile.
    func withFolder<Result>(
        _ path: BeneathPath, _ body: (FileDescriptor) throws(InboxError) -> Result
    ) throws(InboxError) -> Result {
        guard !path.isRoot else { return try body(root) }
        if let folder = folders.folder(path) { return try body(folder) }
        let folder = try resolve(path)
        folders.keep(folder, path)
        return try body(folder)
    }

    private func resolve(_ path: BeneathPath) throws(InboxError) -> FileDescriptor {
        try openBeneath(path, clinux_path_only | O_DIRECTORY | O_NOFOLLOW, "resolve")
    }

    /// Lends `body` an opened folder as if it were an inbox: all that is done there stays in this
    /// very folder, whatever becomes of its path meanwhile.
    public func inFolder<Result>(
        _ path: BeneathPath, _ body: (InboxFiles) throws(InboxError) -> Result
    ) throws(InboxError) -> Result {
        guard !path.isRoot else { return try body(self) }
        let folder = try resolve(path)
        defer { closeQuietly(folder) }
        return try body(InboxFiles(root: folder, owner: owner, makesFolders: makesFolders))
    }

    func lastError(_ call: String, _ path: BeneathPath) -> InboxError {
        .callFailed(call: call, path: path, Errno(rawValue: errno))
    }

    private func openBeneath(
        _ path: BeneathPath, _ flags: Int32, _ call: String
    ) throws(InboxError) -> FileDescriptor {
        let bytes = path.isRoot ? [UInt8(ascii: ".")] : path.bytes
        // A rename elsewhere in the tree can make the kernel unsure; it asks to be asked again.
        for _ in 0..<16 {
            let code = withCString(bytes) {
                clinux_open_beneath(root.rawValue, $0, UInt64(flags | O_CLOEXEC))
            }
            if code >= 0 { return FileDescriptor(rawValue: code) }
            guard code == -EAGAIN || code == -EINTR, flags & O_NONBLOCK == 0 else {
                throw .callFailed(call: call, path: path, Errno(rawValue: -code))
            }
        }
        throw .callFailed(call: call, path: path, .resourceTemporarilyUnavailable)
    }
}

@available(*, unavailable)
extension InboxFiles: Sendable {}

extension InboxError {
    /// Whether it only says that nothing is there.
    public var isAbsence: Bool { errno == .noSuchFileOrDirectory || errno == .notDirectory }

    /// Whether it only says that whoever asked may not: no waiting helps.
    public var isOfPermission: Bool { errno == .permissionDenied || errno == .notPermitted }
}

extension FileName {
    /// The name in a directory record; nil for `.` and `..`.
    fileprivate init?(entryOf record: UnsafeMutablePointer<dirent>) {
        guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { return nil }
        let start = UnsafeRawPointer(record).advanced(by: offset)
        let text = start.assumingMemoryBound(to: CChar.self)
        self.init(UnsafeRawBufferPointer(start: start, count: strlen(text)))
    }
}

extension EntryKind {
    fileprivate init?(directoryType: UInt8) {
        switch Int(directoryType) {
        case Int(DT_REG): self = .file
        case Int(DT_DIR): self = .folder
        case Int(DT_LNK): self = .link
        case Int(DT_UNKNOWN): return nil
        default: self = .special
        }
    }
}
