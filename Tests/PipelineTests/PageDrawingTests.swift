import Rules
import Testing

@testable import Pipeline

/// Drawing that goes on in several workers, none of which is believed more than it can have done.
@Suite struct PageDrawingTests {
    private func drawing(of pages: Int) -> PageDrawing {
        PageDrawing(
            settings: PageSettings(InboxSettings().thumbnail), isAlone: false,
            outputLimit: .mebibytes(1),
            ranges: PageRanges(
                upTo: pages, soft: .seconds(60), hard: .seconds(60), workers: 1),
            tally: PageTally(pageCount: pages, last: pages))
    }

    @Test func `a worker is never further than the end of its range`() throws {
        var drawing = drawing(of: 100)
        let taken = drawing.ranges.take(at: .zero)
        let range = try #require(taken)
        drawing.tell(range, done: 3, at: Timestamp(milliseconds: 1))
        #expect(drawing.progress(at: .zero).done == 3)
        drawing.tell(range, done: 1 << 53, at: Timestamp(milliseconds: 2))
        #expect(drawing.progress(at: .zero).done == range.pages.count)
        #expect(drawing.progress(at: .zero).total == 100)
    }
}
