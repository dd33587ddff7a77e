/// What must not change between two looks at a drop: the inode and everything the kernel says of its content's age.
public struct DropIdentity: Hashable, Sendable {
    public var device: UInt64
    public var inode: UInt64
    public var size: ByteCount
    /// Nanoseconds since 1970.
    public var modified: Int64
    /// Nanoseconds since 1970; a rename changes it too.
    public var changed: Int64

    public init(device: UInt64, inode: UInt64, size: ByteCount, modified: Int64, changed: Int64) {
        self.device = device
        self.inode = inode
        self.size = size
        self.modified = modified
        self.changed = changed
    }

    /// Whether both are the same file with the same content, one of them perhaps renamed since.
    public func isSameContent(as other: DropIdentity) -> Bool {
        device == other.device && inode == other.inode && size == other.size
            && modified == other.modified
    }

    /// Whether both are the same file with as many bytes, whose times may have been set since.
    public func isOfOneLength(as other: DropIdentity) -> Bool {
        device == other.device && inode == other.inode && size == other.size
    }
}

/// What showed that nobody was still writing a drop.
public enum AdmissionProof: String, Sendable, Hashable {
    /// A read lease was granted: no process had it open or mapped for writing.
    case lease
    /// It lay unchanged for the inbox's `settle` time where leases do not work.
    case settle
    /// Somebody had it open for writing, yet it lay unchanged for the inbox's `open_writer_timeout`.
    case openWriterTimeout = "open_writer_timeout"

    /// What a document says of how it was admitted: a lease, or nothing but rest.
    public var told: AdmissionProof {
        switch self {
        case .lease: .lease
        case .settle, .openWriterTimeout: .settle
        }
    }
}

/// What the first bytes and the extension of a drop agree on.
public enum DropKind: String, Sendable, Hashable, CaseIterable {
    case pdf, csv, xls, xlsx

    public var isWorkbook: Bool { self == .xls || self == .xlsx }
}
