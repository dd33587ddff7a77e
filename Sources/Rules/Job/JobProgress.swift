/// How far a document has come, in whole percent.
///
/// Rule: docs/design.md, "Progress".
public struct JobProgress: Sendable, Hashable {
    /// The last figure that was told; the next is never below it.
    public private(set) var percent = 0

    public init() {}

    /// Takes the stages and how much of each running one is done, and returns the new figure.
    ///
    /// - Parameters:
    ///   - fractions: 0…1 for the stages that run; a stage without one counts as just begun.
    /// - Returns: 0…99 while anything is left to do, 100 once nothing is.
    public mutating func update(_ job: Job, fractions: [StageName: Double]) -> Int {
        guard !job.stages.isEmpty, !job.stages.allSatisfy(\.state.isOver) else {
            percent = 100
            return percent
        }
        var done = 0.0
        var whole = 0.0
        for stage in job.stages {
            let weight = stage.name.shareOfWork
            whole += weight
            switch stage.state {
            case .completed, .failed, .skipped: done += weight
            case .processing: done += weight * min(1, max(0, fractions[stage.name] ?? 0))
            case .pending, .retrying: break
            }
        }
        percent = max(percent, min(99, Int(done / whole * 100)))
        return percent
    }
}

extension StageName {
    /// How much of a document's time the stage takes, beside the others; only proportions count.
    var shareOfWork: Double {
        switch self {
        case .store: 1
        case .info: 4
        case .text: 60
        case .thumbnail: 25
        case .pages: 500
        case .tableImport: 85
        case .publish: 10
        }
    }

    /// Whether a stage makes the same of the same bytes, whatever the document's name and place.
    ///
    /// Such a stage's artifacts are made once per account and blob; an import's depend on the
    /// collection and on the rows that are there already.
    public var dependsOnContentAlone: Bool {
        switch self {
        case .info, .text, .thumbnail, .pages: true
        case .store, .tableImport, .publish: false
        }
    }
}
