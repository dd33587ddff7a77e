/// Finds the directory that an inbox's path leads to.
public struct InboxWalk: Sendable {
    private let path: String
    private let threads: OwnerThreads

    public init(_ path: String, threads: OwnerThreads) {
        self.path = path
        self.threads = threads
    }

    /// What stands there now; opens it.
    public func findings() async -> InboxFindings {
        do {
            return InboxFindings(roots: [try await InboxRoot.open(path, threads: threads)])
        } catch let error as InboxError {
            return InboxFindings(refusals: [(path, error)])
        } catch {
            preconditionFailure("opening an inbox fails for the inbox's reasons: \(error)")
        }
    }
}

/// What a walk found.
public struct InboxFindings: Sendable {
    public var roots: [InboxRoot]
    /// What is missing, unreadable, or may not be served.
    public var refusals: [(path: String, error: InboxError)]
    /// Where changes may bring other findings.
    public var passages: [InboxPassage]

    public init(
        roots: [InboxRoot] = [], refusals: [(path: String, error: InboxError)] = [],
        passages: [InboxPassage] = []
    ) {
        self.roots = roots
        self.refusals = refusals
        self.passages = passages
    }
}

/// A directory above an inbox.
public struct InboxPassage: Sendable {
    public let path: String
}
