import Glibc
import Rules
import SystemPackage
import TestSupport
import Testing

@testable import Inbox

@Suite struct InboxRootTests {
    let threads = OwnerThreads()
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func path(_ text: String) throws -> BeneathPath {
        try #require(BeneathPath(bytes: Array(text.utf8)))
    }

    @Test func `an inbox belongs to the owner of its directory`() async throws {
        let root = try await InboxRoot.open(folder.path + "//", threads: threads)
        #expect(root.path == folder.path)
        #expect(root.account.uid == getuid())
        #expect(try await root.loss() == nil)
        #expect(try await root.run { try $0.entry(BeneathPath())?.kind } == .folder)
    }

    @Test func `a link, a file or nothing is no inbox`() async throws {
        symlink(folder.path, folder("link"))
        try folder.write("file", "x")
        for name in ["link", "link/", "file", "nothing"] {
            let error = await #expect(throws: InboxError.self) {
                try await InboxRoot.open(folder(name), threads: threads)
            }
            guard case .rootUnavailable = error else {
                Issue.record("\(name): \(String(describing: error))")
                continue
            }
        }
    }

    @Test(.enabled(if: geteuid() == 0), arguments: [(UInt32(0), true), (65_502, false)])
    func `on the way to an inbox only links of root are followed`(
        owner: UInt32, isFollowed: Bool
    ) async throws {
        for name in ["bob", "bob/Inbox"] { mkdir(folder(name), 0o755) }
        symlink(folder("bob"), folder("alice"))
        lchown(folder("alice"), owner, owner)
        let inbox = folder("alice/Inbox")
        if isFollowed {
            #expect(try await InboxRoot.open(inbox, threads: threads).path == inbox)
        } else {
            await #expect(throws: InboxError.self) {
                try await InboxRoot.open(inbox, threads: threads)
            }
        }
    }

    @Test func `a root that was replaced is noticed`() async throws {
        mkdir(folder("inbox"), 0o755)
        let root = try await InboxRoot.open(folder("inbox"), threads: threads)
        #expect(rename(folder("inbox"), folder("elsewhere")) == 0)
        mkdir(folder("inbox"), 0o755)
        #expect(try await root.loss() == .replaced)
        rmdir(folder("inbox"))
        #expect(try await root.loss() == .gone)
        symlink(folder("elsewhere"), folder("inbox"))
        #expect(try await root.loss() == .replaced)
        unlink(folder("inbox"))
        #expect(rename(folder("elsewhere"), folder("inbox")) == 0)
        #expect(try await root.loss() == nil)
    }

    @Test(.enabled(if: geteuid() == 0))
    func `a root that was given to another account is noticed`() async throws {
        let root = try await InboxRoot.open(folder.path, threads: threads)
        chown(folder.path, 65_501, 65_501)
        #expect(try await root.loss() == .changedOwner)
        chown(folder.path, root.account.uid, root.account.uid)
        #expect(try await root.loss() == nil)
    }

    @Test func `a root that was let go of is closed once what runs on it has ended`() async throws {
        mkdir(folder("inbox"), 0o755)
        let root = try await InboxRoot.open(folder("inbox"), threads: threads)
        let path = folder("inbox")
        let counts = try await root.run { files in
            let before = Self.descriptors(of: path)
            root.letGo()
            // What runs still has what it began with.
            _ = try files.entry(BeneathPath())
            return (before, Self.descriptors(of: path))
        }
        #expect(counts == (1, 1))
        await #expect(throws: InboxError.rootLost(path: path)) {
            try await root.run { _ in }
        }
        // Whoever ran on it lets go of it a moment after telling what came of it.
        var count = Self.descriptors(of: path)
        for _ in 0..<1000 where count > 0 {
            await Task.yield()
            count = Self.descriptors(of: path)
        }
        #expect(count == 0)
    }

    /// How many descriptors of this process lead to a directory.
    private static func descriptors(of path: String) -> Int {
        (Int32(0)..<16_384).count { number in
            var facts = stat()
            var wanted = stat()
            return fstat(number, &facts) == 0 && stat(path, &wanted) == 0
                && (facts.st_dev, facts.st_ino) == (wanted.st_dev, wanted.st_ino)
        }
    }

    @Test(
        .enabled(if: geteuid() == 0),
        arguments: [65_501 as uid_t, 65_502])
    func `what is made in an inbox is its owner's`(uid: uid_t) async throws {
        chown(folder.path, uid, uid)
        let root = try await InboxRoot.open(folder.path, threads: threads)
        #expect(root.account == Account(uid: uid, name: nil))
        let name = try path("new")
        try await root.run { files in
            let file = try files.createTemporary(in: BeneathPath())
            try file.descriptor.close()
            try files.rename(file.path, to: name, replacing: false)
            try files.makeFolder(BeneathPath([FileName(literal: "folder")]))
        }
        #expect(try folder.facts("new").st_uid == uid)
        #expect(try folder.facts("folder").st_uid == uid)
    }

    @Test(.enabled(if: geteuid() == 0))
    func `what the owner may not read, nobody reads for them`() async throws {
        try folder.write("secret", "root's", mode: 0o600)
        mkdir(folder("closed"), 0o700)
        try folder.write("closed/inner", "root's")
        chown(folder.path, 65_501, 65_501)
        let root = try await InboxRoot.open(folder.path, threads: threads)
        let (secret, inner) = (try path("secret"), try path("closed/inner"))
        for path in [secret, inner] {
            let error = await #expect(throws: InboxError.self) {
                try await root.run { files in try files.openForReading(path).close() }
            }
            #expect(error?.errno == .permissionDenied)
            #expect(error?.failure.code == .notReadable)
        }
    }

    @Test(.enabled(if: geteuid() == 0))
    func `identities do not stick to the threads`() async throws {
        let mine = try await InboxRoot.open(folder.path, threads: threads)
        mkdir(folder("theirs"), 0o755)
        chown(folder("theirs"), 65_501, 65_501)
        let theirs = try await InboxRoot.open(folder("theirs"), threads: threads)
        try await withThrowingTaskGroup { group in
            for number in 0..<200 {
                group.addTask {
                    try await (number.isMultiple(of: 2) ? mine : theirs).run { files in
                        let file = try files.createTemporary(in: BeneathPath())
                        defer { close(file.descriptor.rawValue) }
                        let entry = try Entry(of: file.descriptor, path: file.path)
                        #expect(entry.uid == (number.isMultiple(of: 2) ? 0 : 65_501))
                        #expect(entry.gid == (number.isMultiple(of: 2) ? 0 : Owner.noGroup))
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
