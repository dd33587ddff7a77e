import Foundation
import Rules
import Testing

/// Inboxes that patterns find, in homes that only their owners may enter.
@Suite(.enabled(if: geteuid() == 0), .timeLimit(.minutes(5))) struct PatternTests {
    /// The capabilities of the unit file, and nothing that overrides a permission.
    private static let capabilities = "setuid setgid lease kill"
    private static let serviceUID: uid_t = 40_090

    let scene: FlowScene
    private var homes: String { scene.folder + "/home" }

    init() throws {
        scene = try FlowScene()
        mkdir(homes, 0o755)
        chmod(homes, 0o755)
    }

    /// Makes a home with an inbox, and drops a file into it; gives the path of the drop.
    @discardableResult
    private func makeHome(_ name: String, owner: uid_t) throws -> String {
        for path in ["\(homes)/\(name)", "\(homes)/\(name)/Inbox"] {
            mkdir(path, 0o700)
            chmod(path, 0o700)
            chown(path, owner, owner)
        }
        let drop = "\(homes)/\(name)/Inbox/\(name).pdf"
        let bytes = try Data(contentsOf: FlowScene.fixture("pdf/english.pdf"))
        try scene.put(bytes, at: drop, owner: owner)
        return drop
    }

    private func expectPublished(_ drop: String, for uid: uid_t) throws {
        for name in [".status.json", ".results", ".results/text.txt", ".results/original.pdf"] {
            var facts = stat()
            #expect(lstat(drop + name, &facts) == 0, "\(drop + name)")
            #expect(facts.st_uid == uid, "\(drop + name)")
        }
        let text = try String(contentsOfFile: drop + ".status.json", encoding: .utf8)
        #expect(try StatusFile(text).number("uid") == Int(uid))
        #expect(!FileManager.default.fileExists(atPath: drop))
    }

    @Test(arguments: [true, false])
    func `a pattern serves each home in its owner's name, also without root`(
        isRoot: Bool
    ) async throws {
        let alice = try makeHome("alice", owner: FlowScene.uid)
        let bob = try makeHome("bob", owner: FlowScene.otherUID)
        try makeHome("root", owner: 0)
        symlink("\(homes)/alice", "\(homes)/carol")
        let daemon =
            isRoot
            ? try await scene.start(over: ["\(homes)/*/Inbox"])
            : try await scene.start(
                over: ["\(homes)/*/Inbox"], as: Self.serviceUID, capabilities: Self.capabilities)
        try await daemon.ended(["alice.pdf", "bob.pdf"])
        let refused = try await daemon.line(.inboxRefused)
        #expect(refused["inbox"] == "\(homes)/root/Inbox")
        #expect(refused["detail"]?.contains("belongs to root") == true)
        try await daemon.stop()
        #expect(daemon.lines(.inboxRefused).count == 1)
        try expectPublished(alice, for: FlowScene.uid)
        try expectPublished(bob, for: FlowScene.otherUID)
        #expect(daemon.lines(.inboxWatched).count == 2)
        let state = RecordedState(scene)
        for uid in [FlowScene.uid, FlowScene.otherUID] {
            #expect(try state.charge(of: uid).files == 1)
        }
    }

    @Test(arguments: [true, false])
    func `an inbox of root's is served where its exact path is named`(isRoot: Bool) async throws {
        let drop = try makeHome("root", owner: 0)
        let bob = try makeHome("bob", owner: FlowScene.otherUID)
        let inboxes = ["\(homes)/*/Inbox", "\(homes)/root/Inbox"]
        let daemon =
            isRoot
            ? try await scene.start(over: inboxes)
            : try await scene.start(
                over: inboxes, as: Self.serviceUID, capabilities: Self.capabilities)
        try await daemon.ended(["root.pdf", "bob.pdf"])
        try await daemon.stop()
        try expectPublished(drop, for: 0)
        try expectPublished(bob, for: FlowScene.otherUID)
    }

    @Test func `an ordinary user's daemon serves that user alone`() async throws {
        let alice = try makeHome("alice", owner: FlowScene.uid)
        chmod("\(homes)/alice", 0o755)
        try makeHome("bob", owner: FlowScene.otherUID)
        chmod("\(homes)/bob", 0o755)
        let daemon = try await scene.start(
            over: ["\(homes)/*/Inbox"], as: FlowScene.uid, capabilities: nil)
        try await daemon.ended(["alice.pdf"])
        let refused = try await daemon.line(.inboxRefused)
        #expect(refused["inbox"] == "\(homes)/bob/Inbox")
        #expect(refused["detail"]?.contains("serves its own user alone") == true)
        try await daemon.stop()
        try expectPublished(alice, for: FlowScene.uid)
    }

    @Test func `an exact path wins over a pattern, and no inbox is served in another`()
        async throws
    {
        let alice = try makeHome("alice", owner: FlowScene.uid)
        let daemon = try await scene.start(
            over: ["\(homes)/*", "\(homes)/*/Inbox", "\(homes)/alice/Inbox", "\(homes)/a*/Inbox"])
        try await daemon.ended(["alice.pdf"])
        try await daemon.stop()
        try expectPublished(alice, for: FlowScene.uid)
        let refused = daemon.lines(.inboxRefused)
        #expect(refused.map { $0["inbox"] } == ["\(homes)/alice"])
        #expect(refused.first?["detail"]?.contains("stands beneath it") == true)
        #expect(daemon.lines(.inboxWatched).map { $0["inbox"] } == ["\(homes)/alice/Inbox"])
    }

    @Test func `a pattern that matches nothing yet is no reason to stop`() async throws {
        let daemon = try await scene.start(over: ["\(homes)/*/Inbox"])
        try await daemon.stop()
    }

    @Test(arguments: [true, false])
    func `a match that is made while the daemon runs is served at once`(
        isRoot: Bool
    ) async throws {
        let alice = try makeHome("alice", owner: FlowScene.uid)
        // No poll and no rescan comes within the test: the watches alone tell.
        let daemon =
            isRoot
            ? try await scene.start(over: ["\(homes)/*/Inbox"])
            : try await scene.start(
                over: ["\(homes)/*/Inbox"], as: Self.serviceUID, capabilities: Self.capabilities)
        try await daemon.ended(["alice.pdf"])
        let bob = try makeHome("bob", owner: FlowScene.otherUID)
        try await daemon.ended(["bob.pdf"])
        try await daemon.stop()
        try expectPublished(alice, for: FlowScene.uid)
        try expectPublished(bob, for: FlowScene.otherUID)
        #expect(daemon.lines(.inboxWatched).count == 2)
    }

    @Test(arguments: [true, false])
    func `a match that goes ends, and one that is made in its place is served`(
        isExact: Bool
    ) async throws {
        let drop = try makeHome("alice", owner: FlowScene.uid)
        let inbox = "\(homes)/alice/Inbox"
        let bob = try makeHome("bob", owner: FlowScene.otherUID)
        let daemon = try await scene.start(
            over: isExact ? [inbox, "\(homes)/bob/Inbox"] : ["\(homes)/*/Inbox"])
        try await daemon.ended(["alice.pdf", "bob.pdf"])
        for number in 1...2 {
            try FileManager.default.moveItem(atPath: inbox, toPath: "\(homes)/gone\(number)")
            let loss = try await daemon.line(.inboxLost, count: number)
            #expect(loss["inbox"] == inbox)
            try makeHome("alice", owner: FlowScene.uid)
            try await daemon.line(.inboxServedAgain, count: number) { $0["inbox"] == inbox }
            try await daemon.line(.documentCompleted, "alice.pdf", count: number + 1)
        }
        // The kernel does not tell the open directory itself that it was removed.
        while rmdir(inbox) != 0, !Task.isCancelled {
            for name in try FileManager.default.contentsOfDirectory(atPath: inbox) {
                try FileManager.default.removeItem(atPath: "\(inbox)/\(name)")
            }
        }
        try await daemon.line(.inboxLost, count: 3)
        try await daemon.stop()
        #expect(daemon.lines(.inboxLost).allSatisfy { $0["inbox"] == inbox })
        #expect(access(drop, F_OK) != 0)
        try expectPublished(bob, for: FlowScene.otherUID)
        #expect(daemon.lines(.dropVanished).isEmpty)
    }

    @Test func `a match that is given to root is served no more`() async throws {
        try makeHome("alice", owner: FlowScene.uid)
        let inbox = "\(homes)/alice/Inbox"
        let daemon = try await scene.start(over: ["\(homes)/*/Inbox"])
        try await daemon.ended(["alice.pdf"])
        chown(inbox, 0, 0)
        let loss = try await daemon.line(.inboxLost)
        #expect(loss["reason"] == "it has another owner")
        let refused = try await daemon.line(.inboxRefused)
        #expect(refused["detail"]?.contains("belongs to root") == true)
        chown(inbox, FlowScene.uid, FlowScene.uid)
        try await daemon.line(.inboxServedAgain)
        try await daemon.stop()
    }

    @Test func `an inbox that stood in the way of another makes room by going`() async throws {
        let alice = try makeHome("alice", owner: FlowScene.uid)
        let home = "\(homes)/alice"
        let daemon = try await scene.start(over: ["\(homes)/*", "\(home)/Inbox"])
        try await daemon.ended(["alice.pdf"])
        let refused = try await daemon.line(.inboxRefused)
        #expect(refused["inbox"] == home)
        try FileManager.default.moveItem(atPath: "\(home)/Inbox", toPath: "\(homes)/bob")
        let again = try await daemon.line(.inboxServedAgain)
        #expect(again["inbox"] == home)
        let bytes = try Data(contentsOf: FlowScene.fixture("pdf/english.pdf"))
        try scene.put(bytes, at: "\(home)/new.pdf", owner: FlowScene.uid)
        try await daemon.ended(["new.pdf"])
        try await daemon.stop()
        #expect(access(alice, F_OK) != 0)
    }
}
