import Catalog
import Rules

/// Says how a stage of a document ended.
struct StageJournal {
    let document: DocumentRecord
    let account: Account

    /// The line for a stage that is in this state now; nil where nothing ended.
    func ended(_ stage: StageName, _ state: StageState, seconds: Double) -> JournalLine? {
        var fields: [JournalField: String] = [
            .document: "\(document.id)", .account: "\(account)", .stage: stage.rawValue,
            .seconds: Self.shortened(seconds),
        ]
        switch state {
        case .completed:
            return JournalLine(.stageCompleted, fields)
        case .failed(let failure):
            fields[.code] = failure.code.rawValue
            fields[.detail] = failure.detail
            return JournalLine(.stageFailed, fields)
        case .retrying(let attempt, let until, let failure):
            guard let failure else { return nil }
            fields[.attempt] = "\(attempt)"
            fields[.code] = failure.code.rawValue
            fields[.detail] = failure.detail
            fields[.reason] = "again at \(until)"
            return JournalLine(.stageRetrying, fields)
        case .pending, .processing, .skipped:
            return nil
        }
    }

    static func shortened(_ seconds: Double) -> String {
        JSONValue.decimal(max(0, seconds)).compact
    }
}
