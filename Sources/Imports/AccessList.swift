import CLinux
import Glibc

/// A POSIX access control list that lets one user read what belongs to the daemon.
///
/// Rule: acl(5); the bytes are those of Linux's `posix_acl_xattr.h`, version 2.
struct AccessList {
    /// Which of a file's two lists.
    enum Kind: String {
        case access = "system.posix_acl_access"
        /// What files made in a folder start with.
        case inherited = "system.posix_acl_default"
    }

    private enum Tag: UInt16 {
        case owner = 0x01
        case user = 0x02
        case owningGroup = 0x04
        case mask = 0x10
        case others = 0x20
    }

    private static let noID = UInt32.max

    /// The attribute's value.
    let bytes: [UInt8]

    /// - Parameters:
    ///   - owner: what the owner may do, as in one octal digit of a mode.
    ///   - reader: the user who is let in, and what for.
    init(owner: UInt16, reader: UInt32, may permissions: UInt16) {
        let entries: [(Tag, UInt16, UInt32)] = [
            (.owner, owner, Self.noID), (.user, permissions, reader),
            (.owningGroup, 0, Self.noID), (.mask, permissions, Self.noID), (.others, 0, Self.noID),
        ]
        var bytes: [UInt8] = []
        func put(_ value: some FixedWidthInteger) {
            withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
        }
        put(UInt32(2))
        for (tag, permissions, id) in entries {
            put(tag.rawValue)
            put(permissions)
            put(id)
        }
        self.bytes = bytes
    }

    /// Sets the list unless it stands there already; false where the file system keeps none.
    func apply(to path: String, as kind: Kind) throws(ImportError) -> Bool {
        var current = [UInt8](repeating: 0, count: bytes.count)
        let length = getxattr(path, kind.rawValue, &current, current.count)
        if length == bytes.count, current == bytes { return true }
        guard setxattr(path, kind.rawValue, bytes, bytes.count, 0) == 0 else {
            guard errno == ENOTSUP else {
                throw .system(attempt: "set access control list", errno: errno)
            }
            return false
        }
        return true
    }
}
