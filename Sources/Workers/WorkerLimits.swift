import Rules
import WorkerProtocol

/// What a worker may take for one stage before it is stopped.
///
/// Rule: docs/design.md, "Workers".
public struct WorkerLimits: Sendable, Hashable {
    /// After this the worker stops by itself and keeps what is done.
    public var softDeadline: Duration
    /// After this the worker is killed; the daemon's own time with the replies is not counted.
    public var hardDeadline: Duration
    /// Address space that the worker allows itself.
    public var memory: ByteCount
    /// The bytes of all artifacts and rows together.
    public var outputLimit: ByteCount
    /// The first bytes of the worker's standard error, which are kept for the journal.
    public var logLimit: ByteCount
    /// What is left of the hard deadline where a stage is asked for in parts; nil for all of it.
    public var timeLeft: Duration?

    public init(
        softDeadline: Duration, hardDeadline: Duration, memory: ByteCount, outputLimit: ByteCount,
        logLimit: ByteCount = Self.standardLogLimit, timeLeft: Duration? = nil
    ) {
        precondition(softDeadline <= hardDeadline, "a worker stops before it is stopped")
        self.softDeadline = softDeadline
        self.hardDeadline = hardDeadline
        self.memory = memory
        self.outputLimit = outputLimit
        self.logLimit = logLimit
        self.timeLeft = timeLeft
    }

    /// Some twenty lines: enough to say what broke, too little to fill a disk.
    public static let standardLogLimit = ByteCount(Int64(8 << 10))

    /// How many hard deadlines the processor time of one process amounts to: four stages of the
    /// document in hand, each within its deadline, and one share for the documents before it.
    static let cpuShares: Int64 = 5

    /// The processor seconds that one process may use; a backstop behind the deadlines.
    private var cpuSeconds: Int64 {
        Self.cpuShares * max(1, (hardDeadline.wholeMilliseconds + 999) / 1000)
    }

    /// The soft deadline in whole seconds, at least one.
    private var softSeconds: Int64 { max(1, softDeadline.wholeMilliseconds / 1000) }

    /// What a child is told; two stages for which that is equal may share a process.
    var ofChild: ChildLimits {
        ChildLimits(memory: memory, cpuSeconds: Int(cpuSeconds), softSeconds: Int(softSeconds))
    }
}

extension WorkerLimits {
    /// Those of a worker that is started only to see whether it can be.
    public static let rehearsal = WorkerLimits(
        softDeadline: .seconds(5), hardDeadline: .seconds(10), memory: .mebibytes(256),
        outputLimit: .zero)
}
