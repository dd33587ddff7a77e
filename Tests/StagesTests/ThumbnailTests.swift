import Rules
import Testing
import WorkerProtocol

@testable import Stages

@Suite struct ThumbnailTests {
    @Test(arguments: [
        ("english.pdf", 283, 400), ("rotated.pdf", 300, 212), ("poster.pdf", 300, 1),
        ("blank.pdf", 283, 400),
    ])
    func `a page is fitted into the box`(name: String, width: Int, height: Int) throws {
        let picture = try #require(try StageRun(fixture(name), .thumbnail).artifact)
        let size = try #require(baselineSize(of: picture))
        #expect(size == (width, height))
    }

    @Test func `another page and another box can be asked for`() throws {
        let settings = ThumbnailSettings(page: 3, width: 1000, height: 100, quality: 50)
        let run = try StageRun(fixture("english.pdf"), .thumbnail(settings))
        let picture = try #require(run.artifact)
        let size = try #require(baselineSize(of: picture))
        #expect(size == (71, 100))
        #expect(run.warnings.isEmpty)
    }

    @Test func `a page beyond the last is the last, with a warning`() throws {
        let run = try StageRun(
            fixture("english.pdf"), .thumbnail(ThumbnailSettings(page: 9)))
        #expect(run.result == .thumbnail(count: 1))
        #expect(run.warnings == ["The preview shows page 3: the PDF has no page 9."])
    }

    @Test func `a page that never ends is shown as far as it went`() throws {
        let run = try StageRun(
            fixture("endless.pdf"), .thumbnail(ThumbnailSettings(page: 2)),
            limits: StageLimits(softDeadline: .milliseconds(50)))
        #expect(run.artifact?.isEmpty == false)
        #expect(
            run.warnings == ["The preview is unfinished: page 2 took too long to draw (timeout)."])
    }

    @Test func `text in a font that is not embedded is drawn`() throws {
        let korean = try #require(try StageRun(fixture("korean.pdf"), .thumbnail).artifact)
        let blank = try #require(try StageRun(fixture("blank.pdf"), .thumbnail).artifact)
        #expect(korean.count > blank.count)
    }

    @Test(arguments: [(0, 400, 85), (300, 5000, 85), (300, 400, 0), (300, 400, 101)])
    func `settings out of range are refused`(width: Int, height: Int, quality: Int) throws {
        let settings = ThumbnailSettings(width: width, height: height, quality: quality)
        let run = try StageRun(fixture("english.pdf"), .thumbnail(settings))
        #expect(run.failure?.code == .internalError)
    }

    /// Width and height that a JPEG's baseline frame header states; nil where there is none.
    ///
    /// Rule: ITU-T T.81, B.2.2.
    private func baselineSize(of picture: [UInt8]) -> (Int, Int)? {
        guard picture.starts(with: [0xff, 0xd8]), picture.suffix(2) == [0xff, 0xd9] else {
            return nil
        }
        var position = 2
        while position + 9 < picture.count, picture[position] == 0xff {
            if picture[position + 1] == 0xc0 {
                let number = { Int(picture[position + $0]) << 8 | Int(picture[position + $0 + 1]) }
                return (number(7), number(5))
            }
            position += 2 + Int(picture[position + 2]) << 8 + Int(picture[position + 3])
        }
        return nil
    }
}

@Suite struct FittedSizeTests {
    @Test(arguments: [
        (Float(595), Float(842), 283, 400), (842, 595, 300, 212), (300, 400, 300, 400),
        (3, 4, 300, 400), (1, 1, 300, 300), (2e9, 100, 300, 1), (100, 2e9, 1, 400),
        (1e-30, 1e-30, 300, 300), (.greatestFiniteMagnitude, 1, 300, 1),
        (0, 10, 300, 300), (-5, 10, 300, 300), (.nan, 10, 300, 300), (.infinity, 10, 300, 300),
    ])
    func `every page has a size within the box`(
        width: Float, height: Float, pixelsWide: Int, pixelsHigh: Int
    ) {
        let size = FittedSize(width: width, height: height, within: (300, 400))
        #expect(size.width == pixelsWide)
        #expect(size.height == pixelsHigh)
    }
}
