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
}
