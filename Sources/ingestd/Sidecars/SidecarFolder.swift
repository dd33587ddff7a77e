import CLinux
import Glibc
import Rules

/// A folder in which status files are looked for; reads as whoever calls the command, and follows no link below it.
struct SidecarFolder: ~Copyable {
    /// What stands at a status file's name.
    enum Finding {
        case status(StatusFile, json: [UInt8])
        /// Nothing, or somebody else's file.
        case notOurs
        /// A status file that cannot be read or understood, and why.
        case unreadable(String, code: Int32)
    }

    /// A failed system call.
    struct Failure: Error, Hashable, CustomStringConvertible {
        let path: String
        let code: Int32
        var description: String { "\(path): \(String(cString: strerror(code)))" }
    }

    /// With a hundred rejects and 25,000 files a status file stays far below.
    static let sizeLimit = 8 << 20
    static let suffix = ".status.json"

    let path: String
    private let descriptor: Int32

    /// Opens a folder that the caller named; links in the path are followed.
    init(path: String) throws(Failure) {
        try self.init(at: AT_FDCWD, name: path, path: path, flags: 0)
    }

    private init(at parent: Int32, name: String, path: String, flags: Int32) throws(Failure) {
        descriptor = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags)
        self.path = path
        guard descriptor >= 0 else { throw Failure(path: path, code: errno) }
    }

    deinit { close(descriptor) }

    /// Opens a folder in this one, unless it is a link.
    func folder(_ name: String) throws(Failure) -> SidecarFolder {
        try SidecarFolder(at: descriptor, name: name, path: "\(path)/\(name)", flags: O_NOFOLLOW)
    }

    /// The names of what may be status files and, apart, of the folders that may hold more; sorted.
    ///
    /// Hidden folders, results and the status file of a whole inbox are left out. A name that is not
    /// UTF-8 is left out as well: its sidecar cannot be opened by a text, and `file_name` would not
    /// be its name.
    func names() throws(Failure) -> (sidecars: [String], folders: [String]) {
        // fdopendir takes the descriptor over, so it is given one of its own.
        let copy = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0, let stream = fdopendir(copy) else {
            throw Failure(path: path, code: errno)
        }
        defer { closedir(stream) }
        var sidecars: [String] = []
        var folders: [String] = []
        while let entry = readdir(stream) {
            guard let name = Self.name(entry), !name.hasPrefix(".") else { continue }
            if name == SidecarNames.inboxStatus.description { continue }
            if name.hasSuffix(Self.suffix) {
                sidecars.append(name)
            } else if !name.hasSuffix(".results"), isFolder(name, type: entry.pointee.d_type) {
                folders.append(name)
            }
        }
        return (sidecars.sorted(), folders.sorted())
    }

    /// Reads what stands at a name.
    func read(_ name: String) -> Finding {
        let file = openat(descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else {
            // A link is never ours; a name that has gone, or is too long for any file, is not there.
            if [ELOOP, ENOENT, ENAMETOOLONG].contains(errno) { return .notOurs }
            return .unreadable(String(cString: strerror(errno)), code: errno)
        }
        defer { close(file) }
        var entry = stat()
        guard fstat(file, &entry) == 0, entry.st_mode & S_IFMT == S_IFREG else { return .notOurs }
        guard entry.st_size <= Self.sizeLimit else { return .notOurs }
        var bytes = [UInt8](repeating: 0, count: Int(entry.st_size))
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                pread(file, $0.baseAddress?.advanced(by: filled), $0.count - filled, off_t(filled))
            }
            guard count >= 0 else {
                return .unreadable(String(cString: strerror(errno)), code: errno)
            }
            if count == 0 { break }
            filled += count
        }
        bytes.removeSubrange(filled...)
        guard bytes.starts(with: StatusFile.beginning) else { return .notOurs }
        do {
            return .status(try StatusFile(json: bytes), json: bytes)
        } catch {
            return .unreadable("it is no status file that this ingestd understands", code: 0)
        }
    }

    /// What the status file of the whole inbox says; nil where there is none of ingestd's.
    func summary() -> InboxSummary? {
        guard let bytes = bytes("\(SidecarNames.inboxStatus)", limit: InboxSummary.sizeLimit),
            SidecarNames.isStatus(opening: bytes)
        else { return nil }
        do {
            return try InboxSummary(json: bytes)
        } catch {
            // Of another version, or damaged: it says nothing that could be told.
            return nil
        }
    }

    private func bytes(_ name: String, limit: Int) -> [UInt8]? {
        let file = openat(descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var entry = stat()
        guard fstat(file, &entry) == 0, entry.st_mode & S_IFMT == S_IFREG,
            entry.st_size <= limit
        else { return nil }
        var bytes = [UInt8](repeating: 0, count: Int(entry.st_size))
        let count = pread(file, &bytes, bytes.count, 0)
        return count == bytes.count ? bytes : nil
    }

    private func isFolder(_ name: String, type: UInt8) -> Bool {
        if type != DT_UNKNOWN { return type == DT_DIR }
        var entry = stat()
        return fstatat(descriptor, name, &entry, AT_SYMLINK_NOFOLLOW) == 0
            && entry.st_mode & S_IFMT == S_IFDIR
    }

    private static func name(_ entry: UnsafeMutablePointer<dirent>) -> String? {
        withUnsafeBytes(of: &entry.pointee.d_name) { raw in
            String(validating: raw.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
