/// Whose turn it is: accounts are served in a ring, and who has had more than the others waits for them.
///
/// What a document may cost is charged to its account when a worker takes it, and what it costs more
/// while it runs; at its end the account has been charged for the time it really took. Only who owes
/// nothing has a turn. Where all who wait owe something, the one who owes least has it, and so much
/// is forgiven to all: the deficit of a round, without going round.
///
/// Reads no clock: moments are durations since any beginning. Nothing of it outlasts the process.
/// Rule: docs/design.md, "Turns".
public struct AccountTurns: Sendable, Hashable {
    private struct Running: Sendable, Hashable {
        let account: UInt32
        let began: Duration
        var charged: Duration
    }

    /// The account that had the last turn; nil at the start.
    public private(set) var lastServed: UInt32?
    /// Only of those who owe something.
    private var debts: [UInt32: Duration] = [:]
    /// By the worker's number.
    private var running: [Int: Running] = [:]

    public init() {}

    /// Whether an account has had more than its share.
    public func isInDebt(_ account: UInt32) -> Bool { debts[account] != nil }

    /// Who owes something, the least first; of equals whoever comes first after the last served.
    public var debtors: [UInt32] {
        let last = lastServed.map(Int64.init) ?? -1
        func place(_ account: UInt32) -> Int64 {
            Int64(account) > last ? Int64(account) : Int64(account) + 1 << 32
        }
        return debts.sorted { ($0.value, place($0.key)) < ($1.value, place($1.key)) }.map(\.key)
    }

    /// What an account has had beyond its share.
    public func debt(of account: UInt32) -> Duration { debts[account] ?? .zero }

    /// An account has its turn: this worker takes a document of it, which may cost so much.
    public mutating func begin(
        in worker: Int, of account: UInt32, mayTake cost: Duration, at now: Duration
    ) {
        if let least = debts[account] { forgive(least) }
        lastServed = account
        running[worker] = Running(account: account, began: now, charged: cost)
        debts[account, default: .zero] += cost
    }

    /// A further worker helps with a document of an account: that is no turn, but costs as much.
    public mutating func help(in worker: Int, of account: UInt32, at now: Duration) {
        running[worker] = Running(account: account, began: now, charged: .zero)
    }

    /// Charges what is running for the time that it has taken beyond what it was charged.
    public mutating func charge(at now: Duration) {
        for (worker, one) in running where now - one.began > one.charged {
            debts[one.account, default: .zero] += now - one.began - one.charged
            running[worker]?.charged = now - one.began
        }
    }

    /// A worker has done with a document: its account has paid for what it took, and no more.
    public mutating func end(in worker: Int, at now: Duration) {
        guard let one = running.removeValue(forKey: worker) else { return }
        let rest = (debts[one.account] ?? .zero) + (now - one.began - one.charged)
        debts[one.account] = rest > .zero ? rest : nil
    }

    /// Nobody waits: whoever comes next is served at once, whatever was before.
    public mutating func forgiveAll() { debts = [:] }

    private mutating func forgive(_ amount: Duration) {
        debts = debts.compactMapValues { $0 > amount ? $0 - amount : nil }
    }
}
