/// How long a poll waits for the next one.
///
/// Rule: docs/design.md, "Polls".
public struct PollPace: Sendable, Hashable {
    /// A mount is looked through for a tenth of the time at most.
    static let restFactor = 10

    /// The wait on a mount that answers at once.
    public var interval: Duration
    /// The longest wait, however slow the mount.
    public var longest: Duration

    public init(interval: Duration, longest: Duration) {
        self.interval = interval
        self.longest = longest
    }

    /// The wait after a poll that took so long.
    public func wait(after taken: Duration) -> Duration {
        max(interval, min(taken * Self.restFactor, longest))
    }
}
