import Rules

/// A moment on a document's path at which a crash must lose nothing.
///
/// Rule: docs/design.md, "Invariants and the order of writes".
public enum Checkpoint: String, Sendable, Hashable, CaseIterable {
    /// S2: quota is reserved, nothing is copied.
    case reserved
    /// S2: some bytes lie in staging.
    case copying
    /// S3: the blob stands in the store, the catalogue does not know it.
    case stored
    /// S4: the catalogue has committed, the drop's name is still there.
    case committed
    /// S4: the drop's name is gone, the removal is still on record.
    case removed
    /// S5: an attempt is on record, its worker has not started.
    case stageStarted
    /// S5: the stage's artifacts stand in the store, the catalogue does not know them.
    case stageMade
    /// S5: an import's rows are committed, the catalogue does not know it.
    case rowsImported
    /// S5: the stage's end is on record.
    case stageFinished
    /// S6: the sidecars are published, the document is not completed.
    case published
    /// The document is completed.
    case completed
    /// A request is on record, its file is still there.
    case requestRecorded
    /// D1: a document is deleted, all its sidecars are there.
    case deleted
    /// D2: its sidecars are gone, the catalogue does not know it.
    case tidied
    /// D3: its imported rows are gone, the catalogue does not know it.
    case rowsRemoved
    /// D4: a deleted document is forgotten, its bytes are still there.
    case purged
    /// D4: its bytes are gone, that they are to go is still on record.
    case collected
}

/// What the pipeline takes from outside, so that tests can choose it.
public struct Surroundings: Sendable {
    /// The wall clock.
    public var now: @Sendable () -> Timestamp
    /// A number in 0..<1 to spread retries.
    public var jitter: @Sendable () -> Double
    /// Random bytes for names and ids.
    public var randomBytes: @Sendable (_ count: Int) -> [UInt8]
    public var journal: Journal
    /// Called at each checkpoint with the drop's path; tests end the process here.
    public var checkpoint: @Sendable (Checkpoint, BeneathPath) -> Void

    public init(
        now: @escaping @Sendable () -> Timestamp, jitter: @escaping @Sendable () -> Double,
        randomBytes: @escaping @Sendable (Int) -> [UInt8], journal: @escaping Journal,
        checkpoint: @escaping @Sendable (Checkpoint, BeneathPath) -> Void = { _, _ in }
    ) {
        self.now = now
        self.jitter = jitter
        self.randomBytes = randomBytes
        self.journal = journal
        self.checkpoint = checkpoint
    }
}
