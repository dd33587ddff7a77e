/// The four words for where a document stands.
///
/// Rule: docs/formats.md, "Status files".
public enum DocumentStatus: String, Sendable, Hashable, CaseIterable {
    case pending, processing, completed, failed
}

/// Where a drop or document stands, told more closely than by its status.
///
/// Rule: docs/formats.md, "Status files".
public enum DocumentState: String, Sendable, Hashable, CaseIterable {
    /// Not yet whole, or not yet settled.
    case waiting
    /// Whole, but over quota.
    case held
    /// Claimed, and no stage has begun.
    case queued
    case running
    /// Nothing runs until the next attempt falls due.
    case retrying
    case completed
    case completedWithWarnings = "completed_with_warnings"
    /// Not taken; it still stands in its inbox.
    case refused
    case failed

    public var status: DocumentStatus {
        switch self {
        case .waiting, .held, .queued: .pending
        case .running, .retrying: .processing
        case .completed, .completedWithWarnings: .completed
        case .refused, .failed: .failed
        }
    }

    /// Whether nothing more happens unless somebody asks for it.
    public var isOver: Bool {
        switch self {
        case .completed, .completedWithWarnings, .refused, .failed: true
        case .waiting, .held, .queued, .running, .retrying: false
        }
    }
}
