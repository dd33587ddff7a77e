import Catalog
import Rules
import Testing

/// A small generator whose sequence a seed decides.
private struct Chance: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

@Suite struct RandomWalkTests {
    let fixture: CatalogFixture
    let limit = QuotaLimit(bytes: ByteCount(400), files: 30)
    var catalog: Catalog { fixture.catalog }

    init() throws { fixture = try CatalogFixture() }

    @Test func `whatever happens in whatever order, the catalogue agrees with itself`()
        async throws
    {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed \(seed)")
        var chance = Chance(state: seed)
        for _ in 0..<400 {
            fixture.wait(.seconds(Int.random(in: 0...200, using: &chance)))
            switch Int.random(in: 0..<10, using: &chance) {
            case 0..<4: try await claim(&chance)
            case 4..<9: try await advance(&chance)
            default:
                _ = try await catalog.interruptRunning(
                    now: fixture.now, retries: RetrySchedule())
            }
            for account in [alice, bob] {
                let usage = try await catalog.usage(of: account.uid)
                let held = usage.used + usage.reserved
                #expect(held.bytes <= ByteCount(400) && held.files <= 30, "seed \(seed)")
            }
        }
        let unreferenced = try await catalog.findings().filter {
            if case .blobUnreferenced = $0 { return false }
            return true
        }
        #expect(unreferenced == [], "seed \(seed)")
        #expect(try await catalog.counts().values.reduce(0, +) > 5, "seed \(seed)")
    }

    /// Reserves, and mostly commits; some claims end without a word.
    private func claim(_ chance: inout Chance) async throws {
        let drop = try fixture.drop(
            "\(Int.random(in: 0..<6, using: &chance)).pdf",
            content: "\(Int.random(in: 0..<8, using: &chance))",
            account: Bool.random(using: &chance) ? alice : bob)
        let decision = try await catalog.reserve(
            drop.id, account: drop.account, size: drop.size, limit: limit, now: fixture.now)
        guard decision == .granted else { return }
        switch Int.random(in: 0..<8, using: &chance) {
        case 0: return
        case 1: try await catalog.cancelReservation(drop.id)
        default:
            _ = try await catalog.commitClaim(drop, stages: pdfPlan, now: fixture.now)
            try await catalog.removalDone(drop.id)
        }
        if Int.random(in: 0..<4, using: &chance) == 0 {
            _ = try await catalog.expireReservations(now: fixture.now)
        }
    }

    /// Starts what is due, or ends what runs in one of the ways in which a stage can end.
    private func advance(_ chance: inout Chance) async throws {
        let running = try await catalog.documents(inbox: inbox, limit: 1000).compactMap {
            document in
            document.stages.first { $0.state.kindIsProcessing }.map { (document.id, $0) }
        }
        if let (id, stage) = running.randomElement(using: &chance), Bool.random(using: &chance) {
            let events: [StageEvent] = [
                .finished, .finished, .interrupted(at: fixture.now),
                .failed(corrupt, at: fixture.now, jitter: 0.5),
                .failed(slow, at: fixture.now, jitter: 0.5),
            ]
            let event = try #require(events.randomElement(using: &chance))
            let state = try stage.state.following(event, retries: RetrySchedule())
            try await fixture.set(
                stage.plan.name, of: id, to: state,
                output: state == .completed ? StageOutput(result: "{}") : nil)
            return
        }
        let inHand = Set(running.map(\.0))
        let next = try await catalog.nextDocument(
            excluding: inHand, in: served, now: fixture.now)
        guard let next, let due = next.dueStages.first else { return }
        let before = try #require(next.document.stage(due)?.state)
        let state = try before.following(.started, retries: RetrySchedule())
        try await fixture.set(due, of: next.document.id, to: state)
    }
}

extension StageState {
    fileprivate var kindIsProcessing: Bool {
        if case .processing = self { return true }
        return false
    }
}
