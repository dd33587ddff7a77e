import Testing

@testable import Rules

@Suite struct InboxPatternTests {
    @Test(arguments: [
        ("/srv/ingest/*", "/srv/ingest/alice", true),
        ("/srv/ingest/*", "/srv/ingest", false),
        ("/srv/ingest/*", "/srv/ingest/alice/deep", false),
        ("/srv/ingest/*", "/srv/other/alice", false),
        ("/srv/ingest/*", "/srv/ingest/.hidden", false),
        ("/srv/ingest/.*", "/srv/ingest/.hidden", false),
        ("/srv/ingest/*", "/srv/ingest/lost+found", false),
        ("/srv/ingest/*", "/srv/ingest/report.pdf.results", false),
        ("/srv/ingest/*", "/srv/ingest/report.pdf.status.json", false),
        ("/home/*/Inbox", "/home/alice/Inbox", true),
        ("/home/*/Inbox", "/home/alice/inbox", false),
        ("/home/*/.inbox", "/home/alice/.inbox", true),
        ("/home/**/Inbox", "/home/a/b/Inbox", false),
        ("/home/[a-m]?/In*", "/home/bo/Incoming", true),
        ("/home/[a-m]?/In*", "/home/zo/Incoming", false),
        ("/*", "/inbox", true),
        (#"/srv/a\*b"#, "/srv/a*b", true),
        (#"/srv/a\*b"#, "/srv/axb", false),
        ("/srv/a[b", "/srv/a[b", true),
        (#"/srv/a\b"#, #"/srv/a\b"#, true),
        ("/", "/", true),
        ("/", "/srv", false),
    ])
    func `a pattern matches names, one component at a time`(
        text: String, path: String, isMatch: Bool
    ) throws {
        let pattern = try #require(InboxPattern(text))
        #expect(pattern.matches(Array(path.utf8)) == isMatch)
    }

    @Test(arguments: ["srv/*", "", "/srv//*", "/srv/./*", "/srv/../*", "/srv/*/", "/srv/\u{0}*"])
    func `what is no absolute path is no pattern`(text: String) {
        #expect(InboxPattern(text) == nil)
    }

    @Test func `what stands before the first wildcard is fixed`() throws {
        let pattern = try #require(InboxPattern(#"/srv/\[x]/*/Inbox"#))
        #expect(pattern.fixedPath == "/srv/[x]")
        #expect(!pattern.isExact)
        #expect(pattern.steps.map(\.name) == [nil, FileName(literal: "Inbox")])
        #expect(try #require(InboxPattern("/srv/a[b")).isExact)
    }

    @Test(arguments: ["/srv/plain", "/srv/a*b?[c]", #"/srv/back\slash"#, #"/srv/\*"#])
    func `a path can be written so that it matches itself alone`(path: String) throws {
        let pattern = try #require(InboxPattern(InboxPattern.exactly(path)))
        #expect(pattern.isExact)
        #expect(pattern.fixedPath == path)
    }
}
