import Rules
import Testing

@testable import Pipeline

/// What becomes of the last stage where something stands in its way.
@Suite struct PublicationTests {
    private static let now = Timestamp(milliseconds: 1000)

    private func state(after error: any Error) throws -> StageState {
        try StageState.processing(attempt: 1).following(
            Publication.event(after: error, at: Self.now, jitter: 0), retries: RetrySchedule())
    }

    @Test func `a stop in the midst spends no attempt, and is nobody's failure`() throws {
        #expect(
            try state(after: CancellationError())
                == .retrying(attempt: 0, until: Self.now, after: nil))
    }

    @Test(arguments: [ErrorCode.storeFull, .internalError, .outputTooLarge])
    func `what stands in the way is waited out, whatever it is`(code: ErrorCode) throws {
        let failure = Failure(code, message: "m", detail: "d")
        guard case .retrying(_, _, let reason) = try state(after: failure) else {
            Issue.record("it is given up")
            return
        }
        #expect(reason?.retryable == true)
    }
}
