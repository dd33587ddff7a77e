import Catalog
import Rules
import Testing
import WorkerProtocol

@testable import Pipeline

@Suite struct PageTallyTests {
    private func pictures(_ pages: [Int]) throws -> [Int: ArtifactRecord] {
        let digest = try #require(ContentDigest([UInt8](repeating: 1, count: 32)))
        return Dictionary(
            uniqueKeysWithValues: pages.map { page in
                let name = PageRequest.artifactName(of: page)
                return (
                    page,
                    ArtifactRecord(name: name, digest: digest, size: .zero, mediaType: "image/jpeg")
                )
            })
    }

    @Test func `pictures stand in the order of their pages, whoever brought them first`() throws {
        var tally = PageTally(pageCount: 10_001, last: 10_001)
        tally.add(try pictures([10_001, 3]), [])
        tally.add(try pictures([1, 2]), [])
        #expect(
            tally.output(missing: "").artifacts.map(\.name)
                == ["pages/0001.jpg", "pages/0002.jpg", "pages/0003.jpg", "pages/10001.jpg"])
        #expect(tally.output(missing: "").result == #"{"thumbnails":4}"#)
    }

    @Test func `each page without a picture is named, and why`() throws {
        var tally = PageTally(pageCount: 30, last: 20)
        tally.add(
            try pictures([1, 2, 4, 5]),
            [
                PageFault(page: 3, kind: .damaged), PageFault(page: 4, kind: .partial),
                PageFault(page: 5, kind: .unfinished), PageFault(page: 6, kind: .tooLarge),
            ])
        #expect(
            tally.output(missing: "it took too long (timeout)").warnings == [
                "Page 3 has no thumbnail: it is damaged.",
                "Page 6 has no thumbnail: more memory is needed than is allowed (memory_exceeded).",
                "Pages 7 to 20 have no thumbnails: it took too long (timeout).",
                "Pages 21 to 30 have no thumbnails: more are not drawn (pdf_too_many_pages).",
                "The thumbnail of page 4 is not whole: parts are damaged or too large.",
                "The thumbnail of page 5 is unfinished: drawing took too long (timeout).",
            ])
    }

    @Test func `pages beyond the bound are not written out one by one`() throws {
        var tally = PageTally(pageCount: 1 << 53, last: 1)
        tally.add(try pictures([1]), [])
        #expect(
            tally.output(missing: "").warnings == [
                "Pages 2 to 9007199254740992 have no thumbnails: more are not drawn "
                    + "(pdf_too_many_pages)."
            ])
    }

    @Test(arguments: [
        ([1], "1"), ([1, 2], "1 and 2"), ([1, 2, 3], "1 to 3"), ([1, 3, 4, 5], "1 and 3 to 5"),
        ([1, 3, 5], "1, 3 and 5"), ([2, 3, 7], "2, 3 and 7"),
        (Array(stride(from: 1, to: 30, by: 2)), "1, 3, 5, 7, 9, 11, 13, 15, 17, 19 and others"),
    ])
    func `pages are listed as people do`(pages: [Int], text: String) {
        #expect(PageTally.list(pages) == text)
    }

    @Test func `without any picture the stage has failed for a reason`() {
        var tally = PageTally(pageCount: 2, last: 2)
        #expect(tally.isEmpty)
        #expect(tally.failure.code == .timeout)
        tally.add([:], [PageFault(page: 1, kind: .damaged)])
        #expect(tally.failure.code == .pdfCorrupt)
        tally.add([:], [PageFault(page: 2, kind: .tooLarge)])
        #expect(tally.failure.code == .memoryExceeded)
    }
}
