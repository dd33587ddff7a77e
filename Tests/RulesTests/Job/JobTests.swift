import Rules
import Testing

@Suite struct JobTests {
    @Test(arguments: [
        (JobFixture.pdf(), [StageName.info]),
        (JobFixture.pdf(info: .processing(attempt: 1)), []),
        (JobFixture.pdf(info: .completed), [.text, .thumbnail]),
        (JobFixture.pdf(info: .completed, text: .processing(attempt: 1)), [.thumbnail]),
        (
            JobFixture.pdf(info: .completed, text: .completed, thumbnail: .processing(attempt: 1)),
            []
        ),
        (
            JobFixture.pdf(info: .completed, text: .completed, thumbnail: .failed(JobFixture.slow)),
            [.publish]
        ),
        (
            JobFixture.pdf(info: .failed(JobFixture.corrupt), text: .skipped, thumbnail: .skipped),
            [.publish]
        ),
        (
            JobFixture.pdf(
                info: .retrying(attempt: 1, until: JobFixture.later, after: JobFixture.slow)), []
        ),
        (
            JobFixture.pdf(
                info: .retrying(attempt: 1, until: JobFixture.now, after: JobFixture.slow)), [.info]
        ),
    ])
    func `a stage begins when the required ones before it are over`(
        job: Job, due: [StageName]
    ) {
        #expect(job.dueStages(at: JobFixture.now) == due)
    }

    @Test(arguments: [
        (JobFixture.pdf(), Job.alreadyDue),
        (
            JobFixture.pdf(
                info: .retrying(attempt: 1, until: JobFixture.later, after: JobFixture.slow)),
            JobFixture.later
        ),
        (
            JobFixture.pdf(
                info: .completed,
                text: .retrying(attempt: 1, until: JobFixture.later, after: JobFixture.slow),
                thumbnail: .retrying(attempt: 0, until: JobFixture.now, after: nil)), JobFixture.now
        ),
        (JobFixture.pdf(info: .processing(attempt: 1)), nil),
        (
            JobFixture.pdf(
                info: .completed, text: .skipped, thumbnail: .completed, publish: .completed),
            nil
        ),
    ])
    func `the next due time is the earliest of the stages that may begin`(
        job: Job, due: Timestamp?
    ) {
        #expect(job.nextDue == due)
    }

    @Test(arguments: [
        (JobFixture.pdf(), [StageName]()),
        (JobFixture.pdf(info: .failed(JobFixture.corrupt)), [.text, .thumbnail]),
        (
            JobFixture.pdf(
                info: .failed(JobFixture.corrupt), text: .processing(attempt: 1),
                thumbnail: .retrying(attempt: 1, until: JobFixture.later, after: JobFixture.slow)),
            [.thumbnail]
        ),
        (JobFixture.pdf(info: .completed, text: .failed(JobFixture.slow)), []),
    ])
    func `a required failure makes what has not begun needless, but never publishing`(
        job: Job, needless: [StageName]
    ) {
        #expect(job.needlessStages == needless)
    }

    @Test(arguments: [
        (JobFixture.pdf(), [StageName]()),
        (
            JobFixture.pdf(info: .completed, text: .failed(JobFixture.slow), thumbnail: .completed),
            []
        ),
        (
            JobFixture.pdf(
                info: .failed(JobFixture.corrupt), text: .skipped, thumbnail: .skipped,
                publish: .completed),
            [.info, .text, .thumbnail, .publish]
        ),
        (
            JobFixture.pdf(
                info: .completed, text: .failed(JobFixture.slow), thumbnail: .completed,
                publish: .completed),
            [.text, .publish]
        ),
    ])
    func `only a job that is over runs again, and only where it failed`(
        job: Job, again: [StageName]
    ) {
        #expect(job.stagesToRunAgain == again)
    }
}
