import Rules
import TestSupport
import Testing

@Suite struct ProgressBookTests {
    private static let extent = DocumentExtent(size: .megabytes(1), pages: 1000)
    private static let inText = JobFixture.pdf(info: .completed, text: .processing(attempt: 1))
    private static let waiting = JobFixture.pdf(
        info: .completed,
        text: .retrying(attempt: 1, until: JobFixture.later, after: JobFixture.slow))

    private static func id(_ number: Int = 1) -> DocumentID {
        DocumentID(
            at: JobFixture.now,
            random: (0..<10).map {
                UInt8(truncatingIfNeeded: $0 < 5 ? 0 : number >> (8 * ($0 - 5)))
            })
    }

    private static func telling(
        _ job: Job, live: [StageName: LiveProgress] = [:], attempt: Int? = nil,
        of document: DocumentID = id()
    ) -> JobTelling {
        var standing = job.standing(hasWarnings: false)
        standing.attempt = attempt ?? standing.attempt
        return JobTelling(
            document: document, job: job, standing: standing, took: [:], live: live, extent: extent)
    }

    private static func pages(_ done: Int, seconds: Double = 0.01) -> [StageName: LiveProgress] {
        [
            .text: LiveProgress(
                done: done, total: 1000, elapsed: .seconds(seconds), heardAt: JobFixture.now)
        ]
    }

    @Test func `progress grows from the first stage to the last and ends at one hundred`() {
        var book = ProgressBook()
        let steps: [JobTelling] = [
            Self.telling(JobFixture.pdf(info: .processing(attempt: 1))),
            Self.telling(Self.inText, live: Self.pages(250)),
            Self.telling(Self.inText, live: Self.pages(750)),
            Self.telling(JobFixture.pdf(info: .completed, text: .completed)),
            Self.telling(
                JobFixture.pdf(
                    info: .completed, text: .completed, thumbnail: .completed,
                    publish: .processing(attempt: 1))),
        ]
        let told = steps.map { book.figures(for: $0).percent }
        #expect(told == told.sorted() && Set(told).count >= 4)
        #expect(told.allSatisfy { (0...99).contains($0) })
        let done = JobFixture.pdf(
            info: .completed, text: .failed(JobFixture.slow), thumbnail: .completed,
            publish: .completed)
        #expect(book.figures(for: Self.telling(done)) == .over)
    }

    @Test func `whoever tells of a running document, nothing goes back within an attempt`() {
        var book = ProgressBook()
        let before = book.figures(for: Self.telling(Self.inText, live: Self.pages(900)))
        #expect(before.percent > 50 && before.etaSeconds != nil)
        // Read anew from the catalogue, by somebody who knows nothing of its pages.
        #expect(book.figures(for: Self.telling(Self.inText)) == before)
        let retrying = book.figures(for: Self.telling(Self.waiting))
        #expect(retrying.percent == before.percent)
        #expect(retrying.etaSeconds == nil && retrying.live.isEmpty)
        // Interrupted by ourselves: the attempt is the same.
        let again = book.figures(for: Self.telling(Self.inText, live: [.text: .begun]))
        #expect(again.percent == before.percent && again.live == [.text: .begun])
    }

    @Test func `weights that change do not take progress back`() {
        var book = ProgressBook()
        let half = book.figures(for: Self.telling(Self.inText, live: Self.pages(500)))
        // The rest turns out to be far slower than expected.
        for _ in 0..<50 { book.learn(.publish, over: Self.extent, took: 100) }
        let later = book.figures(for: Self.telling(Self.inText, live: Self.pages(600)))
        #expect(later.percent >= half.percent)
        #expect(later.etaSeconds.map { $0 > 50 } == true)
    }

    @Test func `a new attempt begins anew`() {
        var book = ProgressBook()
        _ = book.figures(for: Self.telling(Self.inText, live: Self.pages(900)))
        let second = JobFixture.pdf(info: .completed, text: .processing(attempt: 2))
        let figures = book.figures(for: Self.telling(second, live: [.text: .begun]))
        #expect(figures.percent < 10)
        #expect(figures.live == [.text: .begun])
    }

    @Test func `what could not be told as over goes on where it was`() {
        var book = ProgressBook()
        let publishing = JobFixture.pdf(
            info: .completed, text: .completed, thumbnail: .completed,
            publish: .processing(attempt: 1))
        let before = book.figures(for: Self.telling(publishing)).percent
        let over = JobFixture.pdf(
            info: .completed, text: .completed, thumbnail: .completed, publish: .completed)
        _ = book.figures(for: Self.telling(over))
        #expect(book.figures(for: Self.telling(publishing)).percent == before)
        #expect(book.count == 1)
        book.forget(Self.id())
        #expect(book.count == 0)
    }

    @Test func `a document that waits for its turn is at zero, and remembered by nobody`() {
        var book = ProgressBook()
        #expect(
            book.figures(for: Self.telling(JobFixture.pdf()))
                == JobFigures(percent: 0, etaSeconds: nil, live: [:]))
        #expect(book.count == 0)
    }

    @Test func `it remembers so many documents, and those that run in any case`() {
        var book = ProgressBook()
        let running = Self.telling(Self.inText, live: Self.pages(900), of: Self.id(0))
        let before = book.figures(for: running).percent
        for number in 1...(3 * ProgressBook.documentLimit) {
            _ = book.figures(for: Self.telling(Self.waiting, of: Self.id(number)))
            #expect(book.count <= ProgressBook.documentLimit)
        }
        let after = book.figures(for: Self.telling(Self.inText, of: Self.id(0)))
        #expect(after.percent == before)
    }

    /// Any order of tellings within one attempt, as several writers would make it.
    @Test func `no order of tellings takes a figure back`() {
        let seed = UInt64.random(in: .min ... .max)
        var dice = Dice(seed: seed)
        var book = ProgressBook()
        var last = 0
        for _ in 0..<2000 {
            let job = [Self.inText, Self.waiting].randomElement(using: &dice) ?? Self.inText
            let live =
                Bool.random(using: &dice)
                ? Self.pages(
                    .random(in: 0...1000, using: &dice), seconds: .random(in: 0...9, using: &dice))
                : [:]
            if Int.random(in: 0..<10, using: &dice) == 0 {
                let stage = StageName.allCases.randomElement(using: &dice) ?? .text
                book.learn(stage, over: Self.extent, took: .random(in: 0...60, using: &dice))
            }
            let percent = book.figures(for: Self.telling(job, live: live)).percent
            #expect(percent >= last, "seed \(seed)")
            last = percent
        }
    }
}
