import Catalog
import Publish
import Rules

/// What of a running stage is known only to the thread that works on it.
struct LiveProgress: Sendable, Hashable {
    /// In the stage's own unit; `total` is zero where it is not known yet.
    var done: Int
    var total: Int
    /// Since the stage began.
    var elapsed: Duration

    var fraction: Double { total > 0 ? min(1, Double(done) / Double(total)) : 0 }

    /// From the rate so far; nil before enough is done to tell.
    var secondsLeft: Int? {
        guard done > 0, total > done else { return nil }
        return Int((elapsed.inSeconds * Double(total - done) / Double(done)).rounded(.up))
    }
}

/// Puts a document as the catalogue has it into the words of a status file.
struct DocumentView {
    let record: DocumentRecord
    let account: Account
    let retries: RetrySchedule
    /// Of the stages that run: any number of them side by side.
    var live: [StageName: LiveProgress] = [:]
    /// 0–100; never goes back within an attempt.
    var percent: Int

    var status: StatusDocument {
        let standing = record.standing
        let failure = standing.failure
        var status = StatusDocument(
            fileName: record.fileName, collection: record.path.parent, account: account,
            size: record.size, state: standing.state,
            message: message(standing),
            maxAttempts: retries.attemptLimit(after: failure?.failure))
        status.documentID = record.id
        status.kind = record.kind
        status.digest = record.digest
        status.progress = standing.state.isOver ? 100 : percent
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
        status.stages = record.stages.map(stage)
        status.etaSeconds = live.values.compactMap(\.secondsLeft).max()
        status.admittedBy = record.proof
        status.result = record.result.map(JSONValue.rendered) ?? .null
        return status
    }

    private func stage(_ stage: StageRecord) -> StatusDocument.Stage {
        let progress: Int
        switch stage.state {
        case .completed: progress = 100
        case .processing: progress = Int((live[stage.plan.name]?.fraction ?? 0) * 100)
        case .pending, .retrying, .failed, .skipped: progress = 0
        }
        return StatusDocument.Stage(
            name: stage.plan.name, state: stage.state, progress: progress, attempt: stage.attempt,
            startedAt: stage.startedAt, completedAt: stage.completedAt, seconds: stage.seconds)
    }

    private func message(_ standing: DocumentStanding) -> String {
        switch standing.state {
        case .waiting, .held, .refused:
            preconditionFailure("a claimed document is past \(standing.state.rawValue)")
        case .queued:
            return "Waiting for its turn."
        case .running:
            return runningMessage
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
    private var runningMessage: String {
        let running = record.stages.filter { stage in
            if case .processing = stage.state { return true }
            return false
        }.map(\.plan.name)
        let counted = running.first { (live[$0]?.total ?? 0) > 0 }
        guard let name = counted ?? running.first else { return "Working." }
        guard let progress = live[name], progress.total > 0 else { return "\(name.deed)." }
        switch name {
        case .info, .text, .thumbnail, .pages:
            return "\(name.deed): page \(progress.done) of \(progress.total)"
        case .tableImport:
            return "\(name.deed): \(Int(progress.fraction * 100)) %"
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
        case .publish: "Writing the results"
        }
    }
}
