import Rules
import Testing
import WorkerProtocol

@testable import Workers

@Suite struct PageReplyTests {
    private func complaint(about replies: [StageReply]) -> WorkerError? {
        let request = PageRequest(
            first: 9, last: 11, settings: PageSettings(ThumbnailSettings()), softMilliseconds: 1)
        var check = ReplyCheck(request: .pages(request), outputLimit: ByteCount(1000))
        do {
            for reply in replies { _ = try check.judge(reply) }
            return nil
        } catch {
            return error
        }
    }

    private static func picture(_ name: String) -> [StageReply] {
        [.artifactBegun(name: name, mediaType: "image/jpeg"), .artifactEnded]
    }

    private static func pictures(_ pages: Int...) -> [StageReply] {
        pages.flatMap { picture(PageRequest.artifactName(of: $0)) }
    }

    private static func done(_ end: Int, _ faults: [(Int, PageFault.Kind)] = []) -> StageReply {
        .finished(
            .pages(
                PageSummary(end: end, faults: faults.map { PageFault(page: $0.0, kind: $0.1) })))
    }

    private static let truths: [[StageReply]] = [
        pictures(9, 10, 11) + [done(12)],
        pictures(9, 11) + [done(12, [(10, .damaged)])],
        pictures(9, 10) + [done(12, [(10, .partial), (11, .tooLarge)])],
        pictures(9) + [done(10)],
        [done(9)],
    ]

    @Test(arguments: truths)
    func `pages with their pictures, or a reason why not, are believed`(replies: [StageReply]) {
        #expect(complaint(about: replies) == nil)
    }

    private static let lies: [(replies: [StageReply], lie: String)] = {
        var lies: [([StageReply], String)] = []
        for name in ["8.jpg", "0008.jpg", "9.jpg", "0012.jpg", "../a.jpg", "0009.png"] {
            lies.append((picture("pages/" + name), "a page that was not asked for"))
        }
        lies.append((picture("thumbnail.jpg"), "a page that was not asked for"))
        lies.append((pictures(9, 9), "the same artifact twice"))
        lies.append((pictures(9, 10) + [done(12)], "pages without their pictures"))
        lies.append((pictures(9, 10, 11) + [done(11)], "pages without their pictures"))
        lies.append(([done(13)], "an end past the pages"))
        lies.append(([done(8)], "an end past the pages"))
        lies.append((pictures(9, 10) + [done(12, [(11, .partial)])], "that its page denies"))
        lies.append((pictures(9, 10, 11) + [done(12, [(11, .damaged)])], "that its page denies"))
        lies.append(([done(9, [(9, .damaged)])], "a fault of no page"))
        lies.append((pictures(9) + [done(12, [(11, .damaged), (10, .damaged)])], "of no page"))
        lies.append(([.finished(.thumbnail(count: 1))], "another stage"))
        return lies
    }()

    @Test(arguments: lies)
    func `a lie about pages is found out`(replies: [StageReply], lie: String) {
        guard case .lied(let how)? = complaint(about: replies) else {
            Issue.record("it was believed")
            return
        }
        #expect(how.contains(lie))
    }

    @Test func `requests and summaries are read as they were written`() throws {
        let request = StageRequest.pages(
            PageRequest(
                first: 3, last: 70, settings: PageSettings(width: 1, height: 2, quality: 3),
                softMilliseconds: 4))
        #expect(
            try StageRequest(payload: request.encoded().dropFirst(Frame.headerLength)) == request)
        let reply = Self.done(70, PageFault.Kind.allCases.map { (Int($0.rawValue), $0) })
        let frame = reply.encoded()
        #expect(
            try StageReply(
                kind: frame[Frame.headerLength - 1], payload: frame.dropFirst(Frame.headerLength))
                == reply)
    }

    @Test(arguments: [(1, "pages/0001.jpg"), (9999, "pages/9999.jpg"), (10_000, "pages/10000.jpg")])
    func `a page has one name`(page: Int, name: String) {
        #expect(PageRequest.artifactName(of: page) == name)
        #expect(PageRequest.page(named: name) == page)
        #expect(PageRequest.page(named: name.replacing("pages/", with: "pages/0")) == nil)
    }
}
