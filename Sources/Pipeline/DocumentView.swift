import Catalog
import Publish
import Rules

/// Puts a document as the catalogue has it into the words of a status file.
struct DocumentView {
    let record: DocumentRecord
    let account: Account
    let retries: RetrySchedule
    /// Of the stages that run, any number of them side by side; of one that is missing what was told
    /// last is told again.
    var live: [StageName: LiveProgress] = [:]

    /// What the book of all documents in hand is to be asked, at the moment of writing.
    var telling: JobTelling {
        let took = record.stages.compactMap { stage in stage.seconds.map { (stage.plan.name, $0) } }
        return JobTelling(
            document: record.id, job: record.job, standing: record.standing,
            took: Dictionary(took, uniquingKeysWith: { first, _ in first }), live: live,
            extent: record.extent)
    }

    /// - Parameter figures: how far it has come, and how long it will be.
    func status(_ figures: JobFigures) -> StatusDocument {
        let standing = record.standing
        let failure = standing.failure
        var status = StatusDocument(
            fileName: record.fileName, collection: record.path.parent, account: account,
            size: record.size, state: standing.state,
            message: message(standing, figures.live),
            maxAttempts: retries.attemptLimit(after: failure?.failure))
        status.documentID = record.id
        status.kind = record.kind
        status.digest = record.digest
        status.progress = figures.percent
        status.receivedAt = record.receivedAt
        status.startedAt = record.startedAt
        status.completedAt = record.completedAt
        status.attempt = standing.attempt
        status.nextAttemptAt = standing.nextAttemptAt
        status.error = failure?.failure
        status.errorStage = failure?.stage
        status.warnings =
            record.warnings
            + standing.optionalFailures.map { "\($0.stage.rawValue): \($0.failure.message)" }
            + [record.requestWarning].compactMap { $0 }
        status.stages = record.stages.map { stage($0, figures.live[$0.plan.name]) }
        status.etaSeconds = figures.etaSeconds
        status.admittedBy = record.proof
        status.result = record.result.map(JSONValue.rendered) ?? .null
        return status
    }

    private func stage(
        _ stage: StageRecord, _ live: LiveProgress?
    ) -> StatusDocument.Stage {
        let progress: Int
        switch stage.state {
        case .completed: progress = 100
        case .processing: progress = Int((live?.fraction ?? 0) * 100)
        case .pending, .retrying, .failed, .skipped: progress = 0
        }
        return StatusDocument.Stage(
            name: stage.plan.name, state: stage.state, progress: progress, attempt: stage.attempt,
            startedAt: stage.startedAt, completedAt: stage.completedAt, seconds: stage.seconds,
            heartbeatAt: live?.heardAt)
    }

    private func message(
        _ standing: DocumentStanding, _ live: [StageName: LiveProgress]
    ) -> String {
        switch standing.state {
        case .waiting, .held, .refused:
            preconditionFailure("a claimed document is past \(standing.state.rawValue)")
        case .queued:
            return "Waiting for its turn."
        case .running:
            return runningMessage(live)
        case .retrying:
            guard let failure = standing.failure else { return "Waiting to go on." }
            return "Will be tried again: \(failure.failure.message)"
        case .completed:
            return "Done."
        case .completedWithWarnings:
            return "Done, with warnings."
        case .failed:
            return standing.failure?.failure.message ?? "Failed."
        }
    }

    /// Of stages side by side the first is named that counts what it has done, else the first.
    private func runningMessage(_ live: [StageName: LiveProgress]) -> String {
        let running = record.stages.filter { stage in
            if case .processing = stage.state { return true }
            return false
        }.map(\.plan.name)
        let counted = running.first { (live[$0]?.total ?? 0) > 0 }
        guard let name = counted ?? running.first else { return "Working." }
        guard let progress = live[name], progress.total > 0 else { return "\(name.deed)." }
        guard !progress.isPaused else {
            return "Waiting for its turn, after page \(progress.done) of \(progress.total)."
        }
        switch name {
        case .info, .text, .thumbnail, .pages:
            return "\(name.deed): page \(progress.done) of \(progress.total)"
        case .tableImport:
            return "\(name.deed): \(Int(progress.fraction * 100)) %"
        case .qr:
            return "\(name.deed): \(progress.done) of \(progress.total)"
        case .store, .publish:
            return "\(name.deed)."
        }
    }
}

extension StageName {
    /// What is being done, for people.
    fileprivate var deed: String {
        switch self {
        case .store: "Storing"
        case .info: "Reading the document's information"
        case .text: "Extracting text"
        case .thumbnail: "Drawing the thumbnail"
        case .pages: "Drawing all pages"
        case .tableImport: "Importing rows"
        case .qr: "Drawing QR codes"
        case .publish: "Writing the results"
        }
    }
}

extension DocumentRecord {
    /// How much there is to do over it, as far as its stages have told.
    var extent: DocumentExtent {
        let pages = StageResults.pageCount(in: stage(.info)?.result)
        return DocumentExtent(
            size: size, pages: pages,
            pictures: stage(.pages).map { Self.pictures(of: $0, in: pages) }
                ?? StageResults.codeCount(in: stage(.qr)?.result) ?? 0)
    }

    /// How many pictures of pages are to be published: until they are drawn, one of each page.
    private static func pictures(of stage: StageRecord, in pages: Int?) -> Int {
        StageResults.pictureCount(in: stage.result) ?? (stage.state.isOver ? 0 : pages ?? 0)
    }
}
