import Rules
import Testing

@Suite struct PageRangesTests {
    private func ranges(_ last: Int, workers: Int = 2) -> PageRanges {
        PageRanges(upTo: last, soft: .seconds(60), hard: .seconds(120), workers: workers)
    }

    private func take(_ ranges: inout PageRanges, at now: Duration) throws -> PageRange {
        let range = ranges.take(at: now)
        return try #require(range)
    }

    /// What is drawn is durable at once.
    private func finish(
        _ ranges: inout PageRanges, _ range: PageRange, end: Int, stop: PageRanges.Stop? = nil,
        at now: Duration
    ) {
        ranges.drew(range, end: end, stop: stop, at: now)
        ranges.kept(range)
    }

    @Test(arguments: [1, 7, 32, 1000], [1, 2, 5])
    func `each page is handed out once, in order`(last: Int, workers: Int) throws {
        var ranges = ranges(last, workers: workers)
        var inHand: [PageRange] = []
        var pages: [Int] = []
        var now = Duration.zero
        while ranges.hasLeft || !inHand.isEmpty {
            while inHand.count < workers, let range = ranges.take(at: now) {
                pages += range.pages
                inHand.append(range)
            }
            now += .milliseconds(40)
            let range = inHand.removeFirst()
            #expect(!ranges.isOver)
            finish(&ranges, range, end: range.pages.upperBound + 1, at: now)
        }
        #expect(pages == Array(1...last))
        #expect(ranges.isOver)
        #expect(ranges.stop == nil)
    }

    @Test func `nothing is to be drawn of no pages`() {
        #expect(ranges(0).isOver)
    }

    @Test func `a range is as long as its pages are slow`() throws {
        // A quarter of a second; before anything is known, eight.
        for (milliseconds, size) in [(0, 8), (1, 64), (4, 62), (100, 2), (5000, 1)] {
            var ranges = ranges(10_000)
            let first = try take(&ranges, at: .zero)
            let now = Duration.milliseconds(milliseconds * first.pages.count)
            finish(&ranges, first, end: first.pages.upperBound + 1, at: now)
            let second = try take(&ranges, at: now)
            #expect(second.pages.count == size)
        }
    }

    @Test func `towards the end ranges are short, so that all end together`() {
        var ranges = ranges(40)
        var sizes: [Int] = []
        while let range = ranges.take(at: .zero) {
            sizes.append(range.pages.count)
            finish(&ranges, range, end: range.pages.upperBound + 1, at: .zero)
        }
        #expect(sizes == sizes.sorted(by: >))
        #expect(sizes.last == 1)
    }

    @Test func `time runs only while somebody draws`() throws {
        var ranges = ranges(1000)
        let first = try take(&ranges, at: .seconds(10))
        let second = try take(&ranges, at: .seconds(15))
        #expect(second.softLeft == .seconds(55))
        #expect(second.hardLeft == .seconds(115))
        finish(&ranges, first, end: first.pages.upperBound + 1, at: .seconds(20))
        finish(&ranges, second, end: second.pages.upperBound + 1, at: .seconds(30))
        #expect(ranges.timeSpent(at: .seconds(1000)) == .seconds(20))
        let third = try take(&ranges, at: .seconds(1000))
        #expect(third.softLeft == .seconds(40))
    }

    @Test func `to wait for the disk is not to draw`() throws {
        var ranges = ranges(10_000)
        let first = try take(&ranges, at: .zero)
        ranges.drew(first, end: first.pages.upperBound + 1, at: .milliseconds(8))
        #expect(ranges.timeSpent(at: .seconds(500)) == .milliseconds(8))
        // Pages are as quick as they were drawn, however long the disk took.
        let second = try take(&ranges, at: .seconds(500))
        #expect(second.pages.count == 64)
        #expect(second.softLeft == .seconds(60) - .milliseconds(8))
        ranges.kept(first)
        ranges.drew(second, end: second.pages.upperBound + 1, at: .seconds(501))
        ranges.kept(second)
        #expect(ranges.timeSpent(at: .seconds(900)) == .milliseconds(1008))
    }

    @Test func `the stage is over once all that was drawn is durable`() throws {
        var ranges = ranges(2, workers: 1)
        let first = try take(&ranges, at: .zero)
        ranges.drew(first, end: first.pages.upperBound + 1, at: .seconds(1))
        let second = try take(&ranges, at: .seconds(1))
        ranges.drew(second, end: second.pages.upperBound + 1, at: .seconds(2))
        #expect(!ranges.hasLeft)
        #expect(!ranges.isOver)
        ranges.kept(second)
        #expect(!ranges.isOver)
        ranges.kept(first, stop: .failed(JobFixture.corrupt))
        #expect(ranges.isOver)
        #expect(ranges.stop == .failed(JobFixture.corrupt))
    }

    @Test func `past the soft deadline no page is handed out`() throws {
        var ranges = ranges(1000)
        let range = try take(&ranges, at: .zero)
        let late = ranges.take(at: .seconds(60))
        #expect(late == nil)
        #expect(ranges.stop == .timeOver)
        #expect(!ranges.isOver)
        finish(&ranges, range, end: range.pages.lowerBound, at: .seconds(61))
        #expect(ranges.isOver)
    }

    @Test func `a range that was not drawn to its end is the last`() throws {
        var ranges = ranges(1000)
        let range = try take(&ranges, at: .zero)
        finish(&ranges, range, end: range.pages.upperBound, at: .seconds(1))
        #expect(ranges.stop == .timeOver)
    }

    @Test func `a failure counts for more than that time is over, and the first one counts`()
        throws
    {
        var ranges = ranges(1000)
        let all = (0..<3).compactMap { _ in ranges.take(at: .zero) }
        finish(&ranges, all[0], end: all[0].pages.lowerBound, at: .zero)
        finish(&ranges, all[1], end: 1, stop: .failed(JobFixture.slow), at: .zero)
        finish(&ranges, all[2], end: 1, stop: .failed(JobFixture.corrupt), at: .zero)
        #expect(ranges.stop == .failed(JobFixture.slow))
        #expect(ranges.isOver)
    }

    private static let crash = Failure(.workerCrashed, message: "m", detail: "d")

    @Test(arguments: [
        PageRanges.Stop.interrupted(until: Timestamp(milliseconds: 1)),
        .failed(Failure(.storeFull, message: "m", detail: "d")),
        .failed(Failure(.internalError, message: "m", detail: "d")),
    ])
    func `that a worker was taken down is not forgotten over what waiting mends`(
        other: PageRanges.Stop
    ) {
        for reasons in [[other, .failed(Self.crash)], [.failed(Self.crash), other]] {
            var ranges = ranges(10)
            reasons.forEach { ranges.stop($0) }
            #expect(ranges.stop == .failed(Self.crash))
        }
    }

    @Test func `of what waiting mends the first reason counts`() {
        let interrupted = PageRanges.Stop.interrupted(until: Timestamp(milliseconds: 1))
        let full = PageRanges.Stop.failed(Failure(.storeFull, message: "m", detail: "d"))
        for (first, second) in [(interrupted, full), (full, interrupted)] {
            var ranges = ranges(10)
            ranges.stop(.timeOver)
            ranges.stop(first)
            ranges.stop(second)
            ranges.stop(.timeOver)
            #expect(ranges.stop == first)
        }
    }
}
