/// How many workers there are, what they run and as whom.
///
/// Rule: etc/ingestd.yaml, `workers`.
public struct WorkerSettings: Sendable, Hashable {
    public static let countRange = 1...64

    /// Worker slots, in ``countRange``; nil is one for each processor.
    public var count: Int?
    /// The worker program's absolute path; nil is the one installed with the daemon.
    public var program: String?
    /// The user a daemon with the right to change identity runs workers as; nil is the first of ``standardUsers``
    /// that the system knows. A daemon without that right runs them as itself.
    public var user: String?
    /// Whether the daemon refuses to start on a kernel without Landlock, rather than to warn.
    public var requiresLandlock: Bool
    /// What each stage may take; stages without an entry have their ``StageAllowance/standard(for:)``.
    public var allowances: [StageName: StageAllowance]

    public static let standardUsers = ["ingestd-worker", "nobody"]

    public init(
        count: Int? = nil, program: String? = nil, user: String? = nil,
        requiresLandlock: Bool = false,
        allowances: [StageName: StageAllowance] = [:]
    ) {
        self.count = count
        self.program = program
        self.user = user
        self.requiresLandlock = requiresLandlock
        self.allowances = allowances
    }

    /// What a stage may take; nil for stages that run in no worker.
    public func allowance(for stage: StageName) -> StageAllowance? {
        allowances[stage] ?? StageAllowance.standard(for: stage)
    }

    /// The number of slots on a machine with so many processors.
    public func slotCount(processors: Int) -> Int {
        min(max(count ?? processors, Self.countRange.lowerBound), Self.countRange.upperBound)
    }
}
