/// What of a job's time lies behind and what is still to come, by what is known now.
///
/// Rule: docs/design.md, "Progress".
public struct JobForecast: Sendable, Hashable {
    /// The seconds of all that is done.
    public private(set) var behind = 0.0
    /// The seconds of all that is still to be done, expected where it cannot be known.
    public private(set) var ahead = 0.0
    /// How long it will be until all is over; nil while nothing runs or something waits for its turn, and
    /// where what runs takes longer than anybody expected.
    public private(set) var secondsLeft: Double?

    /// Of the time that all takes, the part that lies behind: 0…1.
    public var share: Double { behind + ahead > 0 ? behind / (behind + ahead) : 0 }

    /// - Parameters:
    ///   - took: the seconds that stages took whose end is known; the others are taken for as long as
    ///     expected.
    ///   - live: what is known of the stages that run, which may be several.
    public init(
        _ job: Job, took: [StageName: Double], live: [StageName: LiveProgress],
        extent: DocumentExtent, rates: StageRates
    ) {
        let needless = Set(job.needlessStages)
        var rests: [Double?] = []
        var later = 0.0
        for stage in job.stages {
            let expected = rates.seconds(of: stage.name, over: extent)
            switch stage.state {
            case .completed, .failed: behind += took[stage.name] ?? expected
            case .skipped: break
            case .pending, .retrying: later += needless.contains(stage.name) ? 0 : expected
            case .processing:
                let running = Running(live[stage.name] ?? .begun, expected: expected)
                behind += running.behind
                ahead += running.whole - running.behind
                rests.append(running.rest)
            }
        }
        ahead += later
        // Stages side by side: the longest of them decides when the next may begin.
        let known = rests.compactMap(\.self)
        secondsLeft = known.count == rests.count ? known.max().map { $0 + later } : nil
    }

    /// A stage that runs.
    private struct Running {
        /// From so much on, and after so long, its own rate tells more than that of others.
        private static let enough = (fraction: 0.02, seconds: 0.2)

        /// The seconds that it takes in all, and those of what is done.
        let whole: Double
        let behind: Double
        /// Nil where nobody knows.
        let rest: Double?

        init(_ live: LiveProgress, expected: Double) {
            let elapsed = max(0, live.elapsed.inSeconds)
            let fraction = live.fraction
            let isTelling = fraction >= Self.enough.fraction && elapsed >= Self.enough.seconds
            whole = isTelling ? elapsed / fraction : max(expected, elapsed)
            behind = whole * fraction
            if !live.isPaused, isTelling || elapsed < expected {
                rest = isTelling ? whole - behind : expected - elapsed
            } else {
                rest = nil
            }
        }
    }
}
