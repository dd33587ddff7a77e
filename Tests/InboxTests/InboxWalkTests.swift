import Glibc
import Rules
import SystemPackage
import TestSupport
import Testing

@testable import Inbox

/// A tree of homes, each locked to its owner, as `useradd` makes them.
struct Homes {
    static let alice: uid_t = 40_001
    static let bob: uid_t = 40_002

    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        chmod(folder.path, 0o755)
    }

    func callAsFunction(_ name: String) -> String { folder(name) }

    /// Makes a directory of somebody's.
    func make(_ name: String, owner: uid_t, mode: mode_t = 0o700) {
        mkdir(folder(name), mode)
        chmod(folder(name), mode)
        chown(folder(name), owner, owner)
    }

    func find(_ pattern: String, limit: Int = InboxWalk.directoryLimit) async -> InboxFindings {
        await InboxWalk(
            folder.path + "/" + pattern, threads: OwnerThreads(), directoryLimit: limit
        ).findings()
    }
}

extension InboxFindings {
    /// The names below a tree's root, with their owners.
    fileprivate func matches(in homes: Homes) -> [String: UInt32] {
        Dictionary(
            uniqueKeysWithValues: roots.map {
                (String($0.path.dropFirst(homes.folder.path.count + 1)), $0.account.uid)
            })
    }

    fileprivate func refusal(of path: String) -> InboxRefusal? {
        for case (path, .refused(_, let refusal)) in refusals { return refusal }
        return nil
    }
}

@Suite(.enabled(if: geteuid() == 0), .timeLimit(.minutes(5))) struct InboxWalkTests {
    let homes: Homes

    init() throws { homes = try Homes() }

    @Test func `each match is an inbox of its owner, in homes that nobody else may enter`()
        async throws
    {
        for (name, uid) in [("alice", Homes.alice), ("bob", Homes.bob)] {
            homes.make(name, owner: uid)
            homes.make("\(name)/Inbox", owner: uid)
        }
        homes.make("carol", owner: 40_003)
        homes.make(".hidden", owner: 40_004)
        homes.make(".hidden/Inbox", owner: 40_004)
        try homes.folder.write("file", "x")
        let findings = await homes.find("*/Inbox")
        #expect(
            findings.matches(in: homes)
                == ["alice/Inbox": Homes.alice, "bob/Inbox": Homes.bob])
        #expect(findings.refusals.isEmpty)
        // The tree, and each home: carol may make her inbox any time.
        #expect(findings.passages.count == 4)
        for root in findings.roots { #expect(try await root.loss() == nil) }
    }

    @Test func `directories of root, system users and nobody need their exact path`() async throws {
        homes.make("root", owner: 0)
        homes.make("daemon", owner: 1)
        homes.make("nobody", owner: 65_534)
        homes.make("alice", owner: Homes.alice)
        let findings = await homes.find("*")
        #expect(findings.matches(in: homes) == ["alice": Homes.alice])
        #expect(findings.refusal(of: homes("root")) == .rootAccount)
        guard case .systemAccount = findings.refusal(of: homes("daemon")) else {
            Issue.record("\(findings.refusals)")
            return
        }
        guard case .nobody = findings.refusal(of: homes("nobody")) else {
            Issue.record("\(findings.refusals)")
            return
        }
        for name in ["root", "daemon", "nobody"] {
            let exact = await homes.find(name)
            #expect(exact.roots.map(\.path) == [homes(name)])
            #expect(exact.passages.count == 1)
        }
    }

    @Test func `no link is followed from the first wildcard on`() async throws {
        homes.make("alice", owner: Homes.alice)
        homes.make("alice/Inbox", owner: Homes.alice)
        homes.make("bob", owner: Homes.bob)
        symlink(homes("alice/Inbox"), homes("bob/Inbox"))
        symlink(homes("alice"), homes("carol"))
        lchown(homes("bob/Inbox"), Homes.bob, Homes.bob)
        let findings = await homes.find("*/Inbox")
        #expect(findings.matches(in: homes) == ["alice/Inbox": Homes.alice])
        #expect(findings.refusals.isEmpty)
    }

    @Test(arguments: [0 as uid_t, Homes.bob])
    func `before the first wildcard the operator's links are followed, and no others`(
        owner: uid_t
    ) async throws {
        homes.make("real", owner: 0, mode: 0o755)
        homes.make("real/alice", owner: Homes.alice)
        homes.make("other", owner: owner, mode: 0o755)
        symlink("../real/.", homes("other/link"))
        lchown(homes("other/link"), owner, owner)
        let findings = await homes.find("other/link/*")
        #expect(findings.roots.count == (owner == 0 ? 1 : 0))
        if owner == 0 {
            #expect(findings.roots.first?.path == homes("other/link/alice"))
            #expect(findings.roots.first?.location == homes("real/alice"))
        } else {
            #expect(findings.refusals.map(\.path) == [homes("other/link")])
        }
    }

    @Test func `a way with links in a circle ends`() async throws {
        symlink("two", homes("one"))
        symlink("one", homes("two"))
        let findings = await homes.find("one/*")
        #expect(findings.roots.isEmpty)
        #expect(findings.refusals.first?.error.errno == .tooManySymbolicLinkLevels)
    }

    @Test func `each directory is opened in the name of the owner of the one above`() async throws {
        // Bob keeps a directory of alice's behind a door of his own: she never gets there by it.
        homes.make("bob", owner: Homes.bob, mode: 0o755)
        homes.make("bob/closed", owner: Homes.alice, mode: 0o700)
        homes.make("bob/closed/Inbox", owner: Homes.bob, mode: 0o700)
        let findings = await homes.find("bob/*/Inbox")
        #expect(findings.matches(in: homes) == ["bob/closed/Inbox": Homes.bob])
        chmod(homes("bob/closed"), 0)
        let shut = await homes.find("bob/*/Inbox")
        #expect(shut.roots.isEmpty)
        #expect(shut.refusals.map(\.path) == [homes("bob/closed/Inbox")])
        #expect(shut.refusals.first?.error.errno == .permissionDenied)
    }

    @Test func `a name that is no text is refused`() async throws {
        let name = Array(homes.folder.path.utf8) + [UInt8(ascii: "/"), 0xff, 0]
        #expect(mkdir(name.map(CChar.init(bitPattern:)), 0o700) == 0)
        let findings = await homes.find("*")
        #expect(findings.roots.isEmpty)
        guard case .refused(_, .nameNotText)? = findings.refusals.first?.error else {
            Issue.record("\(findings.refusals)")
            return
        }
    }

    @Test func `what is missing is told, and where it would come`() async throws {
        let exact = await homes.find("none/below")
        #expect(exact.roots.isEmpty)
        #expect(exact.refusals.first?.error.isAbsence == true)
        #expect(exact.passages.map(\.path) == [homes.folder.path])
        #expect(exact.passages.first?.step.admits(FileName(literal: "none")) == true)
        let pattern = await homes.find("none/below/*")
        #expect(pattern.refusals.map(\.path) == [homes("none/below")])
        #expect(pattern.passages.first?.step.admits(FileName(literal: "none")) == true)
        #expect(pattern.passages.first?.step.admits(FileName(literal: "other")) == false)
        let nothing = await InboxWalk("no/path", threads: OwnerThreads()).findings()
        #expect(nothing.refusals.count == 1)
    }

    @Test func `nobody crowds the others out`() async throws {
        for number in 0..<8 { homes.make("\(number)", owner: Homes.alice) }
        homes.make("bob", owner: Homes.bob)
        for number in 0..<8 { homes.make("0/\(number)", owner: Homes.alice) }
        for number in 0..<2 { homes.make("1/\(number)", owner: Homes.alice) }
        homes.make("bob/x", owner: Homes.bob)
        // Each account's first comes before anybody's second.
        #expect(await homes.find("*").roots.prefix(2).map(\.account.uid) == [40_001, 40_002])
        #expect(await homes.find("*/*", limit: 11).roots.count == 11)
        // Past the bound each directory has the same share.
        let bounded = await homes.find("*/*", limit: 9)
        #expect(
            bounded.matches(in: homes)
                == ["0/0": Homes.alice, "1/0": Homes.alice, "bob/x": Homes.bob])
        #expect(bounded.refusal(of: homes("*/*")) == .tooManyDirectories(limit: 9))
    }

    @Test(.enabled(if: HungMount.isPossible))
    func `a match that hangs holds up no other`() async throws {
        for name in ["alice", "bob"] { homes.make(name, owner: Homes.alice) }
        for name in ["alice/Inbox", "bob/Inbox"] { homes.make(name, owner: Homes.alice) }
        let hung = try HungMount(at: homes("bob"))
        let findings = await InboxWalk(
            homes("*/Inbox"), threads: OwnerThreads(patience: .milliseconds(200))
        ).findings()
        #expect(findings.matches(in: homes) == ["alice/Inbox": Homes.alice])
        #expect(findings.refusals.map(\.path) == [homes("bob")])
        guard case .silent? = findings.refusals.first?.error else {
            Issue.record("\(findings.refusals)")
            return
        }
        withExtendedLifetime(hung) {}
    }
}

@Suite(.enabled(if: geteuid() == 0), .timeLimit(.minutes(5))) struct MountRegisterTests {
    @Test func `what is mounted is known without being touched`() async throws {
        let folder = try TemporaryFolder()
        mkdir(folder("share"), 0o755)
        let root = try await InboxRoot.open(folder.path, threads: OwnerThreads())
        let path = BeneathPath([FileName(literal: "share")])
        #expect(root.submounts.isEmpty)
        #expect(root.mount(of: path) == root.device)
        do {
            let mount = try MemoryMount(at: folder("share"))
            #expect(root.submounts.points == [path])
            let device = root.mount(of: path.appending(FileName(literal: "a.pdf")))
            #expect(device != root.device)
            let seen = try await root.run(at: path) { try $0.entry(path)?.identity.device }
            #expect(seen == device)
            withExtendedLifetime(mount) {}
        }
        #expect(root.submounts.isEmpty)
    }
}
