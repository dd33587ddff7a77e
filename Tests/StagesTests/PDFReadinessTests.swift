import Glibc
import Rules
import Testing
import WorkerProtocol

@testable import Stages

@Suite struct PDFReadinessTests {
    /// One that was tried out on the sample.
    private func readiness() throws -> PDFReadiness {
        var template = Array("/tmp/ingestd-sample-XXXXXX".utf8CString)
        let file = mkstemp(&template)
        try #require(file >= 0)
        defer {
            close(file)
            unlink(template)
        }
        let sample = PDFReadiness.sample
        try #require(write(file, sample, sample.count) == sample.count)
        return try #require(PDFReadiness(sample: file))
    }

    @Test(arguments: ["english.pdf", "korean.pdf", "rotated.pdf", "broken-page.pdf", "corrupt.pdf"])
    func `a document is read alike by a reader that was made ready`(name: String) throws {
        for request in [StageRequest.info, .text, .thumbnail(ThumbnailSettings())] {
            let plain = try StageRun(fixture(name), request)
            let ready = try StageRun(fixture(name), request, readiness: readiness())
            #expect(ready.replies == plain.replies, "\(request.stage)")
        }
    }

    @Test func `a reader that was made ready keeps to the limit of its document`() throws {
        let run = try StageRun(
            fixture("english.pdf"), .info, limits: StageLimits(memory: .kilobytes(100)),
            readiness: readiness())
        #expect(run.failure?.code == .memoryExceeded)
    }

    @Test func `where there is no sample documents are read all the same`() throws {
        let nothing = open("/dev/null", O_RDONLY)
        defer { close(nothing) }
        let run = try StageRun(
            fixture("english.pdf"), .text, readiness: PDFReadiness(sample: nothing))
        #expect(run.failure == nil)
    }
}
