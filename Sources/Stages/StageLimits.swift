import Glibc
import Rules

/// What one worker may spend on one stage, beside the limits that a request bears.
public struct StageLimits: Sendable {
    /// After this a stage ends by itself and keeps what it has.
    ///
    /// It lies well below the daemon's own deadline, at which the worker is killed.
    public var softDeadline: Duration
    /// The most that MuPDF may allocate for one document.
    public var memory: ByteCount
    /// The least time between two reports of progress: ten a second.
    public var progressInterval: Duration
    /// The least time between two signs of life while a page takes long: half of what the daemon shows.
    public var signInterval: Duration

    public init(
        softDeadline: Duration = .seconds(60), memory: ByteCount = .megabytes(512),
        progressInterval: Duration = .milliseconds(100),
        signInterval: Duration = .milliseconds(250)
    ) {
        self.softDeadline = softDeadline
        self.memory = memory
        self.progressInterval = progressInterval
        self.signInterval = signInterval
    }
}

/// Lets a report of progress through once in a while.
struct ProgressGate {
    private let interval: Duration
    private var stopwatch = Stopwatch()

    init(interval: Duration) { self.interval = interval }

    /// Whether enough time has passed since the last report that was let through.
    mutating func opens() -> Bool {
        guard stopwatch.elapsed >= interval else { return false }
        stopwatch = Stopwatch()
        return true
    }
}

/// Measures time from when it was made.
struct Stopwatch {
    private let start = Stopwatch.now

    var elapsed: Duration { Self.now - start }

    /// Time since the machine started.
    ///
    /// The standard clocks would draw in the concurrency runtime, whose start costs a worker more
    /// than a page of text.
    private static var now: Duration {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
