import CLinux
import Glibc
import Rules
import SystemPackage

/// What stands under a name.
public enum EntryKind: Sendable, Hashable {
    case file, folder, link
    /// FIFO, socket or device.
    case special
}

/// What one look at a directory entry shows; links are not followed.
public struct Entry: Sendable, Hashable {
    public let kind: EntryKind
    public let identity: DropIdentity
    /// How many names the file has.
    public let linkCount: Int
    public let uid: UInt32
    public let gid: UInt32
    /// Permission bits, with set-id and sticky bits.
    public let mode: UInt16
    /// Whether the kernel lets nobody change or remove it, or lets it only grow (chattr +i, +a).
    public let isImmutable: Bool

    /// An entry as somebody else describes it.
    init(
        kind: EntryKind, identity: DropIdentity, linkCount: Int, uid: UInt32, gid: UInt32,
        mode: UInt16, isImmutable: Bool
    ) {
        self.kind = kind
        self.identity = identity
        self.linkCount = linkCount
        self.uid = uid
        self.gid = gid
        self.mode = mode
        self.isImmutable = isImmutable
    }

    /// Looks at what is open; `path` is for the error alone.
    public init(of descriptor: FileDescriptor, path: BeneathPath) throws(InboxError) {
        try self.init(at: descriptor, name: nil, path: path)
    }

    /// Looks at `name` in `directory`; at `directory` itself where there is no name.
    init(at directory: FileDescriptor, name: FileName?, path: BeneathPath) throws(InboxError) {
        var facts = statx()
        let code = withCString(name?.bytes ?? []) {
            clinux_statx(directory.rawValue, $0, &facts)
        }
        guard code == 0 else {
            throw .callFailed(call: "statx", path: path, Errno(rawValue: -code))
        }
        let format = UInt32(facts.stx_mode) & S_IFMT
        kind =
            switch format {
            case S_IFREG: .file
            case S_IFDIR: .folder
            case S_IFLNK: .link
            default: .special
            }
        identity = DropIdentity(
            device: UInt64(facts.stx_dev_major) << 32 | UInt64(facts.stx_dev_minor),
            inode: facts.stx_ino, size: ByteCount(Int64(clamping: facts.stx_size)),
            modified: facts.stx_mtime.nanoseconds, changed: facts.stx_ctime.nanoseconds)
        linkCount = Int(facts.stx_nlink)
        uid = facts.stx_uid
        gid = facts.stx_gid
        mode = facts.stx_mode & 0o7777
        isImmutable =
            facts.stx_attributes & UInt64(STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND) != 0
    }

    /// The kernel's number of the mount that an open file is on; nil where the kernel is too old to
    /// tell.
    static func mountNumber(of descriptor: FileDescriptor) -> UInt64? {
        var facts = statx()
        guard withCString([], { clinux_statx(descriptor.rawValue, $0, &facts) }) == 0,
            facts.stx_mask & UInt32(STATX_MNT_ID) != 0
        else { return nil }
        return facts.stx_mnt_id
    }
}

extension statx_timestamp {
    /// Since 1970; a moment beyond the years 1677–2262 wraps, which still tells two moments apart.
    fileprivate var nanoseconds: Int64 { tv_sec &* 1_000_000_000 &+ Int64(tv_nsec) }
}

/// Lends `bytes` as a C string; they must hold no NUL.
func withCString<Result>(
    _ bytes: [UInt8], _ body: (UnsafePointer<CChar>) -> Result
) -> Result {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: bytes.count + 1) { buffer in
        for (index, byte) in bytes.enumerated() { buffer[index] = CChar(bitPattern: byte) }
        buffer[bytes.count] = 0
        guard let address = UnsafePointer(buffer.baseAddress) else {
            preconditionFailure("a buffer of at least one byte has an address")
        }
        return body(address)
    }
}

/// Closes a descriptor that only read or only named something: nothing can be lost by its failing.
func closeQuietly(_ descriptor: FileDescriptor) {
    _ = Glibc.close(descriptor.rawValue)
}
