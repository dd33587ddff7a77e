import Testing

@testable import Rules

@Suite struct NameRulesTests {
    private func path(_ text: String) throws -> BeneathPath {
        try #require(BeneathPath(bytes: Array(text.utf8)))
    }

    @Test(arguments: [
        "report.pdf", "보고서.pdf", "a/b/c/list.csv", "no extension", "x.part.pdf", "download",
        "partial.csv", "chapter.pages", "data.retry", "report.pdf.results", "tmp.csv",
        "list.csv.thumbnail-0", "list.csv.thumbnail-x", "status.json",
    ])
    func `an ordinary name is a candidate`(name: String) throws {
        #expect(NameRules().verdict(try path(name), isFolder: false) == .candidate)
    }

    @Test(arguments: [
        ".hidden.pdf", "~$report.pdf", "#draft.csv", "report.pdf.part", "x.partial", "x.FilePart",
        "x.tmp", "x.TEMP", "x.lftp", "x.crdownload", "x.download", "x.opdownload", "x.!ut", "x.swp",
        "x.lock", "report.pdf~", "Thumbs.db", "ehthumbs.db", "Desktop.ini", ".ingestd-12ab",
        "__MACOSX/report.pdf", "a/@eaDir/x.pdf", "#recycle/x.pdf", "$RECYCLE.BIN/x.pdf",
        "lost+found/x.pdf", ".Trash-1000/x.pdf",
    ])
    func `a name on the list is ignored, by a rule that is told`(name: String) throws {
        guard case .ignored(let rule) = NameRules().verdict(try path(name), isFolder: false) else {
            Issue.record("\(name) is not ignored")
            return
        }
        #expect(!"\(rule)".isEmpty)
    }

    @Test func `a verdict names the folder that it comes from`() throws {
        let rules = NameRules(ignore: ["old"])
        let inner = try path("a/old/b/1.pdf")
        let judged = rules.judgement(inner, isFolder: false)
        #expect(judged.on == (try path("a/old")))
        #expect(judged.verdict == .ignored(.configured(glob: "old")))
        let free = rules.judgement(try path("a/b/1.pdf"), isFolder: false)
        #expect(free.on == (try path("a/b/1.pdf")))
        #expect(free.verdict == .candidate)
    }

    @Test func `sidecars are told by name and kind`() throws {
        let rules = NameRules()
        #expect(rules.verdict(try path("report.pdf.status.json"), isFolder: false) == .sidecar)
        #expect(rules.verdict(try path("a/inbox.status.json"), isFolder: false) == .sidecar)
        #expect(rules.verdict(try path("report.pdf.~1~.results"), isFolder: true) == .sidecar)
        #expect(
            rules.verdict(try path("report.pdf.results/original.pdf"), isFolder: false) == .sidecar)
        #expect(rules.verdict(try path("x.pdf"), isFolder: true) == .candidate)
    }

    @Test(arguments: [
        ("report.pdf.retry", Request.Verb.retry), ("a/list.CSV.refresh", .refresh),
        ("report.pdf.thumbnail", .thumbnail(page: nil)),
        ("report.pdf.thumbnail-7", .thumbnail(page: 7)), ("report.pdf.pages", .pages),
        ("report.pdf.restore", .restore), ("book.xlsx.delete", .delete),
    ])
    func `a drop's name and a verb make a request`(name: String, verb: Request.Verb) throws {
        guard case .request(let request) = NameRules().verdict(try path(name), isFolder: false)
        else {
            Issue.record("\(name) is no request")
            return
        }
        #expect(request.verb == verb)
        #expect(name.hasSuffix("\(request.target).\(name.split(separator: ".").last ?? "")"))
    }

    @Test func `the inbox's own globs are obeyed, on names and on paths`() throws {
        let rules = NameRules(ignore: ["draft-*", "/old/**"])
        #expect(
            rules.verdict(try path("a/draft-1.pdf"), isFolder: false)
                == .ignored(.configured(glob: "draft-*")))
        #expect(
            rules.verdict(try path("old/a/1.pdf"), isFolder: false)
                == .ignored(.configured(glob: "/old/**")))
        #expect(rules.verdict(try path("a/old/1.pdf"), isFolder: false) == .candidate)
    }
}
