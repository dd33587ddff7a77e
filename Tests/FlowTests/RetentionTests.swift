import Foundation
import Glibc
import Rules
import Testing

/// What goes by itself, and what never does.
@Suite(.serialized, .timeLimit(.minutes(1))) struct RetentionTests {
    let scene: FlowScene
    private var state: RecordedState { RecordedState(scene) }

    init() throws { scene = try FlowScene() }

    @Test func `a document that completed long enough ago is deleted, a failed one is not`()
        async throws
    {
        let daemon = try await scene.start(inbox: "keep: 1s")
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try scene.drop(Data("a,b\n".utf8), as: "bad.csv")
        try await daemon.line(.documentFailed, "bad.csv")
        try await daemon.line(.documentDeleted, "a.pdf")
        // The next one is waited for although the first was all there was.
        try scene.drop("pdf/korean.pdf", as: "b.pdf")
        let reason = try await daemon.line(.documentDeleted, "b.pdf")["reason"]
        try await daemon.stop()
        #expect(reason == "kept long enough")
        #expect(try state.documents().map(\.path) == ["bad.csv"])
        #expect(
            try scene.names() == ["bad.csv.results", "bad.csv.status.json", "inbox.status.json"])
        #expect(try state.count("trash") == 2)
        try await scene.expectClean()
    }

    @Test func `of older documents so many are kept, also of those from before`() async throws {
        for number in 1...4 {
            try scene.drop(Data("name,email\nA,a\(number)@example.org\n".utf8), as: "a.csv")
            try await scene.runOnce()
        }
        #expect(try state.documents().map(\.version) == [1, 2, 3, nil])
        let daemon = try await scene.start(inbox: "keep_versions: 2")
        #expect(try await daemon.line(.documentDeleted, "a.csv")["version"] == "1")
        try scene.drop(Data("name,email\nA,a5@example.org\n".utf8), as: "a.csv")
        try await daemon.line(.documentDeleted, "a.csv", count: 2)
        try await daemon.ended(["a.csv"])
        try await daemon.stop()
        #expect(try state.documents().map(\.version) == [3, 4, nil])
        #expect(!scene.exists("a.csv.~2~.status.json") && scene.exists("a.csv.~3~.status.json"))
        try await scene.expectClean()
    }

    @Test func `status files go after their time, results and documents stay`() async throws {
        let daemon = try await scene.start(inbox: "keep_status: 1s")
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await daemon.ended(["a.pdf"])
        try scene.drop(Data("a,b\n".utf8), as: "bad.csv")
        try await daemon.line(.documentFailed, "bad.csv")
        for name in ["a.pdf", "bad.csv"] {
            while scene.exists(name + ".status.json") { await Task.yield() }
        }
        #expect(try scene.names(in: "a.pdf.results").count == 4)
        try await daemon.stop()
        #expect(try state.documents().count == 2)
        #expect(try state.count("trash") == 0)
        try await scene.expectClean()
    }

    /// What sync clients, people and mounts do to an inbox.
    @Test(arguments: ["rsync", "renamed", "emptied", "away", "unmounted"])
    func `absence never deletes, and a restore brings the sidecars back`(case: String)
        async throws
    {
        if `case` == "unmounted" {
            guard geteuid() == 0 else { return }
            mount()
        }
        // With all mounts that a test leaves on it.
        defer { while `case` == "unmounted", umount2(scene.inbox, Int32(MNT_DETACH)) == 0 {} }
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try scene.drop("pdf/korean.pdf", as: "sub/b.pdf")
        try await scene.runOnce()
        let before = try scene.bytes("a.pdf.results/original.pdf")
        let daemon = try await scene.start(inbox: "rescan: 1s")
        let files = FileManager.default
        switch `case` {
        case "rsync":
            try await mirrorEmptyFolder()
        case "renamed":
            for name in ["a.pdf", "sub/b.pdf"] {
                rename(scene(name + ".results"), scene(name + " (old).results"))
                unlink(scene(name + ".status.json"))
            }
        case "emptied":
            for name in try scene.names() { try files.removeItem(atPath: scene(name)) }
        case "unmounted":
            umount2(scene.inbox, Int32(MNT_DETACH))
            try await daemon.line(.inboxLost)
            #expect(try scene.names() == [])
            mount()
            try await daemon.line(.inboxServedAgain)
        default:
            rename(scene.inbox, scene.inbox + "-away")
            try await daemon.line(.inboxLost)
            try scene.makeInbox("inbox")
            try await daemon.line(.inboxServedAgain)
        }
        // Nor does a start, which looks at everything.
        try await daemon.stop()
        let again = try await scene.start()
        #expect(try state.documents().count == 2)
        for name in ["a.pdf", "sub/b.pdf"] {
            try scene.drop(Data(), as: name + ".restore")
            try await again.line(.documentCompleted, name)
        }
        try await again.stop()
        #expect((daemon.lines(.documentDeleted) + again.lines(.documentDeleted)).isEmpty)
        #expect(try state.documents().map(\.path) == ["a.pdf", "sub/b.pdf"])
        #expect(try state.charge().files == 2)
        #expect(try state.count("trash") == 0)
        #expect(try scene.bytes("a.pdf.results/original.pdf") == before)
        #expect(try scene.status("sub/b.pdf").state == "completed")
        try await scene.expectClean()
    }

    private func mirrorEmptyFolder() async throws {
        let empty = try scene.makeInbox("empty")
        let (end, output) = try await RunningProgram.run(
            "/usr/bin/rsync", ["-a", "--delete", empty + "/", scene.inbox + "/"])
        #expect(end == .exited(0), "\(output)")
        #expect(!scene.exists("a.pdf.status.json") && !scene.exists("sub"))
    }

    /// A file system of its own on the inbox, whose owner is the same.
    private func mount() {
        let options = "uid=\(FlowScene.uid),gid=\(FlowScene.uid),mode=755"
        #expect(Glibc.mount("tmpfs", scene.inbox, "tmpfs", 0, options) == 0)
    }

    @Test(.enabled(if: geteuid() == 0, "only root mounts"))
    func `what a deletion could not remove goes once it can`() async throws {
        mount()
        defer { umount2(scene.inbox, Int32(MNT_DETACH)) }
        let daemon = try await scene.start(inbox: "keep: 3s\n    on_delete: remove")
        try scene.drop("csv/participants-cp949.csv", as: "d.csv")
        try await daemon.ended(["d.csv"])
        let readOnly = UInt(MS_REMOUNT | MS_RDONLY)
        #expect(Glibc.mount("", scene.inbox, "", readOnly, nil) == 0)
        try await daemon.line(.documentDeleted, "d.csv")
        try await daemon.line(.sidecarFailed, "d.csv")
        #expect(try state.charge() == (0, 0))
        #expect(scene.exists("d.csv.status.json"))
        #expect(Glibc.mount("", scene.inbox, "", UInt(MS_REMOUNT), nil) == 0)
        while scene.exists("d.csv.results") { await Task.yield() }
        while try state.count("trash WHERE importedRows = 'leaving'") > 0 { await Task.yield() }
        try await daemon.stop()
        #expect(try scene.names() == ["inbox.status.json"])
        #expect(try state.imported("SELECT count(*) FROM participants") == [0])
        #expect(daemon.lines(.documentDeleted).count == 1)
        try await scene.expectClean(leftovers: true)
    }
}
