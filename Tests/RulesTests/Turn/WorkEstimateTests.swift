import Rules
import Testing

@Suite struct WorkEstimateTests {
    private let now = Timestamp(milliseconds: 1_700_000_000_000)

    @Test func `what is larger may take longer, and a table longer than a PDF`() {
        let small = WorkEstimate.time(.pdf, size: .kilobytes(10))
        let large = WorkEstimate.time(.pdf, size: .megabytes(100))
        #expect(small < .milliseconds(16))
        #expect(large > .seconds(4) && large < .seconds(5))
        #expect(WorkEstimate.time(.csv, size: .megabytes(100)) > large)
    }

    @Test func `the smallest stands where it came, the largest lets pass what comes soon`() {
        #expect(WorkEstimate.place(.pdf, size: .zero, at: now) == now)
        let large = WorkEstimate.place(.pdf, size: .megabytes(10), at: now)
        #expect(large == now + .seconds(24))
        let huge = WorkEstimate.place(.csv, size: .megabytes(1_000_000), at: now)
        #expect(huge == now + WorkEstimate.longestCourtesy)
    }
}
