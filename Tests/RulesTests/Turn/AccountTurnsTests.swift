import Rules
import Testing

@Suite struct AccountTurnsTests {
    @Test func `who has had a turn waits for those who have not`() {
        var turns = AccountTurns()
        #expect(!turns.isInDebt(1))
        turns.begin(in: 0, of: 1, mayTake: .seconds(1), at: .zero)
        #expect(turns.isInDebt(1))
        #expect(turns.debtors == [1])
        #expect(turns.lastServed == 1)
    }

    @Test func `the least debt is forgiven to all when its account has the turn`() {
        var turns = AccountTurns()
        turns.begin(in: 0, of: 1, mayTake: .seconds(10), at: .zero)
        turns.begin(in: 1, of: 2, mayTake: .seconds(2), at: .zero)
        turns.begin(in: 2, of: 3, mayTake: .seconds(2), at: .zero)
        // Of equals, the first after the last served: 1 comes after 3, but owes more.
        #expect(turns.debtors == [2, 3, 1])
        turns.begin(in: 3, of: 2, mayTake: .seconds(1), at: .zero)
        #expect(!turns.isInDebt(3))
        #expect(turns.debtors == [2, 1])
    }

    @Test func `at its end a document has cost what it took`() {
        var turns = AccountTurns()
        turns.begin(in: 0, of: 1, mayTake: .seconds(10), at: .seconds(100))
        turns.begin(in: 1, of: 2, mayTake: .seconds(5), at: .seconds(100))
        #expect(turns.debtors == [2, 1])
        turns.end(in: 0, at: .seconds(101))
        #expect(turns.debtors == [1, 2])
        turns.end(in: 1, at: .seconds(100))
        #expect(!turns.isInDebt(2))
        turns.end(in: 1, at: .seconds(200))
        #expect(turns.debtors == [1])
    }

    @Test func `what runs for long is charged while it runs`() {
        var turns = AccountTurns()
        turns.begin(in: 0, of: 1, mayTake: .milliseconds(15), at: .zero)
        turns.begin(in: 1, of: 2, mayTake: .seconds(5), at: .zero)
        turns.charge(at: .seconds(4))
        #expect(turns.debtors == [1, 2])
        turns.charge(at: .seconds(60))
        // Both were over their estimate, and have taken the same.
        #expect(turns.debtors == [1, 2])
        turns.end(in: 1, at: .seconds(60))
        turns.charge(at: .seconds(61))
        #expect(turns.debtors == [2, 1])
    }

    @Test func `who helps is charged like who leads, and has no turn by it`() {
        var turns = AccountTurns()
        turns.begin(in: 0, of: 1, mayTake: .seconds(1), at: .zero)
        turns.begin(in: 1, of: 2, mayTake: .seconds(3), at: .zero)
        turns.help(in: 2, of: 1, at: .zero)
        #expect(turns.lastServed == 2)
        #expect(turns.debtors == [1, 2])
        turns.charge(at: .seconds(3))
        // Twice three seconds against three.
        #expect(turns.debtors == [2, 1])
        #expect(turns.debt(of: 1) == .seconds(6))
        turns.end(in: 2, at: .seconds(4))
        #expect(turns.debt(of: 1) == .seconds(7))
    }

    @Test func `where nobody waits nothing is owed any more`() {
        var turns = AccountTurns()
        turns.begin(in: 0, of: 1, mayTake: .seconds(10), at: .zero)
        turns.forgiveAll()
        #expect(!turns.isInDebt(1))
        #expect(turns.debtors.isEmpty)
    }

    @Test(arguments: [7, 1234, 99_999] as [UInt64])
    func `whatever they cost, no account gets ahead of another by more than one document`(
        seed: UInt64
    ) {
        var chance = seed
        func random(_ bound: UInt64) -> UInt64 {
            chance = chance &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (chance >> 33) % bound
        }
        var turns = AccountTurns()
        var had: [UInt32: Duration] = [1: .zero, 2: .zero, 3: .zero]
        let largest = 1000
        for number in 0..<5000 {
            let waiting: [UInt32] = [1, 2, 3]
            let turn = waiting.first { !turns.isInDebt($0) } ?? turns.debtors[0]
            let cost = Duration.milliseconds(1 + random(UInt64(largest)))
            turns.begin(in: number % 10, of: turn, mayTake: .milliseconds(20), at: .zero)
            turns.end(in: number % 10, at: cost)
            had[turn, default: .zero] += cost
            let spread = (had.values.max() ?? .zero) - (had.values.min() ?? .zero)
            #expect(spread <= .milliseconds(2 * largest), "seed \(seed), turn \(number)")
        }
    }
}
