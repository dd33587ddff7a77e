/// How long an inbox keeps what was dropped there; nothing goes by itself where all is unsaid.
///
/// Rule: etc/ingestd.yaml, `keep`.
public struct RetentionSettings: Sendable, Hashable {
    /// After so long a document that completed is deleted; nil for never.
    public var keep: Duration?
    /// How many older documents of a name are kept; nil for all.
    public var versions: Int?
    /// After so long the status file of a document that is over goes; nil for never.
    public var keepStatus: Duration?

    public init(keep: Duration? = nil, versions: Int? = nil, keepStatus: Duration? = nil) {
        self.keep = keep
        self.versions = versions
        self.keepStatus = keepStatus
    }

    /// Whether anything is to go by itself.
    public var isOff: Bool { self == RetentionSettings() }
}

/// What becomes of imported rows when the document that brought them in is deleted.
public enum RowsPolicy: String, Sendable, Hashable, CaseIterable {
    /// They stay in the account's database.
    case keep
    /// They go with the document.
    case remove
}
