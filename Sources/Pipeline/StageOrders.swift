import Rules
import WorkerProtocol
import Workers

/// What a worker is asked and allowed for one stage.
struct StageOrders {
    /// What a worker's text may amount to beyond the text that it is allowed, at which it ends by itself.
    private static let textSlack = ByteCount.mebibytes(8)

    let request: StageRequest
    let limits: WorkerLimits

    /// What decides a result is taken from the stage's plan, by which the result is kept: the inbox's
    /// settings may have changed since, and a request may have asked for something else.
    ///
    /// - Parameters:
    ///   - inbox: what was decided for the document's inbox.
    ///   - kind: what the document was taken for.
    init(settings: DaemonSettings, inbox: InboxSettings, stage: PlannedStage, kind: DropKind) {
        guard let allowance = settings.workers.allowance(for: stage.name) else {
            preconditionFailure("a stage that runs in a worker has an allowance")
        }
        var outputLimit = allowance.output
        let pageLimit = allowance.pages ?? StageAllowance.pagesRange.upperBound
        switch stage.name {
        case .info:
            request = .info(pageLimit: pageLimit)
        case .text:
            request = .text(pageLimit: pageLimit, byteLimit: Int(allowance.output.bytes))
            outputLimit = outputLimit + Self.textSlack
        case .thumbnail:
            request = .thumbnail(
                ThumbnailSettings(parameters: stage.parameters) ?? inbox.thumbnail)
        case .tableImport:
            request = .tableImport(
                TableRequest(
                    choice: SchemaChoice(parameters: stage.parameters) ?? inbox.schema,
                    schemas: settings.schemas,
                    fallbackEncoding: inbox.fallbackEncoding, allowance: inbox.errorAllowance,
                    isWorkbook: kind.isWorkbook, sheet: inbox.sheet))
        case .pages:
            preconditionFailure("pages are asked for range by range")
        case .store, .qr, .publish:
            preconditionFailure("\(stage.name.rawValue) runs in no worker")
        }
        limits = WorkerLimits(
            softDeadline: allowance.soft, hardDeadline: allowance.hard, memory: allowance.memory,
            outputLimit: outputLimit)
    }

    /// The same for a range of a document's pages.
    init(settings: DaemonSettings, range: PageRange, pages: PageSettings) {
        guard let allowance = settings.workers.allowance(for: .pages) else {
            preconditionFailure("a stage that runs in a worker has an allowance")
        }
        request = .pages(
            PageRequest(
                first: range.pages.lowerBound, last: range.pages.upperBound, settings: pages,
                softMilliseconds: Int(max(1, range.softLeft.wholeMilliseconds))))
        limits = WorkerLimits(
            softDeadline: allowance.soft, hardDeadline: allowance.hard, memory: allowance.memory,
            outputLimit: allowance.output, timeLeft: range.hardLeft)
    }
}
