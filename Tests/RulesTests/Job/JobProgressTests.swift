import Rules
import Testing

@Suite struct JobProgressTests {
    @Test func `progress grows from the store to the last page and ends at one hundred`() {
        var progress = JobProgress()
        let steps: [(Job, [StageName: Double])] = [
            (JobFixture.pdf(), [:]),
            (JobFixture.pdf(info: .processing(attempt: 1)), [.info: 0.5]),
            (JobFixture.pdf(info: .completed, text: .processing(attempt: 1)), [.text: 0.25]),
            (JobFixture.pdf(info: .completed, text: .processing(attempt: 1)), [.text: 0.75]),
            (JobFixture.pdf(info: .completed, text: .completed), [:]),
            (JobFixture.pdf(info: .completed, text: .completed, thumbnail: .completed), [:]),
        ]
        let told = steps.map { progress.update($0.0, fractions: $0.1) }
        #expect(told == told.sorted() && Set(told).count == told.count)
        #expect(told.allSatisfy { (0...99).contains($0) })
        let done = JobFixture.pdf(
            info: .completed, text: .failed(JobFixture.slow), thumbnail: .completed,
            publish: .completed)
        #expect(progress.update(done, fractions: [:]) == 100)
    }

    @Test func `a stage that begins again takes nothing back`() {
        var progress = JobProgress()
        let running = JobFixture.pdf(info: .completed, text: .processing(attempt: 1))
        let before = progress.update(running, fractions: [.text: 0.9])
        let waiting = JobFixture.pdf(
            info: .completed,
            text: .retrying(attempt: 1, until: JobFixture.later, after: JobFixture.slow))
        #expect(progress.update(waiting, fractions: [:]) == before)
    }

    @Test(arguments: [-3.0, 7.0])
    func `a fraction out of range counts as none or all`(fraction: Double) {
        var progress = JobProgress()
        let job = JobFixture.pdf(info: .completed, text: .processing(attempt: 1))
        #expect((0...99).contains(progress.update(job, fractions: [.text: fraction])))
    }
}
