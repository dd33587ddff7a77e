import Inbox
import Rules
import SystemPackage
import Testing

@testable import Pipeline

@Suite struct InboxRosterTests {
    private let alice = InboxPlace(path: "/srv/alice", device: 1, inode: 10, uid: 1001)
    private let bob = InboxPlace(path: "/srv/bob", device: 1, inode: 11, uid: 1002)
    private var roster = InboxRoster(of: "/srv/*")

    private func refused(_ path: String, _ errno: Errno) -> (path: String, error: InboxError) {
        (path, .rootUnavailable(path: path, errno))
    }

    @Test mutating func `what stands there is served once, and missing ones are looked for`() {
        let missing = refused("/srv/carol", .noSuchFileOrDirectory)
        let first = roster.looked(found: [alice, bob], refused: [missing])
        #expect(first.beginning == [alice, bob])
        #expect(first.ending.isEmpty && first.isMissing)
        #expect(first.news.map(\.path) == ["/srv/carol"])
        let second = roster.looked(found: [bob, alice], refused: [missing])
        #expect(second.beginning.isEmpty && second.ending.isEmpty && second.isMissing)
        #expect(second.news.isEmpty, "the log knows")
        let carol = InboxPlace(path: "/srv/carol", device: 2, inode: 2, uid: 1003)
        let third = roster.looked(found: [alice, bob, carol], refused: [])
        #expect(third.beginning == [carol] && !third.isMissing)
        let isMended = roster.mended(carol.path)
        let wasWell = !roster.mended(alice.path)
        #expect(isMended && wasWell)
    }

    @Test(arguments: [(UInt64(1), UInt64(99)), (99, 10)])
    func `another directory is served only after the former one has ended`(
        device: UInt64, inode: UInt64
    ) {
        var roster = roster
        var other = alice
        (other.device, other.inode) = (device, inode)
        _ = roster.looked(found: [alice], refused: [])
        let look = roster.looked(found: [other], refused: [])
        #expect(look.ending.map(\.place) == [alice] && look.ending.map(\.loss) == [.replaced])
        #expect(look.beginning.isEmpty)
        let again = roster.looked(found: [other], refused: [])
        #expect(again.ending.isEmpty && again.beginning.isEmpty, "it is coming to its end")
        roster.ended(alice.path, isLost: true)
        #expect(roster.looked(found: [other], refused: []).beginning == [other])
        let isMended = roster.mended(alice.path)
        #expect(isMended)
    }

    @Test mutating func `another owner makes another inbox`() {
        _ = roster.looked(found: [alice], refused: [])
        var other = alice
        other.uid = 1002
        #expect(roster.looked(found: [other], refused: []).ending.map(\.loss) == [.changedOwner])
    }

    @Test mutating func `what left is told once, as a loss and not as missing too`() {
        _ = roster.looked(found: [alice, bob], refused: [])
        let absence = refused(alice.path, .noSuchFileOrDirectory)
        let look = roster.looked(found: [bob], refused: [absence])
        #expect(look.ending.map(\.loss) == [.gone] && look.news.isEmpty)
        roster.ended(alice.path, isLost: true)
        #expect(roster.looked(found: [bob], refused: [absence]).news.isEmpty)
        let other = refused(alice.path, .permissionDenied)
        #expect(roster.looked(found: [bob], refused: [other]).news.map(\.error) == [other.error])
        // A match of a pattern leaves without any refusal.
        #expect(roster.looked(found: [], refused: []).ending.map(\.place) == [bob])
    }

    @Test mutating func `a link in its place replaces an inbox`() {
        _ = roster.looked(found: [alice], refused: [])
        let look = roster.looked(found: [], refused: [refused(alice.path, .notDirectory)])
        #expect(look.ending.map(\.loss) == [.replaced])
    }

    @Test(arguments: ["/srv/alice", "/srv"])
    func `what cannot be looked at is not lost`(path: String) {
        var roster = InboxRoster(of: alice.path)
        _ = roster.looked(found: [alice], refused: [])
        let troubles: [InboxError] = [
            .rootUnavailable(path: path, .ioError), .rootUnavailable(path: path, .permissionDenied),
            .mountBusy(limit: 1), .noThread(.resourceTemporarilyUnavailable),
            .identityRefused(Account(uid: 1001, name: nil), .ioError),
        ]
        for trouble in troubles {
            let look = roster.looked(found: [], refused: [(path, trouble)])
            #expect(look.ending.isEmpty && look.isMissing, "\(trouble)")
        }
    }

    @Test mutating func `an inbox that was given to somebody who cannot be served is lost`() {
        _ = roster.looked(found: [alice], refused: [])
        let root = InboxError.identityRefused(Account(uid: 0, name: "root"), .notPermitted)
        let look = roster.looked(found: [], refused: [(alice.path, root)])
        #expect(look.ending.map(\.loss) == [.changedOwner])
    }

    @Test mutating func `what had no room is begun by a later look`() {
        _ = roster.looked(found: [alice], refused: [])
        let isNews = roster.declined(alice.path)
        #expect(!isNews)
        #expect(roster.looked(found: [alice], refused: []).beginning == [alice])
    }

    @Test mutating func `why a match may not begin is told once, and that it does then`() {
        let beneath = InboxError.refused(path: alice.path, .beneath("/srv"))
        for isNews in [true, false] {
            #expect(roster.looked(found: [alice], refused: []).beginning == [alice])
            #expect(roster.declined(alice.path, because: beneath) == isNews)
        }
        let isMended = roster.mended(alice.path)
        #expect(isMended)
    }

    @Test(arguments: [
        InboxRefusal.rootAccount, .systemAccount(Account(uid: 2, name: nil), leastUID: 1000),
    ])
    func `a match that was given to an account that is not served has another owner`(
        refusal: InboxRefusal
    ) {
        var roster = roster
        _ = roster.looked(found: [alice, bob], refused: [])
        let look = roster.looked(
            found: [bob], refused: [(alice.path, .refused(path: alice.path, refusal))])
        #expect(look.ending.map(\.place) == [alice] && look.ending.map(\.loss) == [.changedOwner])
        #expect(!look.isMissing, "watches tell when that changes")
    }

    @Test func `a look that failed or was bounded proves nothing about what it did not find`() {
        let failures: [(String, InboxError)] = [
            ("/srv/*", .refused(path: "/srv/*", .tooManyInboxes(limit: 1))),
            ("/srv/*", .refused(path: "/srv/*", .tooManyDirectories(limit: 1))),
            ("/srv/*", .silent(after: .seconds(1))), ("/", .silent(after: .seconds(1))),
            ("/srv/alice", .silent(after: .seconds(1))),
        ]
        for (path, error) in failures {
            var roster = roster
            _ = roster.looked(found: [alice], refused: [])
            #expect(roster.looked(found: [], refused: [(path, error)]).ending.isEmpty, "\(error)")
        }
    }

    @Test mutating func `troubles of what is gone are forgotten at last`() {
        for number in 0...InboxRoster.troubleLimit {
            let path = "/srv/\(number)"
            _ = roster.looked(found: [], refused: [(path, .refused(path: path, .nameNotText))])
        }
        #expect(roster.looked(found: [], refused: [refused("/srv/0", .ioError)]).news.count == 1)
    }

    @Test func `there is one seat a place, no more than the limit, and word when one is free`()
        async
    {
        let desks = Desks(stateDirectory: "/state", seatLimit: 2)
        let bell = Signal()
        func take(_ path: String, _ inode: UInt64) -> Desks.Seat {
            desks.takeSeat(
                InboxChoice.Found(path: path, place: path, device: 1, inode: inode), orRing: bell)
        }
        #expect(take("/a", 1) == .granted)
        #expect(take("/a", 1) == .taken)
        #expect(take("/b", 2) == .granted)
        #expect(take("/c", 3) == .refused(.tooManyInboxes(limit: 2)))
        desks.giveUpSeat("/a")
        #expect(await bell.wait())
        #expect(take("/c", 3) == .granted)
        #expect(take("/a", 1) == .refused(.tooManyInboxes(limit: 2)))
    }
}
