import Rules
import Testing

@Suite struct JobProgressTests {
    @Test func `progress grows from the store to the last page and ends at one hundred`() {
        var progress = JobProgress()
        let steps: [(Job, [StageName: Double])] = [
            (pdfJob(), [:]),
            (pdfJob(info: .processing(attempt: 1)), [.info: 0.5]),
            (pdfJob(info: .completed, text: .processing(attempt: 1)), [.text: 0.25]),
            (pdfJob(info: .completed, text: .processing(attempt: 1)), [.text: 0.75]),
            (pdfJob(info: .completed, text: .completed), [:]),
            (pdfJob(info: .completed, text: .completed, thumbnail: .completed), [:]),
        ]
        let told = steps.map { progress.update($0.0, fractions: $0.1) }
        #expect(told == told.sorted() && Set(told).count == told.count)
        #expect(told.allSatisfy { (0...99).contains($0) })
        let done = pdfJob(
            info: .completed, text: .failed(slow), thumbnail: .completed, publish: .completed)
        #expect(progress.update(done, fractions: [:]) == 100)
    }

    @Test func `a stage that begins again takes nothing back`() {
        var progress = JobProgress()
        let running = pdfJob(info: .completed, text: .processing(attempt: 1))
        let before = progress.update(running, fractions: [.text: 0.9])
        let waiting = pdfJob(
            info: .completed, text: .retrying(attempt: 1, until: later, after: slow))
        #expect(progress.update(waiting, fractions: [:]) == before)
    }

    @Test(arguments: [-3.0, 7.0])
    func `a fraction out of range counts as none or all`(fraction: Double) {
        var progress = JobProgress()
        let job = pdfJob(info: .completed, text: .processing(attempt: 1))
        #expect((0...99).contains(progress.update(job, fractions: [.text: fraction])))
    }
}
