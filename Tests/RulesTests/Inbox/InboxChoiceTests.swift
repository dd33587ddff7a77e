import Testing

@testable import Rules

@Suite struct InboxChoiceTests {
    private func found(_ path: String, at place: String? = nil, inode: UInt64) -> InboxChoice.Found
    {
        InboxChoice.Found(path: path, place: place ?? path, device: 1, inode: inode)
    }

    @Test func `an inbox is served once, and none stands in another`() {
        var choice = InboxChoice(stateDirectory: "/var/lib/ingestd")
        #expect(choice.judge(found("/srv/a", inode: 1)) == .served)
        #expect(choice.judge(found("/srv/a", inode: 1)) == .servedAlready)
        #expect(choice.judge(found("/mnt/bound", inode: 1)) == .servedAlready)
        #expect(choice.judge(found("/srv/a/b/c", inode: 2)) == .refused(.beneath("/srv/a")))
        #expect(choice.judge(found("/srv", inode: 3)) == .refused(.above("/srv/a")))
        #expect(choice.judge(found("/", inode: 4)) == .refused(.stateDirectory("/var/lib/ingestd")))
        #expect(choice.judge(found("/srv/ab", inode: 5)) == .served)
        #expect(
            choice.judge(found("/link/x", at: "/srv/a/x", inode: 6)) == .refused(.beneath("/srv/a"))
        )
    }

    @Test(arguments: ["/state", "/state/deep", "/"])
    func `the state directory is nobody's inbox`(place: String) {
        var choice = InboxChoice(stateDirectory: "/state")
        #expect(choice.judge(found(place, inode: 1)) == .refused(.stateDirectory("/state")))
    }

    @Test func `what was forgotten stands in nobody's way`() {
        var choice = InboxChoice(stateDirectory: "/state", limit: 2)
        #expect(choice.judge(found("/srv/a/b", inode: 1)) == .served)
        #expect(choice.judge(found("/srv/a/c", inode: 2)) == .served)
        choice.forget("/nobody")
        #expect(choice.judge(found("/srv/a/b", inode: 3)) == .servedAlready, "not left yet")
        #expect(choice.judge(found("/link", at: "/srv/a/b", inode: 3)) == .servedAlready)
        choice.forget("/srv/a/b")
        #expect(choice.judge(found("/srv/a", inode: 4)) == .refused(.above("/srv/a/c")))
        choice.forget("/srv/a/c")
        #expect(choice.judge(found("/srv/a", inode: 4)) == .served)
        #expect(choice.judge(found("/srv/a/b", inode: 1)) == .refused(.beneath("/srv/a")))
    }

    @Test func `no more are served than the bound`() {
        var choice = InboxChoice(stateDirectory: "/state", limit: 2)
        #expect(choice.judge(found("/a", inode: 1)) == .served)
        #expect(choice.judge(found("/b", inode: 2)) == .served)
        #expect(choice.judge(found("/c", inode: 3)) == .refused(.tooManyInboxes(limit: 2)))
        #expect(choice.judge(found("/b", inode: 2)) == .servedAlready)
    }

    private func found(
        _ path: String, inode: UInt64, results: String, _ resultsInode: UInt64
    ) -> InboxChoice.Found {
        var found = found(path, inode: inode)
        found.results = InboxChoice.Results(
            path: results, place: results, device: 1, inode: resultsInode)
        return found
    }

    private func crowded(_ path: String, _ other: String) -> InboxChoice.Verdict {
        .refused(.noResults(at: path, .crowded(other)))
    }

    @Test func `results go where nothing is taken, and no other results go`() {
        var choice = InboxChoice(stateDirectory: "/state")
        #expect(choice.judge(found("/srv/a", inode: 1, results: "/out/a", 11)) == .served)
        #expect(choice.judge(found("/srv/b", inode: 2)) == .served)
        func verdict(_ results: String, _ inode: UInt64 = 99) -> InboxChoice.Verdict {
            choice.judge(found("/srv/c", inode: 3, results: results, inode))
        }
        #expect(verdict("/srv/b") == crowded("/srv/b", "the inbox /srv/b"))
        #expect(verdict("/srv/b/x") == crowded("/srv/b/x", "the inbox /srv/b"))
        #expect(verdict("/srv/c/x") == crowded("/srv/c/x", "the inbox itself"))
        #expect(verdict("/srv") == crowded("/srv", "the inbox itself"))
        #expect(verdict("/state/x") == crowded("/state/x", "the state directory /state"))
        let results = "the folder for the results of the inbox /srv/a"
        #expect(verdict("/out/a") == crowded("/out/a", results))
        #expect(verdict("/out/a/x") == crowded("/out/a/x", results))
        #expect(verdict("/out") == crowded("/out", results))
        // Another way to the same directory, as a bind mount makes one.
        #expect(verdict("/bound", 2) == crowded("/bound", "the inbox /srv/b"))
        #expect(verdict("/bound", 11) == crowded("/bound", results))
        #expect(verdict("/out/c") == .served)
    }

    @Test func `no inbox stands where results go, until these are forgotten`() {
        var choice = InboxChoice(stateDirectory: "/state")
        #expect(choice.judge(found("/srv/a", inode: 1, results: "/out/a", 11)) == .served)
        #expect(choice.judge(found("/out/a", inode: 11)) == .refused(.results(of: "/srv/a")))
        #expect(choice.judge(found("/out/a/x", inode: 5)) == .refused(.results(of: "/srv/a")))
        #expect(choice.judge(found("/out", inode: 6)) == .refused(.results(of: "/srv/a")))
        choice.forget("/srv/a")
        #expect(choice.judge(found("/out", inode: 6)) == .served)
    }
}
