import Testing

@testable import Pipeline

@Suite struct WholePagesTests {
    /// Takes pieces of text; gives what was written before the end, and the tally.
    private func taken(_ pieces: [String]) throws -> (written: String, pages: WholePages) {
        var pages = WholePages()
        var written: [UInt8] = []
        for piece in pieces { try pages.take(Array(piece.utf8)) { written += $0 } }
        return (String(decoding: written, as: UTF8.self), pages)
    }

    @Test(
        arguments: [
            ([], "", 0, 0), (["one"], "", 0, 0), (["one\u{c}"], "one\u{c}", 1, 3),
            (["one\u{c}tw"], "one\u{c}", 1, 3), (["o", "ne\u{c}tw", "o"], "one\u{c}", 1, 3),
            (["é\u{c}\u{c}", "x\u{c}y"], "é\u{c}\u{c}x\u{c}", 3, 2),
        ] as [([String], String, Int, Int)])
    func `what is written ends with a page`(
        pieces: [String], written: String, pages: Int, characters: Int
    ) throws {
        let taken = try taken(pieces)
        #expect(taken.written == written)
        #expect(taken.pages.pages == pages)
        #expect(taken.pages.characters == characters)
        #expect(!taken.pages.isTorn)
    }

    @Test func `the rest is written at the end`() throws {
        var (_, pages) = try taken(["one\u{c}two"])
        var rest: [UInt8] = []
        try pages.finish { rest += $0 }
        #expect(rest == Array("two".utf8))
        #expect(pages.characters == 6)
    }

    @Test func `a page without end is written all the same, and known to be torn until it has one`()
        throws
    {
        let long = String(repeating: "x", count: (1 << 20) + 1)
        let torn = try taken(["one\u{c}", long])
        #expect(torn.written == "one\u{c}" + long)
        #expect(torn.pages.isTorn)
        let ended = try taken(["one\u{c}", long, "y\u{c}z"])
        #expect(ended.written == "one\u{c}" + long + "y\u{c}")
        #expect(!ended.pages.isTorn)
        #expect(ended.pages.pages == 2)
    }
}
