import Rules
import Testing

@Suite struct DocumentStandingTests {
    @Test(arguments: [
        (JobFixture.pdf(), DocumentState.queued),
        (JobFixture.pdf(info: .processing(attempt: 1)), .running),
        (JobFixture.pdf(info: .completed), .running),
        (
            JobFixture.pdf(
                info: .retrying(attempt: 1, until: JobFixture.later, after: JobFixture.slow)),
            .retrying
        ),
        (
            JobFixture.pdf(
                info: .completed,
                text: .retrying(attempt: 1, until: JobFixture.later, after: JobFixture.slow),
                thumbnail: .processing(attempt: 1)), .running
        ),
        (
            JobFixture.pdf(info: .failed(JobFixture.corrupt), text: .skipped, thumbnail: .skipped),
            .running
        ),
        (
            JobFixture.pdf(
                info: .failed(JobFixture.corrupt), text: .skipped, thumbnail: .skipped,
                publish: .completed),
            .failed
        ),
        (
            JobFixture.pdf(
                info: .completed, text: .completed, thumbnail: .completed,
                publish: .failed(JobFixture.slow)),
            .failed
        ),
        (
            JobFixture.pdf(
                info: .completed, text: .completed, thumbnail: .completed, publish: .completed),
            .completed
        ),
        (
            JobFixture.pdf(
                info: .completed, text: .failed(JobFixture.slow), thumbnail: .completed,
                publish: .completed),
            .completedWithWarnings
        ),
    ])
    func `a document stands where its stages stand`(job: Job, state: DocumentState) {
        #expect(job.standing(hasWarnings: false).state == state)
    }

    @Test func `a warning alone makes a completed document one with warnings`() {
        let job = JobFixture.pdf(
            info: .completed, text: .completed, thumbnail: .completed, publish: .completed)
        #expect(job.standing(hasWarnings: true).state == .completedWithWarnings)
        #expect(job.standing(hasWarnings: true).status == .completed)
    }

    @Test func `a required failure is told before the setback of another stage`() {
        let job = JobFixture.pdf(
            info: .failed(JobFixture.corrupt),
            text: .retrying(attempt: 2, until: JobFixture.later, after: JobFixture.slow))
        let standing = job.standing(hasWarnings: false)
        #expect(standing.failure == StageFailure(stage: .info, failure: JobFixture.corrupt))
        #expect(standing.attempt == 2)
        #expect(standing.nextAttemptAt == JobFixture.later)
    }

    @Test func `an optional failure is a warning and no failure`() {
        let standing = JobFixture.pdf(info: .completed, text: .failed(JobFixture.slow)).standing(
            hasWarnings: false)
        #expect(standing.failure == nil)
        #expect(standing.optionalFailures == [StageFailure(stage: .text, failure: JobFixture.slow)])
    }

    @Test(arguments: DocumentState.allCases)
    func `a state is over exactly when its status is final`(state: DocumentState) {
        let isFinal = state.status == .completed || state.status == .failed
        #expect(state.isOver == isFinal)
    }
}
