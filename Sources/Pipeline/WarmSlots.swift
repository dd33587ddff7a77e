/// The free slots whose worker may wait for another document of its account, each with the time since
/// which it does: one that rests long enough is let go, however busy the others are.
struct WarmSlots {
    typealias Instant = ContinuousClock.Instant

    /// How long a worker is kept for more of the same account.
    private let lingering: Duration
    private var freeSince: [Int: Instant] = [:]

    init(lingering: Duration) { self.lingering = lingering }

    /// A slot's worker has done with its document.
    mutating func giveBack(_ slot: Int, at now: Instant) { freeSince[slot] = now }

    /// A slot works again.
    mutating func take(_ slot: Int) { freeSince[slot] = nil }

    /// Hands out the slots whose worker has waited long enough, in order.
    mutating func takeRested(at now: Instant) -> [Int] {
        let rested = freeSince.filter { now - $0.value >= lingering }.keys.sorted()
        for slot in rested { freeSince[slot] = nil }
        return rested
    }

    /// How long until the next one has; nil where none waits.
    func timeToNext(at now: Instant) -> Duration? {
        freeSince.values.min().map { max(.milliseconds(1), lingering - (now - $0)) }
    }
}
