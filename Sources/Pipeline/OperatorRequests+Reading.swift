import Glibc
import Intake
import Rules
import SystemPackage

// What the daemon reads of the folder. Only root and the daemon's user write there, but by hand too.
extension OperatorRequests {
    /// What one look at a name shows.
    enum Sight {
        /// Gone, or somebody is still writing it: its close tells of it again.
        case nothing
        case request(File, OperatorRequest)
        /// No request, for this reason; it goes where nobody can be about to make one of it.
        case odd(File, reason: String, isToGo: Bool)
    }

    /// How many names are held and looked at before others have their turn.
    static let pageLength = 1000

    /// The next names behind `last`, in the order in which commands have left them.
    func names(after last: FileName?) throws(Errno) -> [FileName] {
        guard let stream = folder.withPlatformString({ opendir($0) }) else {
            throw Errno(rawValue: errno)
        }
        defer { closedir(stream) }
        var names: [FileName] = []
        func keepFirst() {
            names.sort()
            names.removeLast(max(0, names.count - Self.pageLength))
        }
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                guard errno == 0 else { throw Errno(rawValue: errno) }
                keepFirst()
                return names
            }
            let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                Array(bytes.prefix { $0 != 0 })
            }
            // One that a command still writes has a hidden name.
            guard bytes.first != UInt8(ascii: "."), let name = FileName(bytes) else { continue }
            if let last, name <= last { continue }
            names.append(name)
            if names.count >= 2 * Self.pageLength { keepFirst() }
        }
    }

    /// Looks at each of these files.
    func looks(at names: [FileName]) throws(Errno) -> [Sight] {
        try withFolder { folder in names.map { Self.look(at: $0, in: folder) } }
    }

    /// Whether the file is there as it was read.
    func isThere(_ file: File) throws(Errno) -> Bool {
        try withFolder { folder throws(Errno) in
            try isThere(file, in: folder)
        }
    }

    private func isThere(_ file: File, in folder: Int32) throws(Errno) -> Bool {
        guard let facts = try Self.facts(of: file.name, in: folder) else { return false }
        let isSame = DropIdentity(facts) == file.identity
        // A link elsewhere that came or went has changed it, and nothing tells of that here.
        if !isSame { look() }
        return isSame
    }

    /// Removes a file unless another has taken its name.
    func remove(_ file: File) throws(Errno) {
        try withFolder { folder throws(Errno) in
            guard try isThere(file, in: folder) else { return }
            guard unlinkat(folder, file.name.asCString, 0) == 0 || errno == ENOENT else {
                throw Errno(rawValue: errno)
            }
        }
    }

    private func withFolder<Value>(
        _ body: (Int32) throws(Errno) -> Value
    ) throws(Errno) -> Value {
        let descriptor = folder.withPlatformString {
            Glibc.open($0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        }
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        defer { _ = Glibc.close(descriptor) }
        return try body(descriptor)
    }

    /// Nil where nothing has the name.
    private static func facts(of name: FileName, in folder: Int32) throws(Errno) -> stat? {
        var facts = stat()
        guard fstatat(folder, name.asCString, &facts, AT_SYMLINK_NOFOLLOW) == 0 else {
            guard errno == ENOENT else { throw Errno(rawValue: errno) }
            return nil
        }
        return facts
    }

    private static func look(at name: FileName, in folder: Int32) -> Sight {
        var seen = File(name: name, identity: .unknown)
        do throws(Errno) {
            guard let facts = try facts(of: name, in: folder) else { return .nothing }
            seen.identity = DropIdentity(facts)
            guard facts.st_mode & S_IFMT == S_IFREG else {
                return .odd(seen, reason: "it is no regular file", isToGo: false)
            }
            let descriptor = openat(
                folder, name.asCString, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
            guard descriptor >= 0 else { throw Errno(rawValue: errno) }
            defer { _ = Glibc.close(descriptor) }
            return try read(FileDescriptor(rawValue: descriptor), named: name)
        } catch {
            if error == .noSuchFileOrDirectory { return .nothing }
            return .odd(seen, reason: "it cannot be read: \(error)", isToGo: false)
        }
    }

    private static func read(
        _ descriptor: FileDescriptor, named name: FileName
    ) throws(Errno) -> Sight {
        // Nobody writes between this and the close.
        let writers = FolderWatch.writers(of: descriptor)
        if writers == .somebody { return .nothing }
        var facts = stat()
        guard fstat(descriptor.rawValue, &facts) == 0 else { throw Errno(rawValue: errno) }
        let file = File(name: name, identity: DropIdentity(facts))
        // One more than a request may have, so that what is longer is none.
        var bytes = [UInt8](repeating: 0, count: OperatorRequest.lengthLimit + 1)
        let count = Glibc.read(descriptor.rawValue, &bytes, bytes.count)
        guard count >= 0 else { throw Errno(rawValue: errno) }
        if let request = OperatorRequest(bytes: Array(bytes.prefix(count))) {
            return .request(file, request)
        }
        if count == 0 { return .odd(file, reason: "it is empty", isToGo: false) }
        return .odd(file, reason: "it asks for nothing known", isToGo: writers == .nobody)
    }
}

extension FileName {
    /// As the kernel takes it.
    fileprivate var asCString: [CChar] { bytes.map(CChar.init(bitPattern:)) + [0] }
}

extension DropIdentity {
    /// Of a name at which nothing could be seen.
    fileprivate static let unknown = DropIdentity(
        device: 0, inode: 0, size: .zero, modified: 0, changed: 0)

    fileprivate init(_ facts: stat) {
        self.init(
            device: UInt64(facts.st_dev), inode: UInt64(facts.st_ino),
            size: ByteCount(Int(facts.st_size)), modified: facts.st_mtim.nanoseconds,
            changed: facts.st_ctim.nanoseconds)
    }
}

extension timespec {
    fileprivate var nanoseconds: Int64 { Int64(tv_sec) &* 1_000_000_000 &+ Int64(tv_nsec) }
}
