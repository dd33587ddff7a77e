/// What ingestd makes and keeps of an account's files, by the place where it is kept.
public enum DerivedClass: String, Sendable, Hashable, CaseIterable {
    /// What stages have made, as it is kept in the store: texts, pictures, reports.
    case results
    /// The pages that are in use of the account's database of imported rows.
    case imports
    /// What was deleted, and is kept for a while.
    case trash
}

/// Bytes that an account's files have led to, beside those of the files.
///
/// Rule: docs/design.md, "Quota".
public struct DerivedUsage: Sendable, Hashable {
    private var bytes: [DerivedClass: ByteCount]

    public init(_ bytes: [DerivedClass: ByteCount] = [:]) { self.bytes = bytes }

    public subscript(kind: DerivedClass) -> ByteCount { bytes[kind] ?? .zero }

    /// All of it, which is what the cap bounds.
    public var total: ByteCount { bytes.values.reduce(.zero, +) }

    /// All but one class, for who is about to say how much that one will be.
    public func total(without kind: DerivedClass) -> ByteCount { total - self[kind] }
}
