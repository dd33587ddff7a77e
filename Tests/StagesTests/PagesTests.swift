import Rules
import Testing
import WorkerProtocol

@testable import Stages

@Suite struct PagesTests {
    private func request(
        _ pages: ClosedRange<Int>, width: Int = 300, soft: Int = 60_000
    ) -> StageRequest {
        .pages(
            PageRequest(
                first: pages.lowerBound, last: pages.upperBound,
                settings: PageSettings(width: width, height: 400, quality: 85),
                softMilliseconds: soft))
    }

    private func names(_ run: StageRun) -> [String] {
        run.replies.compactMap { reply in
            guard case .artifactBegun(let name, "image/jpeg") = reply else { return nil }
            return name
        }
    }

    @Test func `a page is drawn as the cover is`() throws {
        let cover = try StageRun(
            fixture("english.pdf"), .thumbnail(ThumbnailSettings(page: 2))
        ).artifact
        let run = try StageRun(fixture("english.pdf"), request(2...2))
        #expect(run.artifact == cover)
        #expect(names(run) == ["pages/0002.jpg"])
    }

    @Test func `each page of a range has its picture, and several ranges follow each other`()
        throws
    {
        let run = try StageRun(fixture("english.pdf"), request(1...2), request(3...3))
        #expect(names(run) == ["pages/0001.jpg", "pages/0002.jpg", "pages/0003.jpg"])
        #expect(run.replies.contains(.finished(.pages(PageSummary(end: 3, faults: [])))))
        #expect(run.result == .pages(PageSummary(end: 4, faults: [])))
        #expect(run.warnings.isEmpty)
    }

    @Test func `a page that cannot be drawn is told of, and the next one drawn`() throws {
        // One more than there are.
        let run = try StageRun(fixture("english.pdf"), request(3...5))
        #expect(names(run) == ["pages/0003.jpg"])
        #expect(
            run.result
                == .pages(
                    PageSummary(
                        end: 6,
                        faults: [
                            PageFault(page: 4, kind: .damaged), PageFault(page: 5, kind: .damaged),
                        ])))
    }

    @Test func `a page without end has its share of the time, and those behind it are drawn`()
        throws
    {
        let run = try StageRun(
            fixture("endless.pdf"), request(2...3),
            limits: StageLimits(softDeadline: .milliseconds(1800)))
        #expect(names(run) == ["pages/0002.jpg"])
        #expect(
            run.result
                == .pages(
                    PageSummary(
                        end: 4,
                        faults: [
                            // There is no third page; it was looked for.
                            PageFault(page: 2, kind: .unfinished),
                            PageFault(page: 3, kind: .damaged),
                        ])))
    }

    @Test func `when its time is over the first page is told that was not come to`() throws {
        let run = try StageRun(
            fixture("endless.pdf"), request(1...3, soft: 100),
            limits: StageLimits(softDeadline: .seconds(60)))
        #expect(
            run.result
                == .pages(
                    PageSummary(end: 3, faults: [PageFault(page: 2, kind: .unfinished)])))
    }

    @Test(arguments: [0, 5000])
    func `settings out of range are refused`(width: Int) throws {
        let run = try StageRun(fixture("english.pdf"), request(1...1, width: width))
        #expect(run.failure?.code == .internalError)
    }
}
