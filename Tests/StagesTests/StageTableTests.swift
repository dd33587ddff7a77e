import Rules
import Testing
import WorkerProtocol

@testable import Stages

@Suite struct StageTableTests {
    @Test(arguments: [
        ("corrupt.pdf", ErrorCode.pdfCorrupt), ("header-only.pdf", .pdfCorrupt),
        ("html.pdf", .pdfCorrupt), ("locked.pdf", .pdfEncrypted), ("no-pages.pdf", .pdfNoPages),
        ("count-absurd.pdf", .pdfTooManyPages),
    ])
    func `a PDF that cannot be read fails with its code`(name: String, code: ErrorCode) throws {
        let run = try StageRun(fixture(name), .info)
        #expect(run.failure?.code == code)
        #expect(run.artifact == nil)
    }

    @Test func `an empty file is a corrupt one`() throws {
        #expect(try StageRun("/dev/null", .info).failure?.code == .pdfCorrupt)
    }

    @Test(arguments: [(3, ErrorCode?.none), (2, .pdfTooManyPages)])
    func `pages are allowed up to the limit`(limit: Int, code: ErrorCode?) throws {
        let run = try StageRun(fixture("english.pdf"), .info(pageLimit: limit))
        #expect(run.failure?.code == code)
    }

    @Test func `the limit of each request counts, though the document is open already`() throws {
        let run = try StageRun(
            fixture("english.pdf"), .info, .info(pageLimit: 2))
        #expect(run.failure?.code == .pdfTooManyPages)
    }

    @Test func `too little memory is said to be just that`() throws {
        let run = try StageRun(
            fixture("english.pdf"), .info, limits: StageLimits(memory: .kilobytes(100)))
        #expect(run.failure?.code == .memoryExceeded)
    }

    @Test func `an owner's password alone locks nobody out`() throws {
        #expect(try StageRun(fixture("owner-locked.pdf"), .text).text == "Behind a lock.\n\n\u{c}")
    }

    @Test func `what cannot be sent ends the stage with the sender's error`() throws {
        struct Gone: Error {}
        #expect(throws: Gone.self) {
            try StageTable(descriptor: -1).run(.info) { _ in throw Gone() }
        }
    }
}
