import Rules
import Testing

@Suite struct JobTests {
    @Test(arguments: [
        (pdfJob(), [StageName.info]),
        (pdfJob(info: .processing(attempt: 1)), []),
        (pdfJob(info: .completed), [.text, .thumbnail]),
        (pdfJob(info: .completed, text: .processing(attempt: 1)), [.thumbnail]),
        (pdfJob(info: .completed, text: .completed, thumbnail: .processing(attempt: 1)), []),
        (pdfJob(info: .completed, text: .completed, thumbnail: .failed(slow)), [.publish]),
        (pdfJob(info: .failed(corrupt), text: .skipped, thumbnail: .skipped), [.publish]),
        (pdfJob(info: .retrying(attempt: 1, until: later, after: slow)), []),
        (pdfJob(info: .retrying(attempt: 1, until: now, after: slow)), [.info]),
    ])
    func `a stage begins when the required ones before it are over`(
        job: Job, due: [StageName]
    ) {
        #expect(job.dueStages(at: now) == due)
    }

    @Test(arguments: [
        (pdfJob(), Job.alreadyDue),
        (pdfJob(info: .retrying(attempt: 1, until: later, after: slow)), later),
        (
            pdfJob(
                info: .completed, text: .retrying(attempt: 1, until: later, after: slow),
                thumbnail: .retrying(attempt: 0, until: now, after: nil)), now
        ),
        (pdfJob(info: .processing(attempt: 1)), nil),
        (
            pdfJob(info: .completed, text: .skipped, thumbnail: .completed, publish: .completed),
            nil
        ),
    ])
    func `the next due time is the earliest of the stages that may begin`(
        job: Job, due: Timestamp?
    ) {
        #expect(job.nextDue == due)
    }

    @Test(arguments: [
        (pdfJob(), [StageName]()),
        (pdfJob(info: .failed(corrupt)), [.text, .thumbnail]),
        (
            pdfJob(
                info: .failed(corrupt), text: .processing(attempt: 1),
                thumbnail: .retrying(attempt: 1, until: later, after: slow)), [.thumbnail]
        ),
        (pdfJob(info: .completed, text: .failed(slow)), []),
    ])
    func `a required failure makes what has not begun needless, but never publishing`(
        job: Job, needless: [StageName]
    ) {
        #expect(job.needlessStages == needless)
    }

    @Test(arguments: [
        (pdfJob(), [StageName]()),
        (pdfJob(info: .completed, text: .failed(slow), thumbnail: .completed), []),
        (
            pdfJob(
                info: .failed(corrupt), text: .skipped, thumbnail: .skipped, publish: .completed),
            [.info, .text, .thumbnail, .publish]
        ),
        (
            pdfJob(
                info: .completed, text: .failed(slow), thumbnail: .completed, publish: .completed),
            [.text, .publish]
        ),
    ])
    func `only a job that is over runs again, and only where it failed`(
        job: Job, again: [StageName]
    ) {
        #expect(job.stagesToRunAgain == again)
    }
}
