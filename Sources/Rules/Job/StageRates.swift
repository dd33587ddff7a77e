/// How long stages take, learnt from those that came to a good end.
///
/// A rate is seconds per unit of ``DocumentExtent``, weighted exponentially: the last eight runs of a
/// stage count most. There is one for each stage, and no more is kept.
/// Rule: docs/design.md, "Progress".
public struct StageRates: Sendable, Hashable {
    /// What a run adds to its stage's rate, and how far off a single one may pull it at most.
    private static let share = 1.0 / 8
    private static let pull = 8.0
    /// No rate falls below so much of the one that was begun with: stages that cost nothing would
    /// leave nothing to weigh the others against.
    private static let least = 1.0 / 1000

    private var learnt: [StageName: Double] = [:]

    public init() {}

    /// The seconds that a stage is expected to take.
    public func seconds(of stage: StageName, over extent: DocumentExtent) -> Double {
        rate(of: stage) * extent.units(of: stage)
    }

    /// A stage came to a good end and left nothing out.
    public mutating func learn(
        _ stage: StageName, over extent: DocumentExtent, took seconds: Double
    ) {
        let units = extent.units(of: stage)
        guard units > 0, seconds.isFinite, seconds >= 0 else { return }
        let rate = rate(of: stage)
        let told = min(seconds / units, rate * Self.pull)
        learnt[stage] = max(
            Self.first(stage) * Self.least, rate + (told - rate) * Self.share)
    }

    private func rate(of stage: StageName) -> Double { learnt[stage] ?? Self.first(stage) }

    /// What the stages took where they were measured. Rule: docs/benchmarks.md, "Figures".
    private static func first(_ stage: StageName) -> Double {
        switch stage {
        case .store: 0
        case .info: 20e-6
        case .text: 500e-6
        case .thumbnail: 5e-3
        // Drawn by two workers side by side.
        case .pages: 2.5e-3
        // A table of a million rows has 73 MB and takes five seconds.
        case .tableImport: 70e-9
        case .qr: 500e-6
        case .publish: 1.3e-9
        }
    }
}
