/// What a worker may take for one stage before it is stopped.
///
/// Rule: etc/ingestd.yaml, `stages`.
public struct StageAllowance: Sendable, Hashable {
    /// After this the worker stops by itself and keeps what is done.
    public var soft: Duration
    /// After this the worker is killed; always past ``soft``.
    public var hard: Duration
    /// Address space beyond what the worker's own program takes.
    public var memory: ByteCount

    public init(soft: Duration, hard: Duration, memory: ByteCount) {
        self.soft = soft
        self.hard = hard
        self.memory = memory
    }

    /// What each stage that runs in a worker may take by default.
    public static func standard(for stage: StageName) -> StageAllowance? {
        switch stage {
        case .info, .text, .thumbnail:
            StageAllowance(soft: .seconds(60), hard: .seconds(120), memory: .mebibytes(1024))
        case .tableImport:
            StageAllowance(soft: .seconds(1740), hard: .seconds(1800), memory: .mebibytes(256))
        case .store, .publish:
            nil
        }
    }
}
