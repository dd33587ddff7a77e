import CLinux
import Glibc
import Rules
import SystemPackage

/// What `fstat` and `lstat` say, as far as the store asks.
struct FileStatus: Sendable, Hashable {
    var isRegular: Bool
    var isFolder: Bool
    var size: ByteCount
    /// When it was last written, renamed or touched.
    var changed: Timestamp

    /// - Throws: Errno.
    init(of descriptor: FileDescriptor) throws {
        var raw = stat()
        guard fstat(descriptor.rawValue, &raw) == 0 else { throw Errno(rawValue: errno) }
        self.init(raw)
    }

    /// Follows no link. Nil where nothing stands at `path`.
    ///
    /// - Throws: Errno.
    init?(at path: FilePath) throws {
        var raw = stat()
        guard path.withPlatformString({ lstat($0, &raw) }) == 0 else {
            guard errno == ENOENT || errno == ENOTDIR else { throw Errno(rawValue: errno) }
            return nil
        }
        self.init(raw)
    }

    private init(_ raw: stat) {
        isRegular = raw.st_mode & S_IFMT == S_IFREG
        isFolder = raw.st_mode & S_IFMT == S_IFDIR
        size = ByteCount(Int64(raw.st_size))
        changed = Timestamp(
            milliseconds: Int64(raw.st_ctim.tv_sec) * 1000 + Int64(raw.st_ctim.tv_nsec) / 1_000_000)
    }
}

/// Calls that swift-system does not offer; each throws Errno.
enum FileCalls {
    static func sync(_ descriptor: FileDescriptor) throws {
        guard fsync(descriptor.rawValue) == 0 else { throw Errno(rawValue: errno) }
    }

    static func syncFolder(_ path: FilePath) throws {
        let folder = try FileDescriptor.open(path, .readOnly, options: [.directory, .closeOnExec])
        try folder.closeAfter { try sync(folder) }
    }

    /// Asks for a region of the disk for each folder that will be made in this one.
    static func spreadFolders(in path: FilePath) throws {
        let folder = try FileDescriptor.open(path, .readOnly, options: [.directory, .closeOnExec])
        try folder.closeAfter { clinux_spread_folders(folder.rawValue) }
    }

    /// Makes a folder for the owner alone; one that stands there already is as good.
    static func makeFolder(_ path: FilePath) throws {
        guard path.withPlatformString({ mkdir($0, 0o700) }) != 0 else { return }
        guard errno == EEXIST else { throw Errno(rawValue: errno) }
    }

    /// Runs `body` with the opened folder while this process has a lock on it; nil where there is no
    /// such folder.
    ///
    /// Any number may share it, none beside one that has it exclusively.
    static func withFolderLocked<Value>(
        _ path: FilePath, exclusively: Bool, _ body: (FileDescriptor) throws -> Value
    ) throws -> Value? {
        guard let folder = try openLocked(path, exclusively: exclusively) else { return nil }
        return try folder.closeAfter { try body(folder) }
    }

    /// Opens a folder and takes a lock on it, until it is closed or unlocked; nil where there is no
    /// such folder.
    static func openLocked(_ path: FilePath, exclusively: Bool) throws -> FileDescriptor? {
        let folder: FileDescriptor
        do {
            folder = try FileDescriptor.open(
                path, .readOnly, options: [.directory, .closeOnExec, .noFollow])
        } catch Errno.noSuchFileOrDirectory {
            return nil
        }
        while flock(folder.rawValue, exclusively ? LOCK_EX : LOCK_SH) != 0 {
            let reason = Errno(rawValue: errno)
            if reason == .interrupted { continue }
            _ = Glibc.close(folder.rawValue)
            throw reason
        }
        return folder
    }

    /// Gives a lock back before the folder is closed.
    static func unlock(_ folder: FileDescriptor) {
        // What is not given back now is given back by the close.
        _ = flock(folder.rawValue, LOCK_UN)
    }

    /// Sets a file's times to now, its time of change among them.
    static func touch(_ path: FilePath) throws {
        let code = path.withPlatformString {
            utimensat(AT_FDCWD, $0, nil, AT_SYMLINK_NOFOLLOW)
        }
        guard code == 0 else { throw Errno(rawValue: errno) }
    }

    static func rename(_ old: FilePath, to new: FilePath) throws {
        let code = old.withPlatformString { old in
            new.withPlatformString { new in Glibc.rename(old, new) }
        }
        guard code == 0 else { throw Errno(rawValue: errno) }
    }

    /// Returns whether there was anything to remove.
    static func unlink(_ path: FilePath) throws -> Bool {
        guard path.withPlatformString({ Glibc.unlink($0) }) != 0 else { return true }
        guard errno == ENOENT else { throw Errno(rawValue: errno) }
        return false
    }

    /// The same; a folder that is not there holds nothing.
    static func listIfThere(
        _ path: FilePath, _ body: (FilePath.Component) throws -> Void
    ) throws {
        guard try FileStatus(at: path) != nil else { return }
        try list(path, body)
    }

    /// Calls `body` with every name in the folder but `.` and `..`, in no order.
    static func list(_ path: FilePath, _ body: (FilePath.Component) throws -> Void) throws {
        guard let stream = path.withPlatformString({ opendir($0) }) else {
            throw Errno(rawValue: errno)
        }
        defer { closedir(stream) }
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                guard errno == 0 else { throw Errno(rawValue: errno) }
                return
            }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name != ".", name != "..", let component = FilePath.Component(name) else {
                continue
            }
            try body(component)
        }
    }
}
