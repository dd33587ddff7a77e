import Catalog
import Rules
import Store

/// How a stage ended that is not on record yet, since its files are still on their way to the disk.
struct EndedStage: Sendable {
    /// The state that it was in, and is in again where a file is lost.
    let before: StageState
    let change: StageChange
    let files: [LaneWork<Blob>]

    /// Whether it may be recorded without waiting.
    var isKept: Bool { files.allSatisfy(\.isDone) }

    /// Whether a file is known not to be durable.
    var isLost: Bool { files.contains(where: \.hasFailed) }
}
