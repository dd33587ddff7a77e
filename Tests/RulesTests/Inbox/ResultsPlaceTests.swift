import Rules
import Testing

@Suite struct ResultsPlaceTests {
    private let alice = Account(uid: 1001, name: "alice")

    @Test(arguments: [
        ("/srv/results", "/srv/in/alice", "/srv/results"),
        ("/srv//results/./x/", "/srv/in/alice", "/srv/results/x"),
        ("/srv/results/{name}", "/srv/in/post", "/srv/results/post"),
        ("/srv/results/{user}/{name}.out", "/srv/in/post", "/srv/results/alice/post.out"),
        ("../Results", "/home/alice/Inbox", "/home/alice/Results"),
        ("../{name}.results", "/srv/in/post", "/srv/in/post.results"),
        ("../Results", "/Inbox", "/Results"),
    ])
    func `a place is absolute, or beside the inbox`(_ text: String, _ inbox: String, _ path: String)
        throws
    {
        #expect(try ResultsPlace(text).path(for: inbox, of: alice) == path)
    }

    @Test func `a user without a name is a number, and a name that is none of a folder none`()
        throws
    {
        let place = try ResultsPlace("/r/{user}")
        #expect(place.path(for: "/in", of: Account(uid: 7, name: nil)) == "/r/7")
        #expect(place.path(for: "/in", of: Account(uid: 7, name: "a/b")) == nil)
        #expect(place.path(for: "/in", of: Account(uid: 7, name: "..")) == nil)
        #expect(place.path(for: "/", of: alice) == nil)
    }

    @Test(arguments: [
        "", "results", "./results", "/", "..", "../", "/a/../b", "../../b", "/a/{nmae}", "/a/{",
        "/a}b", "/a\0b",
    ])
    func `what leads nowhere, or anywhere, is refused`(_ text: String) {
        #expect(throws: ResultsPlace.Mistake.self) { try ResultsPlace(text) }
    }

    @Test(arguments: [
        ("/r", true, false), ("/r", false, false), ("/r/{name}", false, true),
        ("/r/{name}", true, false), ("/r/{user}", true, true), ("/r/{user}", false, true),
        ("../R", true, true), ("../R", false, false), ("../{name}.results", false, true),
    ])
    func `each inbox of a pattern needs a place of its own`(
        _ text: String, _ isLastFixed: Bool, _ isFine: Bool
    ) throws {
        let mistake = try ResultsPlace(text).mistake(forPatternWithFixedName: isLastFixed)
        #expect((mistake == nil) == isFine)
    }

    @Test func `what is the same for all inboxes is known beforehand`() throws {
        #expect(try ResultsPlace("/r/s/{user}/t").fixedPath == "/r/s")
        #expect(try ResultsPlace("/{user}").fixedPath == "/")
        #expect(try ResultsPlace("../r").fixedPath == nil)
    }
}
