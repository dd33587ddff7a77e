import Glibc
import TestSupport
import Testing

@testable import Intake

@Suite(.timeLimit(.minutes(5))) struct MountWatcherTests {
    @Test(.enabled(if: geteuid() == 0))
    func `a mount and an unmount are told`() async throws {
        let folder = try TemporaryFolder()
        let (changes, told) = AsyncStream.makeStream(of: Void.self)
        let watcher = try MountWatcher { told.yield() }
        var heard = changes.makeAsyncIterator()
        // Other tests mount too: what is told first may be theirs, but ours is told as well.
        try #require(mount("none", folder.path, "tmpfs", 0, "size=64k") == 0)
        await heard.next()
        #expect(umount2(folder.path, Int32(MNT_DETACH)) == 0)
        await heard.next()
        withExtendedLifetime(watcher) {}
    }

    @Test func `its thread ends with it`() async throws {
        let (ends, ended) = AsyncStream.makeStream(of: Void.self)
        let last = Last { ended.finish() }
        var watcher: MountWatcher? = try MountWatcher { _ = last }
        withExtendedLifetime(watcher) {}
        watcher = nil
        _ = consume last
        for await _ in ends {}
    }

    /// Tells when nobody holds it any more.
    private final class Last: Sendable {
        private let gone: @Sendable () -> Void
        init(_ gone: @escaping @Sendable () -> Void) { self.gone = gone }
        deinit { gone() }
    }
}
