import Glibc
import Rules
import SystemPackage
import TestSupport
import Testing

@testable import Inbox

/// What is mounted at an inbox's path while it is being opened.
@Suite(.serialized, .enabled(if: geteuid() == 0)) struct InboxMountTests {
    let threads = OwnerThreads()
    let folder: TemporaryFolder
    var inbox: String { folder("inbox") }

    init() throws {
        folder = try TemporaryFolder()
        mkdir(inbox, 0o755)
    }

    /// Opens what was found at the inbox's path before.
    private func open(_ place: Place) async throws -> InboxRoot {
        try await InboxRoot.open(place, path: inbox, way: .direct, threads: threads)
    }

    @Test func `what lies beneath a share is known as that though the share is there by now`()
        async throws
    {
        let found = try Place(path: inbox, isLinkFollowed: false)
        try #require(mount("none", inbox, "tmpfs", 0, nil) == 0)
        defer { umount2(inbox, Int32(MNT_DETACH)) }
        let bare = try await open(found)
        #expect(inbox.hasPrefix(bare.mountPoint) && bare.mountPoint != inbox)
        let share = try await InboxRoot.open(inbox, threads: threads)
        #expect(share.mountPoint == inbox)
        #expect(try await bare.loss() == .replaced)
        umount2(inbox, Int32(MNT_DETACH))
        #expect(try await share.loss() == .unmounted)
    }

    @Test func `a share that went while it was opened is no inbox`() async throws {
        try #require(mount("none", inbox, "tmpfs", 0, nil) == 0)
        let found = try Place(path: inbox, isLinkFollowed: false)
        umount2(inbox, Int32(MNT_DETACH))
        await #expect(throws: InboxError.rootUnavailable(path: inbox, .staleNFSFileHandle)) {
            try await open(found)
        }
    }
}
