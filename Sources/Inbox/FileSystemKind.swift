import CLinux
import SystemPackage

/// What the type of a file system tells about it.
public struct FileSystemKind: Sendable, Hashable {
    /// Network and user-space file systems: what others change there raises no events here.
    /// Rule: statfs(2), `f_type`: NFS, SMB, CIFS, SMB2, FUSE, 9p, Ceph, AFS.
    private static let silent: [UInt32: String] = [
        0x6969: "nfs", 0x517b: "smb", 0xff53_4d42: "cifs", 0xfe53_4d42: "smb2",
        0x6573_5546: "fuse", 0x0102_1997: "9p", 0x00c3_6400: "ceph", 0x5346_414f: "afs",
    ]
    /// Local ones that are met often, for people. Rule: statfs(2).
    private static let local: [UInt32: String] = [
        0xef53: "ext4", 0x5846_5342: "xfs", 0x9123_683e: "btrfs", 0x0102_1994: "tmpfs",
        0x794c_7630: "overlay", 0x2fc1_2fc1: "zfs", 0xf2f5_2010: "f2fs", 0x4d44: "vfat",
        0x2011_bab0: "exfat", 0x7366_746e: "ntfs3", 0x5265_4973: "reiserfs", 0x8584_58f6: "ramfs",
        0x7371_7368: "squashfs", 0x9660: "iso9660", 0xca45_1a4e: "bcachefs",
    ]

    /// Nil where it cannot be learnt.
    private let type: UInt32?

    /// Asks about what is open.
    public init(of descriptor: FileDescriptor) {
        var type: UInt32 = 0
        self.type = clinux_file_system_type(descriptor.rawValue, &type) == 0 ? type : nil
    }

    /// Whether changes are reported, whoever makes them. False too where the type cannot be learnt:
    /// polling always works.
    public var reportsEvents: Bool { type.map { Self.silent[$0] == nil } ?? false }

    /// Whether what is stored there may be another machine's to change.
    public var isRemote: Bool { type.map { Self.silent[$0] != nil } ?? false }

    /// `ext4`, or the number of a type that has no name here.
    public var name: String {
        guard let type else { return "unknown" }
        return Self.silent[type] ?? Self.local[type] ?? "0x" + String(type, radix: 16)
    }
}
