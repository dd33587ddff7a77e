/// A document as it is about to be told.
public struct JobTelling: Sendable, Hashable {
    public var document: DocumentID
    public var job: Job
    public var standing: DocumentStanding
    /// The seconds that stages took whose end is known.
    public var took: [StageName: Double]
    /// What is known of stages that run; of those that are missing, what was last told is told again.
    public var live: [StageName: LiveProgress]
    public var extent: DocumentExtent

    public init(
        document: DocumentID, job: Job, standing: DocumentStanding, took: [StageName: Double],
        live: [StageName: LiveProgress], extent: DocumentExtent
    ) {
        self.document = document
        self.job = job
        self.standing = standing
        self.took = took
        self.live = live
        self.extent = extent
    }
}

/// What a status file says of how far a document has come.
public struct JobFigures: Sendable, Hashable {
    /// 0…99 while anything is left to do, 100 once nothing is.
    public var percent: Int
    /// Whole seconds, rounded up; nil while nothing runs and where nobody knows.
    public var etaSeconds: Int?
    /// Of the stages that run.
    public var live: [StageName: LiveProgress]

    public init(percent: Int, etaSeconds: Int?, live: [StageName: LiveProgress]) {
        self.percent = percent
        self.etaSeconds = etaSeconds
        self.live = live
    }

    /// Those of a document that is over.
    public static let over = JobFigures(percent: 100, etaSeconds: nil, live: [:])
}

/// What was told last of each document in hand, so that no figure goes back within an attempt: whoever
/// tells of a document asks here, at the moment of writing.
///
/// Reads no clock. Nothing of it outlasts the process: after a restart figures begin anew at what is
/// recorded. Rule: docs/design.md, "Progress".
public struct ProgressBook: Sendable, Hashable {
    /// Documents of which a stage runs are as few as workers and publications. The others, which wait
    /// for their next stage or attempt, are forgotten when all are more than this: their figures then
    /// begin anew.
    public static let documentLimit = 4096

    /// What was told of one document.
    private struct Told: Sendable, Hashable {
        var attempt: Int
        var percent = 0
        var live: [StageName: LiveProgress] = [:]
        var isRunning = false
    }

    public private(set) var rates = StageRates()
    private var told: [DocumentID: Told] = [:]

    public init() {}

    /// How many documents are remembered.
    public var count: Int { told.count }

    /// A stage came to a good end and left nothing out.
    public mutating func learn(
        _ stage: StageName, over extent: DocumentExtent, took seconds: Double
    ) {
        rates.learn(stage, over: extent, took: seconds)
    }

    /// The figures to be written now.
    public mutating func figures(for telling: JobTelling) -> JobFigures {
        switch telling.standing.state {
        case .waiting, .held, .refused, .queued:
            forget(telling.document)
            return JobFigures(percent: 0, etaSeconds: nil, live: [:])
        case .completed, .completedWithWarnings, .failed:
            // Remembered until ``forget(_:)``: it may yet turn out that this could not be written.
            return .over
        case .running, .retrying:
            return figures(forUnfinished: telling)
        }
    }

    /// The document is over, and that was told.
    public mutating func forget(_ document: DocumentID) { told[document] = nil }

    private mutating func figures(forUnfinished telling: JobTelling) -> JobFigures {
        var last = told[telling.document] ?? Told(attempt: telling.standing.attempt)
        if last.attempt != telling.standing.attempt {
            last = Told(attempt: telling.standing.attempt)
        }
        last.live = telling.live.merging(last.live) { new, _ in new }
            .filter { telling.job.isRunning($0.key) }
        let forecast = JobForecast(
            telling.job, took: telling.took, live: last.live, extent: telling.extent, rates: rates)
        last.percent = max(last.percent, min(99, Int(forecast.share * 100)))
        last.isRunning = telling.job.stages.contains { telling.job.isRunning($0.name) }
        makeRoom(for: telling.document)
        told[telling.document] = last
        return JobFigures(
            percent: last.percent, etaSeconds: forecast.secondsLeft.map(Self.wholeSeconds),
            live: last.live)
    }

    private mutating func makeRoom(for document: DocumentID) {
        guard told.count >= Self.documentLimit, told[document] == nil else { return }
        told = told.filter(\.value.isRunning)
    }

    /// Nothing runs for a thousand years.
    private static func wholeSeconds(_ seconds: Double) -> Int {
        Int(min(3e10, max(0, seconds)).rounded(.up))
    }
}

extension Job {
    /// Whether a stage of the name is being worked on.
    fileprivate func isRunning(_ name: StageName) -> Bool {
        stages.contains { stage in
            if case .processing = stage.state { return stage.name == name }
            return false
        }
    }
}
