import Rules

/// A drop's name that is to be removed because its document is committed.
public struct RemovalRecord: Sendable, Hashable {
    public var document: DocumentID
    public var uid: UInt32
    /// The inbox's absolute path, as bytes.
    public var inbox: [UInt8]
    public var path: BeneathPath
    /// What stood under the name when it was read, or when its removal failed.
    public var identity: DropIdentity
    /// When removing it failed: it is left alone while unchanged. Nil while it is still to be done.
    public var failedAt: Timestamp?
}
