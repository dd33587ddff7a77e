import Rules
import Testing
import WorkerProtocol

@testable import Stages

@Suite struct TextTests {
    @Test func `each page ends with a form feed`() throws {
        let run = try StageRun(fixture("english.pdf"), .text)
        #expect(
            run.text == "The quick brown fox\njumps over the lazy dog.\n\n\u{c}"
                + "Second page.\n\n\u{c}Third page.\n\n\u{c}")
        #expect(run.result == .text(characters: 73))
        #expect(
            run.replies.first
                == .artifactBegun(name: "text.txt", mediaType: "text/plain; charset=utf-8"))
    }

    @Test func `Korean is read without the font at hand`() throws {
        let text = try #require(try StageRun(fixture("korean.pdf"), .text).text)
        #expect(text.hasPrefix("안녕하세요."))
        #expect(text.contains("한국어 문서입니다."))
    }

    /// The first page has 47 bytes, the second 15, the third 14.
    @Test(arguments: [(76, 3), (75, 2), (62, 2), (61, 1), (47, 1), (46, 0)])
    func `text over the limit is cut after a whole page`(limit: Int, pages: Int) throws {
        let run = try StageRun(
            fixture("english.pdf"), .text(pageLimit: 100, byteLimit: limit))
        #expect(run.text?.filter { $0 == "\u{c}" }.count == pages)
        #expect(run.warnings.isEmpty == (pages == 3))
        #expect(run.failure == nil)
    }

    @Test func `pages over the limit are not read, and it is said`() throws {
        let run = try StageRun(fixture("english.pdf"), .text(pageLimit: 2, byteLimit: 1000))
        #expect(run.text?.filter { $0 == "\u{c}" }.count == 2)
        #expect(
            run.warnings == [
                "The text ends after page 2 of 3: more are not read (pdf_too_many_pages)."
            ])
        let whole = try StageRun(fixture("english.pdf"), .text(pageLimit: 3, byteLimit: 1000))
        #expect(whole.warnings.isEmpty)
    }

    @Test func `the first pages are handed over one by one, so that they outlive this process`()
        throws
    {
        let run = try StageRun(fixture("english.pdf"), .text)
        let pieces = run.replies.compactMap { reply -> [UInt8]? in
            guard case .artifactBytes(let bytes) = reply else { return nil }
            return bytes
        }
        #expect(pieces.count == 3)
        #expect(pieces.allSatisfy { $0.last == 0x0c })
    }

    @Test func `a page that never ends costs only itself`() throws {
        let run = try StageRun(
            fixture("endless.pdf"), .text, limits: StageLimits(softDeadline: .milliseconds(50)))
        #expect(run.text == "Before the end.\n\n\u{c}")
        #expect(
            run.warnings
                == [
                    "The text ends after page 1 of 2: that of page 2 took too long to read (timeout)."
                ])
    }

    @Test func `the next stage has its time to itself`() throws {
        let run = try StageRun(
            fixture("endless.pdf"), .text, .thumbnail,
            limits: StageLimits(softDeadline: .milliseconds(50)))
        #expect(run.warnings.count == 1)
        #expect(run.result == .thumbnail(count: 1))
    }

    @Test func `a document without a readable page is a corrupt one`() throws {
        #expect(try StageRun(fixture("pages-loop.pdf"), .text).failure?.code == .pdfCorrupt)
    }

    @Test func `a page that takes long gives signs of life, of which none is progress`() throws {
        let run = try StageRun(
            fixture("endless.pdf"), .text,
            limits: StageLimits(
                softDeadline: .milliseconds(500), progressInterval: .seconds(3600),
                signInterval: .milliseconds(1)))
        let signs = run.replies.filter { reply in
            if case .progress = reply { true } else { false }
        }
        #expect(signs.count > 1)
        #expect(Set(signs) == [.progress(done: 0, total: 0)])
    }

    @Test func `progress is told page by page`() throws {
        let run = try StageRun(
            fixture("english.pdf"), .text,
            limits: StageLimits(progressInterval: .zero, signInterval: .seconds(3600)))
        let progress = run.replies.filter { reply in
            if case .progress = reply { true } else { false }
        }
        #expect(progress == (1...3).map { StageReply.progress(done: $0, total: 3) })
    }
}

@Suite struct PageTextTests {
    @Test(
        arguments: [
            ("", [0x0c], 0), ("ab", [0x61, 0x62, 0x0c], 2), ("é", [0xc3, 0xa9, 0x0c], 1),
            ("a\u{c}b", [0x61, 0x20, 0x62, 0x0c], 3), ("a\0b", [0x61, 0x62, 0x0c], 2),
        ] as [(String, [UInt8], Int)])
    func `a page's text has its one form feed at the end`(
        text: String, bytes: [UInt8], characters: Int
    ) {
        let page = Array(text.utf8).withUnsafeBufferPointer(PageText.init(cleaning:))
        #expect(page.bytes == bytes)
        #expect(page.characters == characters)
    }
}
