import Rules
import WorkerProtocol
import Workers

/// What a worker is asked and allowed for one stage.
struct StageOrders {
    /// PDFs with more pages are refused. Rule: docs/formats.md, "Bounds".
    static let pageLimit = 20_000
    /// No more text than this is kept.
    static let textLimit = ByteCount.mebibytes(64)

    let request: StageRequest
    let limits: WorkerLimits

    /// What decides a result is taken from the stage's plan, by which the result is kept: the inbox's
    /// settings may have changed since, and a request may have asked for something else.
    ///
    /// - Parameter inbox: what was decided for the document's inbox.
    init(settings: DaemonSettings, inbox: InboxSettings, stage: PlannedStage) {
        switch stage.name {
        case .info:
            request = .info(pageLimit: Self.pageLimit)
        case .text:
            request = .text(pageLimit: Self.pageLimit, byteLimit: Int(Self.textLimit.bytes))
        case .thumbnail:
            request = .thumbnail(
                ThumbnailSettings(parameters: stage.parameters) ?? inbox.thumbnail)
        case .tableImport:
            request = .tableImport(
                TableRequest(
                    choice: SchemaChoice(parameters: stage.parameters) ?? inbox.schema,
                    schemas: settings.schemas,
                    fallbackEncoding: inbox.fallbackEncoding))
        case .store, .publish:
            preconditionFailure("\(stage.name.rawValue) runs in no worker")
        }
        limits = Self.limits(of: stage.name, settings.workers)
    }

    /// The limits of what begins with most documents.
    static func usualLimits(_ settings: WorkerSettings) -> WorkerLimits {
        limits(of: .info, settings)
    }

    private static func limits(of stage: StageName, _ settings: WorkerSettings) -> WorkerLimits {
        guard let allowance = settings.allowance(for: stage) else {
            preconditionFailure("a stage that runs in a worker has an allowance")
        }
        return WorkerLimits(
            softDeadline: allowance.soft, hardDeadline: allowance.hard, memory: allowance.memory,
            outputLimit: WorkerLimits.standardOutputLimit(for: stage))
    }
}
