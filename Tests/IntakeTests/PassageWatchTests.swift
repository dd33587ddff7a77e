import Glibc
import Rules
import TestSupport
import Testing

@testable import Inbox
@testable import Intake

// Beside all other tests each step may take seconds.
@Suite(.timeLimit(.minutes(5))) struct PassageWatchTests {
    let folder: TemporaryFolder
    let threads = OwnerThreads()

    init() throws { folder = try TemporaryFolder() }

    /// Looks for the inboxes of an exact path and watches the way to it; returns what was found.
    private func look(_ name: String, _ watch: PassageWatch) async -> [String] {
        let findings = await InboxWalk(folder(name), threads: threads).findings()
        await watch.watch(findings.passages)
        return findings.roots.map(\.path)
    }

    /// Looks until the watches stand, for what is watched anew may have changed before.
    private func settle(_ name: String, _ watch: PassageWatch) async -> [String] {
        _ = await look(name, watch)
        await watch.change()
        return await look(name, watch)
    }

    enum Change: String, CaseIterable {
        case make, moveIn, moveOut, remove, changeMode
    }

    @Test(arguments: Change.allCases)
    func `an inbox that comes, goes or changes is told`(change: Change) async throws {
        let watch = PassageWatch(
            watcher: try DropWatcher(), rescan: .seconds(3600), clock: HurriedClock())
        mkdir(folder("aside"), 0o755)
        let isThere = ![.make, .moveIn].contains(change)
        if isThere { mkdir(folder("in"), 0o755) }
        #expect(await settle("in", watch).count == (isThere ? 1 : 0))
        switch change {
        case .make: mkdir(folder("in"), 0o755)
        case .moveIn: rename(folder("aside"), folder("in"))
        case .moveOut: rename(folder("in"), folder("out"))
        case .remove: rmdir(folder("in"))
        case .changeMode: chmod(folder("in"), 0o700)
        }
        await watch.change()
        #expect(await look("in", watch).isEmpty == [.moveOut, .remove].contains(change))
    }

    @Test func `files and other directories on the way are no change`() async throws {
        let watcher = try DropWatcher()
        let bell = Bell()
        let table = PassageTable()
        let step = InboxPattern.Step(to: FileName(literal: "in"))
        let holder = ObjectIdentifier(watcher)
        #expect(
            table.insert(
                PassageTable.Mark(holder: holder, round: 1, step: step, bell: bell), number: 7))
        func deliver(_ name: String, _ mask: Int32, watch: Int32 = 7) -> Bool {
            table.deliver(
                InotifyRecord(
                    watch: watch, mask: UInt32(bitPattern: mask), name: Array(name.utf8)))
            return bell.isRung
        }
        let folder = Int32(bitPattern: UInt32(IN_ISDIR))
        #expect(!deliver("in", IN_CREATE))
        #expect(!deliver("other", IN_CREATE | folder))
        #expect(!deliver("in", IN_CREATE | folder, watch: 8))
        #expect(deliver("in", IN_CREATE | folder))
    }

    @Test(.enabled(if: geteuid() == 0))
    func `a match of a pattern is seen in homes that are closed to all others`() async throws {
        chmod(folder.path, 0o755)
        mkdir(folder("alice"), 0o700)
        chown(folder("alice"), 40_001, 40_001)
        let watch = PassageWatch(
            watcher: try DropWatcher(), rescan: .seconds(3600), clock: HurriedClock())
        #expect(await settle("*/Inbox", watch) == [])
        mkdir(folder("alice/Inbox"), 0o700)
        chown(folder("alice/Inbox"), 40_001, 40_001)
        var found: [String] = []
        while found.isEmpty {
            await watch.change()
            found = await look("*/Inbox", watch)
        }
        #expect(found == [folder("alice/Inbox")])
        // A home that comes later is watched as well.
        mkdir(folder("bob"), 0o700)
        mkdir(folder("bob/Inbox"), 0o700)
        chown(folder("bob/Inbox"), 40_002, 40_002)
        chown(folder("bob"), 40_002, 40_002)
        while found.count < 2 {
            await watch.change()
            found = await look("*/Inbox", watch)
        }
        rmdir(folder("bob/Inbox"))
        while found.count > 1 {
            await watch.change()
            found = await look("*/Inbox", watch)
        }
    }

    @Test func `without watches the way is looked at now and then`() async throws {
        let watch = PassageWatch(
            watcher: try DropWatcher(watchLimit: 0), rescan: .milliseconds(20))
        _ = await look("in", watch)
        mkdir(folder("in"), 0o755)
        var found: [String] = []
        while found.isEmpty {
            await watch.change()
            found = await look("in", watch)
        }
    }

    @Test func `a directory that is an inbox and on the way to another tells both`() async throws {
        try await IntakeHarness.running(IntakeHarness(folder)) { harness in
            let watch = PassageWatch(
                watcher: harness.watcher, rescan: .seconds(3600), clock: HurriedClock())
            let count = harness.watcher.watchCount
            _ = await settle("in", watch)
            #expect(harness.watcher.watchCount == count + 1)
            try folder.write("a.pdf", "%PDF-1.4\n%%EOF\n")
            #expect(await harness.take(1) == ["a.pdf"])
            mkdir(folder("in"), 0o755)
            await watch.change()
            await watch.watch([])
            #expect(harness.watcher.watchCount >= count)
            try folder.write("b.pdf", "%PDF-1.4\n%%EOF\n")
            #expect(await harness.take(1) == ["b.pdf"])
        }
    }
}

/// A clock on which every wait is over at once: how long is rested between looks is no matter here.
private struct HurriedClock: Clock {
    var now: ContinuousClock.Instant { .now }
    var minimumResolution: Duration { .zero }

    func sleep(until deadline: ContinuousClock.Instant, tolerance: Duration?) async throws {
        await Task.yield()
        try Task.checkCancellation()
    }
}
