import Rules
import Testing

@Suite struct StageStateTests {
    private static let now = JobFixture.now

    @Test(arguments: [
        (StageState.pending, false),
        (.retrying(attempt: 1, until: now, after: JobFixture.slow), true),
        (.retrying(attempt: 1, until: now, after: JobFixture.corrupt), false),
        // Interrupted for the first time: nobody's fault.
        (.retrying(attempt: 0, until: now, after: nil), false),
        // Interrupted in a later attempt: an earlier one may have taken its worker down.
        (.retrying(attempt: 1, until: now, after: nil), true),
        (.processing(attempt: 2), false),
        (.completed, false),
    ])
    func `an attempt is alone where one before it may have taken its worker down`(
        state: StageState, isAlone: Bool
    ) {
        #expect(state.mustBeAlone == isAlone)
    }

    @Test func `our own interruption of a second attempt leaves it to be made alone`() throws {
        let retries = RetrySchedule()
        var state = try StageState.pending.following(.started, retries: retries)
        let crash = Failure(.workerCrashed, message: "", detail: "")
        state = try state.following(.failed(crash, at: Self.now, jitter: 0), retries: retries)
        state = try state.following(.started, retries: retries)
        state = try state.following(.interrupted(at: Self.now), retries: retries)
        #expect(state.mustBeAlone)
        state = try state.following(.started, retries: retries)
        state = try state.following(.failed(crash, at: Self.now, jitter: 0), retries: retries)
        #expect(state == .failed(crash))
    }
}
