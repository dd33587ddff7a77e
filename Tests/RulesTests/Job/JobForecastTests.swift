import Rules
import Testing

@Suite struct JobForecastTests {
    private static let extent = DocumentExtent(size: .megabytes(1), pages: 1000)

    private func forecast(
        _ job: Job, took: [StageName: Double] = [:], live: [StageName: LiveProgress] = [:]
    ) -> JobForecast {
        JobForecast(job, took: took, live: live, extent: Self.extent, rates: StageRates())
    }

    private func live(_ done: Int, of total: Int, seconds: Double) -> LiveProgress {
        LiveProgress(done: done, total: total, elapsed: .seconds(seconds), heardAt: nil)
    }

    private func expected(_ stage: StageName) -> Double {
        StageRates().seconds(of: stage, over: Self.extent)
    }

    private static let inText = JobFixture.pdf(info: .completed, text: .processing(attempt: 1))

    @Test func `stages are weighed by what they are expected to take`() {
        let begun = forecast(JobFixture.pdf(info: .processing(attempt: 1)))
        #expect(begun.share == 0)
        let afterInfo = forecast(Self.inText)
        let all = [StageName.info, .text, .thumbnail, .publish].map(expected).reduce(0, +)
        #expect(abs(afterInfo.share - expected(.info) / all) < 0.001)
        let half = forecast(Self.inText, live: [.text: live(500, of: 1000, seconds: 0.1)])
        #expect(abs(half.share - (expected(.info) + expected(.text) / 2) / all) < 0.001)
    }

    @Test func `what stages took counts once they are over`() {
        let slow = forecast(Self.inText, took: [.info: 10])
        #expect(slow.share > 0.9)
        #expect(forecast(Self.inText, took: [.info: 0.001]).share < 0.01)
    }

    @Test func `a stage that is not needed any more counts for nothing`() {
        let doomed = JobFixture.pdf(
            info: .failed(JobFixture.corrupt), publish: .processing(attempt: 1))
        #expect(forecast(doomed).secondsLeft.map { $0 <= expected(.publish) } == true)
    }

    @Test func `the rest is told by the document's own rate once enough of it is done`() throws {
        let slow = forecast(Self.inText, live: [.text: live(100, of: 1000, seconds: 10)])
        let left = try #require(slow.secondsLeft)
        #expect(abs(left - 90 - expected(.thumbnail) - expected(.publish)) < 0.01)
        let early = forecast(Self.inText, live: [.text: live(1, of: 1000, seconds: 0.01)])
        let guess = try #require(early.secondsLeft)
        #expect(guess < expected(.text) + expected(.thumbnail) + expected(.publish) + 0.001)
    }

    @Test func `of stages side by side the longest counts, and then what comes after`() throws {
        let both = JobFixture.pdf(
            info: .completed, text: .processing(attempt: 1), thumbnail: .processing(attempt: 1))
        let told = forecast(
            both,
            live: [
                .text: live(500, of: 1000, seconds: 20), .thumbnail: live(1, of: 10, seconds: 1),
            ])
        #expect(abs(try #require(told.secondsLeft) - 20 - expected(.publish)) < 0.01)
    }

    @Test func `nobody knows how long it takes where nothing runs, or longer than it should`() {
        #expect(forecast(JobFixture.pdf()).secondsLeft == nil)
        let waiting = JobFixture.pdf(
            info: .completed,
            text: .retrying(attempt: 1, until: JobFixture.later, after: JobFixture.slow))
        #expect(forecast(waiting).secondsLeft == nil)
        #expect(
            forecast(Self.inText, live: [.text: live(0, of: 0, seconds: 1e6)]).secondsLeft == nil)
    }

    @Test(arguments: [(-3, 10), (30, 10), (1, 0), (Int.max, 1), (Int.min, Int.max)])
    func `counts out of range harm no figure`(done: Int, total: Int) {
        let told = forecast(Self.inText, live: [.text: live(done, of: total, seconds: 1)])
        #expect((0...1).contains(told.share))
        #expect(told.secondsLeft.map { $0 >= 0 && $0.isFinite } ?? true)
    }
}
