import Rules
import Testing

@Suite struct DocumentStandingTests {
    @Test(arguments: [
        (pdfJob(), DocumentState.queued),
        (pdfJob(info: .processing(attempt: 1)), .running),
        (pdfJob(info: .completed), .running),
        (pdfJob(info: .retrying(attempt: 1, until: later, after: slow)), .retrying),
        (
            pdfJob(
                info: .completed, text: .retrying(attempt: 1, until: later, after: slow),
                thumbnail: .processing(attempt: 1)), .running
        ),
        (pdfJob(info: .failed(corrupt), text: .skipped, thumbnail: .skipped), .running),
        (
            pdfJob(
                info: .failed(corrupt), text: .skipped, thumbnail: .skipped, publish: .completed),
            .failed
        ),
        (
            pdfJob(
                info: .completed, text: .completed, thumbnail: .completed, publish: .failed(slow)),
            .failed
        ),
        (
            pdfJob(
                info: .completed, text: .completed, thumbnail: .completed, publish: .completed),
            .completed
        ),
        (
            pdfJob(
                info: .completed, text: .failed(slow), thumbnail: .completed, publish: .completed),
            .completedWithWarnings
        ),
    ])
    func `a document stands where its stages stand`(job: Job, state: DocumentState) {
        #expect(job.standing(hasWarnings: false).state == state)
    }

    @Test func `a warning alone makes a completed document one with warnings`() {
        let job = pdfJob(
            info: .completed, text: .completed, thumbnail: .completed, publish: .completed)
        #expect(job.standing(hasWarnings: true).state == .completedWithWarnings)
        #expect(job.standing(hasWarnings: true).status == .completed)
    }

    @Test func `a required failure is told before the setback of another stage`() {
        let job = pdfJob(
            info: .failed(corrupt), text: .retrying(attempt: 2, until: later, after: slow))
        let standing = job.standing(hasWarnings: false)
        #expect(standing.failure == StageFailure(stage: .info, failure: corrupt))
        #expect(standing.attempt == 2)
        #expect(standing.nextAttemptAt == later)
    }

    @Test func `an optional failure is a warning and no failure`() {
        let standing = pdfJob(info: .completed, text: .failed(slow)).standing(hasWarnings: false)
        #expect(standing.failure == nil)
        #expect(standing.optionalFailures == [StageFailure(stage: .text, failure: slow)])
    }

    @Test(arguments: DocumentState.allCases)
    func `a state is over exactly when its status is final`(state: DocumentState) {
        let isFinal = state.status == .completed || state.status == .failed
        #expect(state.isOver == isFinal)
    }
}
