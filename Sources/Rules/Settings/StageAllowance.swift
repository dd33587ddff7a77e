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

    /// What its results may amount to. The text of a PDF ends with the page before, and so do the pictures of
    /// its pages; all else fails.
    public var output: ByteCount
    /// How many pages a PDF may have for it; nil where pages do not matter. `info` refuses the document; `text`
    /// reads so many, `pages` draws so many.
    public var pages: Int?

    public static let pagesRange = 1...1_000_000

    public init(
        soft: Duration, hard: Duration, memory: ByteCount, output: ByteCount, pages: Int? = nil
    ) {
        self.soft = soft
        self.hard = hard
        self.memory = memory
        self.output = output
        self.pages = pages
    }

    /// What each stage that runs in a worker may take by default.
    public static func standard(for stage: StageName) -> StageAllowance? {
        switch stage {
        case .info:
            StageAllowance(
                soft: .seconds(60), hard: .seconds(120), memory: .mebibytes(1024),
                output: .mebibytes(16), pages: 20_000)
        case .text:
            StageAllowance(
                soft: .seconds(60), hard: .seconds(120), memory: .mebibytes(1024),
                output: .mebibytes(64), pages: 20_000)
        case .thumbnail:
            StageAllowance(
                soft: .seconds(60), hard: .seconds(120), memory: .mebibytes(1024),
                output: .mebibytes(16))
        case .pages:
            StageAllowance(
                soft: .seconds(60), hard: .seconds(120), memory: .mebibytes(1024),
                output: .mebibytes(1024), pages: 20_000)
        case .tableImport:
            StageAllowance(
                soft: .seconds(1740), hard: .seconds(1800), memory: .mebibytes(256),
                output: .mebibytes(2048))
        case .store, .qr, .publish:
            nil
        }
    }
}
