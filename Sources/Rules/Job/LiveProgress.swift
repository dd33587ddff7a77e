/// What of a running stage is known only to the thread that works on it.
public struct LiveProgress: Sendable, Hashable {
    /// In the stage's own unit; `total` is zero where it is not known yet.
    public var done: Int
    public var total: Int
    /// Since the stage began.
    public var elapsed: Duration
    /// The last sign of life of whoever works on it; nil before the first.
    public var heardAt: Timestamp?
    /// Whether nobody works on it for a while, since others have their turn.
    public var isPaused = false

    public init(done: Int, total: Int, elapsed: Duration, heardAt: Timestamp?) {
        self.done = done
        self.total = total
        self.elapsed = elapsed
        self.heardAt = heardAt
    }

    /// A stage that begins now, and has said nothing yet.
    public static let begun = LiveProgress(done: 0, total: 0, elapsed: .zero, heardAt: nil)

    /// 0…1; zero where nothing can be counted.
    public var fraction: Double {
        total > 0 ? min(1, max(0, Double(done) / Double(total))) : 0
    }
}

// An import reads its table first and then puts all rows into the database at once, which takes much
// longer: what it counts are thousandths of both.
extension LiveProgress {
    /// The part of an import in which its worker reads the table.
    private static let readingShare = 0.1

    /// What a worker says of a stage: pages, or bytes of a table.
    public static func told(
        of stage: StageName, done: Int, total: Int, elapsed: Duration, heardAt: Timestamp
    ) -> LiveProgress {
        var live = LiveProgress(done: done, total: total, elapsed: elapsed, heardAt: heardAt)
        if stage == .tableImport, total > 0 { live.count(live.fraction * readingShare) }
        return live
    }

    /// What the database says of rows on their way into it.
    public static func storing(
        _ done: Int, of total: Int, elapsed: Duration, heardAt: Timestamp
    ) -> LiveProgress {
        var live = LiveProgress(done: done, total: total, elapsed: elapsed, heardAt: heardAt)
        live.count(readingShare + live.fraction * (1 - readingShare))
        return live
    }

    private mutating func count(_ fraction: Double) {
        done = Int(fraction * 1000)
        total = 1000
    }
}
