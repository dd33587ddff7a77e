import Foundation
import Rules
import Testing

/// What an account may hold: 2,432 bytes are one English PDF.
@Suite(.serialized, .timeLimit(.minutes(5))) struct QuotaTests {
    let scene: FlowScene

    init() throws { scene = try FlowScene() }

    private static func limit(_ bytes: Int) -> String {
        "limits: {default: {bytes: \(bytes)}}"
    }

    @Test(arguments: [(2432 * 10 / 9, true), (2432 * 10 / 9 + 2, false)])
    func `from nine tenths on the status file tells of the quota`(limit: Int, isTold: Bool)
        async throws
    {
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await scene.runOnce(settings: Self.limit(limit))
        let status = try scene.status("a.pdf")
        #expect(status.state == "completed")
        #expect((status.members["quota"] != nil) == isTold)
    }

    @Test func `a drop over quota is held, and taken when the limit is raised`() async throws {
        // One byte short of two.
        let daemon = try await scene.start(settings: Self.limit(2 * 2432 - 1))
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await daemon.ended(["a.pdf"])
        try scene.drop("pdf/english.pdf", as: "b.pdf")
        try await daemon.line(.dropHeld, "b.pdf")
        try await daemon.stop()

        let status = try scene.status("b.pdf")
        #expect(status["status"] == "pending")
        #expect(status.state == "held")
        #expect(status.code == "quota_exceeded")
        #expect(status["message"]?.contains("short by 1 byte.") == true, "\(status.text)")
        let quota = try #require(status.members["quota"] as? [String: Any])
        #expect(quota["used_bytes"] as? Int == 2432)
        #expect(quota["limit_bytes"] as? Int == 2 * 2432 - 1)
        #expect(quota["as_of"] is String)
        #expect(scene.exists("b.pdf"))
        #expect(try scene.text("inbox.status.json").contains(#""held":1"#))

        let again = try await scene.start(settings: Self.limit(2 * 2432 - 1))
        try await again.line(.dropHeld, "b.pdf")
        try scene.configure(settings: Self.limit(2 * 2432))
        again.program.send(SIGHUP)
        try await again.ended(["b.pdf"])
        try await again.stop()
        #expect(try scene.status("b.pdf").state == "completed")
        #expect(try RecordedState(scene).charge() == (2 * 2432, 2))
        try await scene.expectClean()
    }

    @Test func `a drop that fits is not kept waiting by an older one that does not`() async throws {
        try scene.drop("pdf/korean.pdf", as: "first.pdf")
        try await scene.runOnce()
        let daemon = try await scene.start(settings: Self.limit(1651 + 1100))
        try scene.drop("pdf/english.pdf", as: "large.pdf")
        try await daemon.line(.dropHeld, "large.pdf")
        try scene.drop("pdf/locked.pdf", as: "small.pdf")
        try await daemon.ended(["small.pdf"])
        try await daemon.stop()
        #expect(try scene.status("large.pdf").state == "held")
        #expect(try RecordedState(scene).charge() == (1651 + 1012, 2))
    }

    @Test func `a drop held beside a claim that charges nothing is taken once that has ended`()
        async throws
    {
        let large = Data("%PDF-1.4\n".utf8) + Data(count: 60 << 20)
        try scene.drop(large, as: "a.pdf")
        try await scene.runOnce()
        let daemon = try await scene.start(settings: "limits: {default: {files: 2}}")
        // The same bytes: room is held for them while they are read, and then given back.
        try scene.drop(large, as: "a.pdf")
        try await daemon.line(.claimBegun, "a.pdf")
        try scene.drop("pdf/english.pdf", as: "b.pdf")
        try await daemon.ended(["b.pdf"])
        try await daemon.stop()
        #expect(try RecordedState(scene).charge().files == 2)
    }

    @Test func `past the drops that have status files of their own, those that have one stay true`()
        async throws
    {
        try scene.drop("pdf/english.pdf", as: "first.pdf")
        try await scene.runOnce()
        let names = (1...1100).map { "\($0).pdf" }
        for name in names { try scene.drop(Data("%PDF-1.4\n\(name)".utf8), as: name) }
        try await scene.runOnce(settings: "limits: {default: {files: 1}}")
        let told = names.filter { scene.exists($0 + ".status.json") }
        #expect(told.count == 1000)
        for name in told { #expect(try scene.status(name).state == "held", "\(name)") }
        #expect(try scene.text("inbox.status.json").contains(#""held":1100"#))
    }

    @Test func `a file larger than the whole limit is refused until the limit is higher`()
        async throws
    {
        let daemon = try await scene.start(settings: Self.limit(2431))
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await daemon.line(.dropRefused, "a.pdf")
        try await daemon.stop()
        let status = try scene.status("a.pdf")
        #expect(status.state == "refused")
        #expect(status.code == "too_large")
        #expect(scene.exists("a.pdf"))

        let again = try await scene.start(settings: Self.limit(2431))
        try await again.line(.dropRefused, "a.pdf")
        try scene.configure(settings: Self.limit(2432))
        again.program.send(SIGHUP)
        try await again.ended(["a.pdf"])
        try await again.stop()
        #expect(try scene.status("a.pdf").state == "completed")
    }

    @Test func `many drops at once never come to more than the limit`() async throws {
        for number in 1...12 { try scene.drop("pdf/english.pdf", as: "\(number).pdf") }
        try await scene.runOnce(settings: "limits: {default: {files: 5}}")
        let state = RecordedState(scene)
        #expect(try state.documents().count == 5)
        #expect(try state.charge() == (5 * 2432, 5))
        let left = (1...12).filter { scene.exists("\($0).pdf") }
        #expect(left.count == 7)
        for number in left {
            let status = try scene.status("\(number).pdf")
            #expect(status.state == "held")
            #expect(status["message"]?.contains("short by 1 file") == true)
        }
        try await scene.expectClean()
    }

    @Test func `the same bytes again are taken though the account is full, other bytes are not`()
        async throws
    {
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        let daemon = try await scene.start(settings: "limits: {default: {bytes: 2432, files: 1}}")
        try await daemon.ended(["a.pdf"])
        try FileManager.default.removeItem(atPath: scene("a.pdf.results"))
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await daemon.line(.dropClaimed, "a.pdf", count: 2)
        try await daemon.line(.documentCompleted, "a.pdf", count: 2)
        #expect(scene.exists("a.pdf.results/original.pdf"))
        // As long, and not the same.
        var bytes = try Data(contentsOf: FlowScene.fixture("pdf/english.pdf"))
        bytes[bytes.count - 1] ^= 1
        try scene.drop(bytes, as: "a.pdf")
        try await daemon.line(.dropHeld, "a.pdf")
        try scene.configure(settings: "limits: {default: {bytes: 100, files: 1}}")
        daemon.program.send(SIGHUP)
        try await daemon.line(.dropRefused, "a.pdf")
        // Under a limit that it is larger than by itself, too.
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await daemon.line(.dropClaimed, "a.pdf", count: 3)
        try await daemon.stop()
        #expect(daemon.lines(.dropHeld).count == 1)
        #expect(try RecordedState(scene).charge() == (2432, 1))
        #expect(try RecordedState(scene).count("reservation") == 0)
        try await scene.expectClean()
    }

    @Test func `what is held is taken in order of arrival as room grows`() async throws {
        let daemon = try await scene.start(settings: "limits: {default: {files: 0}}")
        let names = (1...12).map { "\($0).pdf" }
        for name in names {
            try scene.drop(Data("%PDF-1.4\n\(name)".utf8), as: name)
            try await daemon.line(.dropHeld, name)
        }
        for count in [1, 3, 6, 10] {
            try scene.configure(settings: "limits: {default: {files: \(count)}}")
            daemon.program.send(SIGHUP)
            try await daemon.ended(Array(names.prefix(count)))
        }
        try await daemon.stop()
        let taken = daemon.lines(.dropClaimed).compactMap { $0["path"] }
        #expect(taken == Array(names.prefix(10)))
    }

    @Test func `an inbox has a limit of its own`() async throws {
        let daemon = try await scene.start(inbox: "limits: {bytes: 2432}")
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await daemon.ended(["a.pdf"])
        try scene.drop("pdf/korean.pdf", as: "b.pdf")
        try await daemon.line(.dropHeld, "b.pdf")
        try scene.drop(Data("%PDF-1.4\n".utf8) + Data(count: 3000), as: "c.pdf")
        try await daemon.line(.dropRefused, "c.pdf")
        try await daemon.stop()
        let status = try scene.status("b.pdf")
        #expect(status["message"]?.contains("This folder is full: short by 1.7 kB") == true)
        let refused = try scene.status("c.pdf")
        #expect(refused.code == "too_large")
        #expect(refused["message"]?.contains("larger than the whole limit") == true)
        #expect(refused["message"]?.contains("all files of this folder") == true)
    }

    @Test(.enabled(if: geteuid() == 0))
    func `a group's limit holds for those in it, and is found again at a reload`() async throws {
        // Users without a name are in the group that is nobody's.
        let daemon = try await scene.start(
            settings: "limits: {default: {files: 0}, groups: {\"65533\": {files: 5}}}")
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await daemon.line(.dropHeld, "a.pdf")
        try scene.configure(
            settings: "limits: {default: {files: 0}, groups: {\"65533\": {files: 5}, "
                + "\"65534\": {files: 1}}}")
        daemon.program.send(SIGHUP)
        try await daemon.ended(["a.pdf"])
        try scene.drop("pdf/korean.pdf", as: "b.pdf")
        try await daemon.line(.dropHeld, "b.pdf")
        try await daemon.stop()
    }

    @Test(.enabled(if: geteuid() == 0))
    func `a user's own limit goes before the default`() async throws {
        let other = try scene.makeInbox("other", owner: FlowScene.otherUID)
        let users = "users: {\"\(FlowScene.otherUID)\": {files: 0}}"
        let daemon = try await scene.start(
            settings: "limits: {default: {files: 1}, \(users)}", others: [other])
        let bytes = try Data(contentsOf: FlowScene.fixture("pdf/english.pdf"))
        try scene.put(bytes, at: other + "/b.pdf", owner: FlowScene.otherUID)
        try scene.drop(bytes, as: "a.pdf")
        try await daemon.ended(["a.pdf"])
        try await daemon.line(.dropHeld, "b.pdf")
        try await daemon.stop()
    }
}
