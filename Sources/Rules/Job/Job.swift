/// One stage as a job sees it.
public struct JobStage: Sendable, Hashable {
    public var name: StageName
    public var isRequired: Bool
    public var state: StageState

    public init(name: StageName, isRequired: Bool, state: StageState) {
        self.name = name
        self.isRequired = isRequired
        self.state = state
    }
}

/// The run of a document's stages: what may begin, what has become needless, where it all stands.
///
/// Reads no clock, touches no disk. Rule: docs/design.md, "Jobs".
public struct Job: Sendable, Hashable {
    /// In the order of their positions.
    public var stages: [JobStage]

    public init(stages: [JobStage]) { self.stages = stages }

    /// Whether a required stage failed for good.
    public var isDoomed: Bool {
        stages.contains { stage in
            if case .failed = stage.state { return stage.isRequired }
            return false
        }
    }

    /// The stages that may begin at `now`, in order.
    public func dueStages(at now: Timestamp) -> [StageName] {
        stages.indices.filter { index in
            readiness(of: index).map { $0 <= now } ?? false
        }.map { stages[$0].name }
    }

    /// When the next stage may begin: ``alreadyDue`` for one that waits for nothing, nil for none.
    public var nextDue: Timestamp? { stages.indices.compactMap { readiness(of: $0) }.min() }

    /// Earlier than any clock: a stage that has not been tried waits for no time.
    public static let alreadyDue = Timestamp(milliseconds: 0)

    /// The stages that need not run any more because a required one failed.
    ///
    /// Publishing is never needless: a document that failed is shown too.
    public var needlessStages: [StageName] {
        guard isDoomed else { return [] }
        return stages.filter { stage in
            switch stage.state {
            case .pending, .retrying: stage.name != .publish
            case .processing, .completed, .failed, .skipped: false
            }
        }.map(\.name)
    }

    /// The stages that go back to pending when the same content is dropped again.
    ///
    /// What failed is tried again, and with it what was skipped on its account; publishing always,
    /// so that missing sidecars come back. A job that is not over goes on as it is.
    public var stagesToRunAgain: [StageName] {
        guard stages.allSatisfy(\.state.isOver) else { return [] }
        return stages.filter { stage in
            switch stage.state {
            case .failed, .skipped: true
            case .completed: stage.name == .publish
            case .pending, .processing, .retrying: false
            }
        }.map(\.name)
    }

    /// When a stage may begin; nil while it runs, is over, or waits for another.
    ///
    /// A stage waits for the required ones before it; publishing waits for all before it, since
    /// a results folder appears whole.
    private func readiness(of index: Int) -> Timestamp? {
        let earlier = stages[..<index]
        let waitsForAll = stages[index].name == .publish
        guard earlier.allSatisfy({ $0.state.isOver || !(waitsForAll || $0.isRequired) }) else {
            return nil
        }
        switch stages[index].state {
        case .pending: return Self.alreadyDue
        case .retrying(_, let until, _): return until
        case .processing, .completed, .failed, .skipped: return nil
        }
    }
}
