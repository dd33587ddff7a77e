import CLinux
import Crypto
import Glibc
import Rules

/// The installation's key, which signs every token: 32 random bytes in a file that only the daemon
/// reads.
public struct TokenKey: Sendable {
    static let length = 32
    static let idLength = 3

    let secret: SymmetricKey
    /// Names the key within its tokens; derived from the key, so that the two cannot part.
    let id: [UInt8]

    /// The key's name, as tokens bear it: six hexadecimal digits.
    public var name: String { Self.text(ofID: id) }

    init(bytes: [UInt8]) {
        precondition(bytes.count == Self.length, "a token key has \(Self.length) bytes")
        secret = SymmetricKey(data: bytes)
        // A label apart, so that the id tells nothing that a signature tells.
        let digest = SHA256.hash(data: Array("ingestd token key id".utf8) + bytes)
        id = Array(digest.prefix(Self.idLength))
    }

    static func text(ofID id: [UInt8]) -> String { Hexadecimal.encode(id) }

    /// Reads the key that `path` holds.
    ///
    /// - Throws: ``ImportError/tokenKeyRefused(reason:)`` for a file of another shape, or one that
    ///   others may touch.
    public init(readingFrom path: String) throws(ImportError) {
        let file = try Self.open(path, O_RDONLY, attempt: "open token key")
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else {
            throw .system(attempt: "look at token key", errno: errno)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .tokenKeyRefused(reason: "it is not a regular file")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw .tokenKeyRefused(reason: "others than its owner may touch it")
        }
        // One byte more than a key has, so that a longer file is seen to be one.
        var bytes = [UInt8](repeating: 0, count: Self.length + 1)
        let count = read(file, &bytes, bytes.count)
        guard count >= 0 else { throw .system(attempt: "read token key", errno: errno) }
        guard count == Self.length else {
            throw .tokenKeyRefused(reason: "it does not have \(Self.length) bytes")
        }
        self.init(bytes: Array(bytes.prefix(Self.length)))
    }

    /// Reads the key that `path` holds; where there is none, makes one that survives a power cut.
    public static func loadOrCreate(at path: String) throws(ImportError) -> TokenKey {
        if access(path, F_OK) != 0, errno == ENOENT { try create(at: path) }
        return try TokenKey(readingFrom: path)
    }

    /// Makes a key under that name, over the one that may be there.
    ///
    /// - Parameter owner: whose it is to be; nil for the caller's.
    static func create(
        at path: String, owner: (user: uid_t, group: gid_t)? = nil
    ) throws(ImportError) {
        var bytes = [UInt8](repeating: 0, count: length)
        guard getentropy(&bytes, length) == 0 else {
            throw .system(attempt: "fetch random bytes", errno: errno)
        }
        // A fixed name: what a crash leaves behind is overwritten by the next start.
        let aside = path + ".new"
        try write(bytes, to: aside, owner: owner)
        guard rename(aside, path) == 0 else {
            throw .system(attempt: "rename token key", errno: errno)
        }
        try Folder.sync(Folder.parent(of: path))
    }

    private static func write(
        _ bytes: [UInt8], to path: String, owner: (user: uid_t, group: gid_t)?
    ) throws(ImportError) {
        let file = try open(path, O_WRONLY | O_CREAT | O_TRUNC, attempt: "create token key")
        defer { close(file) }
        if let owner, fchown(file, owner.user, owner.group) != 0 {
            throw .system(attempt: "give token key to its owner", errno: errno)
        }
        guard fchmod(file, 0o600) == 0, Glibc.write(file, bytes, bytes.count) == bytes.count,
            fsync(file) == 0
        else { throw .system(attempt: "write token key", errno: errno) }
    }

    private static func open(
        _ path: String, _ flags: Int32, attempt: String
    ) throws(ImportError) -> Int32 {
        let file = Glibc.open(path, flags | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .system(attempt: attempt, errno: errno) }
        return file
    }
}
