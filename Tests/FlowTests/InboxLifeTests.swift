import Foundation
import Rules
import Testing

/// Inboxes that are missing, go, are replaced, and come back while the daemon runs.
@Suite(.serialized, .timeLimit(.minutes(5))) struct InboxLifeTests {
    let scene: FlowScene

    init() throws { scene = try FlowScene() }

    /// A PDF of one page.
    private var page: Data {
        get throws { try Data(contentsOf: FlowScene.fixture("pdf/english.pdf")) }
    }

    /// Keeps removals and missing inboxes from being noticed late: nothing tells of them.
    private static let often = "poll: 1s\n    rescan: 1s"

    private func inbox(_ path: String) -> ([String: String]) -> Bool { { $0["inbox"] == path } }

    /// Returns once a file is there: no line of the log tells of a status file.
    private func appeared(_ path: String) async {
        while access(path, F_OK) != 0, !Task.isCancelled { await Task.yield() }
    }

    /// A drop that is never taken, and whose status file shows it.
    private func dropRefused(in inbox: String, _ daemon: DaemonProcess) async throws {
        symlink("/etc/passwd", inbox + "/link.pdf")
        try await daemon.line(.dropRefused, "link.pdf")
        await appeared(inbox + "/link.pdf.status.json")
    }

    /// How many descriptors of the daemon are on a file system.
    private func descriptors(of daemon: DaemonProcess, on device: dev_t) throws -> Int {
        let folder = "/proc/\(daemon.program.pid)/fd"
        return try FileManager.default.contentsOfDirectory(atPath: folder).count { name in
            var facts = stat()
            return stat(folder + "/" + name, &facts) == 0 && facts.st_dev == device
        }
    }

    @Test func `an inbox that is made after the start is served, and the others all along`()
        async throws
    {
        let late = scene.folder + "/late"
        let daemon = try await scene.start(inbox: Self.often, others: [late])
        let refusal = try await daemon.line(.inboxRefused)
        #expect(refusal["inbox"] == late)
        #expect(refusal["detail"] == "open inbox \(late): No such file or directory")
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await daemon.ended(["a.pdf"])
        try scene.makeInbox("late")
        try scene.put(page, at: late + "/b.pdf")
        try await daemon.line(.inboxServedAgain, where: inbox(late))
        try await daemon.ended(["b.pdf"])
        #expect(daemon.lines(.inboxRefused).count == 1, "told once")
        try await daemon.stop()
    }

    @Test func `a daemon none of whose inboxes is there waits for them`() async throws {
        rmdir(scene.inbox)
        let daemon = try await scene.start(inbox: Self.often)
        try await daemon.line(.inboxRefused)
        try scene.makeInbox("inbox")
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await daemon.ended(["a.pdf"])
        try await daemon.stop()
        try await scene.expectClean()
    }

    @Test func `a run that takes what is there fails where nothing can be opened`() async throws {
        rmdir(scene.inbox)
        let (end, output) = try await RunningProgram.run(
            "ingestd", ["run", "--once", "--inbox", scene.inbox, "--state", scene.state])
        #expect(end == .exited(74))
        #expect(output.contains("open inbox \(scene.inbox): No such file or directory"))
    }

    @Test func `an inbox that is replaced is left alone, and the new one served`() async throws {
        let other = try scene.makeInbox("other")
        let daemon = try await scene.start(inbox: Self.often, others: [other])
        try await dropRefused(in: scene.inbox, daemon)
        let gone = scene.folder + "/gone"
        try FileManager.default.moveItem(atPath: scene.inbox, toPath: gone)
        let loss = try await daemon.line(.inboxLost)
        #expect(loss["inbox"] == scene.inbox)
        try scene.put(page, at: other + "/b.pdf")
        try await daemon.ended(["b.pdf"])
        try scene.put(page, at: gone + "/never.pdf")
        try scene.makeInbox("inbox")
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await daemon.line(.inboxServedAgain, where: inbox(scene.inbox))
        try await daemon.ended(["a.pdf"])
        try await daemon.stop()
        #expect(daemon.lines(.dropVanished).isEmpty)
        #expect(daemon.lines(.inboxLost).count == 1)
        #expect(access(gone + "/never.pdf", F_OK) == 0)
        #expect(access(gone + "/link.pdf.status.json", F_OK) == 0)
        #expect(access(gone + "/inbox.status.json", F_OK) == 0)
    }

    @Test func `an inbox that is removed and made again is served again`() async throws {
        let daemon = try await scene.start(inbox: Self.often)
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await daemon.ended(["a.pdf"])
        for number in 1...2 {
            // A summary that is just being written may come in between.
            while rmdir(scene.inbox) != 0, !Task.isCancelled {
                try FileManager.default.removeItem(atPath: scene.inbox)
                try scene.makeInbox("inbox")
            }
            try await daemon.line(.inboxLost, count: number)
            try scene.makeInbox("inbox")
            try await daemon.line(.inboxServedAgain, count: number)
            try scene.drop("pdf/english.pdf", as: "\(number).pdf")
            try await daemon.ended(["\(number).pdf"])
        }
        try await daemon.stop()
        try await scene.expectClean()
    }

    @Test func `an inbox that is removed is noticed by what cannot be written there any more`()
        async throws
    {
        let daemon = try await scene.start(
            inbox: "poll: 1s",
            settings: """
                workers: {count: 1}
                stages: {text: {soft: 2s, hard: 20s}, thumbnail: {soft: 1s, hard: 20s}}
                """)
        try scene.drop("pdf/endless.pdf")
        try await daemon.line(.stageStarted) { $0["stage"] == "text" }
        // The daemon may be writing there at this moment.
        while rmdir(scene.inbox) != 0, !Task.isCancelled {
            for name in try scene.names() { unlink(scene(name)) }
        }
        let loss = try await daemon.line(.inboxLost)
        #expect(loss["reason"] == "nothing is there any more")
        try scene.makeInbox("inbox")
        try await daemon.ended(["endless.pdf"])
        try await daemon.stop()
        #expect(try scene.status("endless.pdf")["status"] == "completed")
        #expect(try RecordedState(scene).mostAttempts() == 1)
    }

    @Test(.enabled(if: geteuid() == 0))
    func `a share is served while it is mounted, and its status files outlive its absence`()
        async throws
    {
        let share = try scene.makeInbox("share")
        try #require(mount("none", share, "tmpfs", 0, "mode=755,uid=\(FlowScene.uid)") == 0)
        defer { umount2(share, Int32(MNT_DETACH)) }
        try #require(mount(share, scene.inbox, nil, UInt(MS_BIND), nil) == 0)
        defer { umount2(scene.inbox, Int32(MNT_DETACH)) }
        let daemon = try await scene.start()
        try await dropRefused(in: scene.inbox, daemon)
        #expect(umount2(scene.inbox, Int32(MNT_DETACH)) == 0)
        try await daemon.line(.inboxLost) { $0["reason"] == "the share is not mounted" }
        // Nobody is to take what lies beneath a share.
        try scene.drop("pdf/english.pdf", as: "below.pdf")
        try scene.put(page, at: share + "/above.pdf")
        try #require(mount(share, scene.inbox, nil, UInt(MS_BIND), nil) == 0)
        try await daemon.line(.inboxServedAgain)
        try await daemon.ended(["above.pdf"])
        try await daemon.stop()
        #expect(daemon.lines(.inboxServedAgain).count == 1)
        #expect(umount2(scene.inbox, Int32(MNT_DETACH)) == 0)
        #expect(try scene.names() == ["below.pdf"])
        try #require(mount(share, scene.inbox, nil, UInt(MS_BIND), nil) == 0)
        #expect(scene.exists("link.pdf.status.json"))
        #expect(daemon.lines(.dropVanished).isEmpty)
        try await scene.expectClean()
    }

    @Test(.enabled(if: geteuid() == 0))
    func `a share that was unmounted lazily is let go of`() async throws {
        let options = "mode=755,uid=\(FlowScene.uid)"
        try #require(mount("none", scene.inbox, "tmpfs", 0, options) == 0)
        defer { umount2(scene.inbox, Int32(MNT_DETACH)) }
        let daemon = try await scene.start(settings: "workers: {count: 1}")
        let device = try scene.facts("").st_dev
        // Something of it is in hand all the while.
        try scene.drop("pdf/endless.pdf")
        try await daemon.line(.stageStarted) { $0["stage"] == "text" }
        try await dropRefused(in: scene.inbox, daemon)
        #expect(try descriptors(of: daemon, on: device) > 0)
        #expect(umount2(scene.inbox, Int32(MNT_DETACH)) == 0)
        while try descriptors(of: daemon, on: device) > 0, !Task.isCancelled { await Task.yield() }
        try #require(mount("none", scene.inbox, "tmpfs", 0, options) == 0)
        try await daemon.line(.inboxServedAgain)
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await daemon.line(.dropRemoved, "a.pdf")
        try await daemon.stop()
    }

    @Test(.enabled(if: geteuid() == 0))
    func `an inbox that is given to another account is that account's from then on`() async throws {
        let daemon = try await scene.start(settings: "workers: {count: 1}")
        try scene.drop("pdf/endless.pdf")
        try await daemon.line(.stageStarted) { $0["stage"] == "text" }
        try scene.drop("pdf/english.pdf", as: "secret.pdf")
        try await daemon.line(.dropRemoved, "secret.pdf")
        await appeared(scene("secret.pdf.status.json"))
        chown(scene.inbox, FlowScene.otherUID, FlowScene.otherUID)
        let loss = try await daemon.line(.inboxLost)
        #expect(loss["reason"] == "it has another owner")
        #expect(loss["account"] == "\(FlowScene.uid)")
        let next = try await daemon.line(.inboxReplaced)
        #expect(next["account"] == "\(FlowScene.otherUID)")
        #expect(next["reason"]?.contains("(uid \(FlowScene.uid))") == true)
        try scene.put(page, at: scene("own.pdf"), owner: FlowScene.otherUID)
        try await daemon.line(.dropClaimed, "own.pdf") {
            $0["account"] == "\(FlowScene.otherUID)"
        }
        #expect(!scene.exists("secret.pdf.results"))
        #expect(try scene.facts("secret.pdf.status.json").st_uid == FlowScene.uid)
        try await daemon.stop()
    }

    @Test(.enabled(if: geteuid() == 0))
    func `a share that hangs keeps no other inbox waiting, and is served when it does not`()
        async throws
    {
        let share = try scene.makeInbox("share")
        let below = try scene.makeInbox("share/in")
        let hung = try HungMount(at: share)
        let daemon = try await scene.start(inbox: Self.often, others: [below])
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await daemon.ended(["a.pdf"])
        #expect(daemon.lines(.inboxRefused).isEmpty, "nothing is known of it")
        hung.fail()
        let refusal = try await daemon.line(.inboxRefused)
        // Where the machine was slow the share was given up before it failed.
        let reason = refusal["detail"] ?? ""
        #expect(
            reason.hasPrefix("open inbox \(below): ")
                || reason.hasPrefix("wait for a file system: no answer"), "\(reason)")
        hung.unmount()
        try await daemon.line(.inboxServedAgain, where: inbox(below))
        try scene.put(page, at: below + "/b.pdf")
        try await daemon.ended(["b.pdf"])
        try await daemon.stop()
    }

    @Test func `what is in processing when its inbox goes finishes when it is back`() async throws {
        let daemon = try await scene.start(
            inbox: Self.often,
            settings: """
                workers: {count: 1}
                stages: {text: {soft: 1s, hard: 20s}, thumbnail: {soft: 1s, hard: 20s}}
                """)
        try scene.drop("pdf/endless.pdf")
        try await daemon.line(.stageStarted) { $0["stage"] == "text" }
        try scene.drop("pdf/english.pdf", as: "queued.pdf")
        try await daemon.line(.dropRemoved, "queued.pdf")
        let gone = scene.folder + "/gone"
        try FileManager.default.moveItem(atPath: scene.inbox, toPath: gone)
        try await daemon.line(.inboxLost)
        // Its worker goes on without the inbox.
        try await daemon.line(.stageStarted) { $0["stage"] == "thumbnail" }
        try FileManager.default.moveItem(atPath: gone, toPath: scene.inbox)
        try await daemon.line(.inboxServedAgain)
        try await daemon.ended(["endless.pdf", "queued.pdf"])
        try await daemon.stop()
        for name in ["endless.pdf", "queued.pdf"] {
            #expect(try scene.status(name)["status"] == "completed", "\(name)")
            #expect(scene.exists("\(name).results/info.json"))
        }
        #expect(try RecordedState(scene).mostAttempts() == 1)
        try await scene.expectClean()
    }
}
