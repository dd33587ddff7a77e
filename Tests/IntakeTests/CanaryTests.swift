import Glibc
import Inbox
import Rules
import TestSupport
import Testing

@testable import Intake

private let page = "%PDF-1.4\n%%EOF\n"

@Suite(.timeLimit(.minutes(5))) struct CanaryTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func `a canary that comes is removed, and nobody hears of it`() async throws {
        let canary = HiddenName.canary().description
        try await IntakeHarness.running(IntakeHarness(folder)) { harness in
            try folder.write(canary, "")
            // Events come in order: once a later file is ready, the canary has had its answer.
            try folder.write("1.pdf", page)
            #expect(await harness.take(1) == ["1.pdf"])
            #expect(!folder.exists(canary))
            expectSilence(of: harness)
        }
    }

    @Test func `what a dead doctor left is removed`() async throws {
        let canary = HiddenName.canary().description
        try folder.write(canary, "")
        try folder.write("1.pdf", page)
        try await IntakeHarness.running(IntakeHarness(folder)) { harness in
            #expect(await harness.take(1) == ["1.pdf"])
            #expect(!folder.exists(canary))
            expectSilence(of: harness)
        }
    }

    @Test func `a poll finds a canary too`() async throws {
        var settings = IntakeHarness.quick
        settings.poll = .milliseconds(20)
        let harness = try await IntakeHarness(folder, settings: settings, watchLimit: 0)
        let canary = HiddenName.canary().description
        try await IntakeHarness.running(harness) { harness in
            try folder.write(canary, "")
            // Nothing tells of its going; the time limit ends the wait where it stays.
            while folder.exists(canary) { await Task.yield() }
            expectSilence(of: harness)
        }
    }

    @Test func `what only looks like a canary stays`() async throws {
        let (full, below) = (HiddenName.canary().description, HiddenName.canary().description)
        let names = [
            full, ".ingestd-canary-12", ".ingestd-canary-0123456789ABCDEF", "sub/\(below)",
        ]
        mkdir(folder("sub"), 0o755)
        let inner = HiddenName.canary().description
        mkdir(folder(inner), 0o755)
        for name in names { try folder.write(name, name == full ? "mine" : "") }
        try folder.write("1.pdf", page)
        try await IntakeHarness.running(IntakeHarness(folder)) { harness in
            #expect(await harness.take(1) == ["1.pdf"])
            for name in names + [inner] { #expect(folder.exists(name), "\(name)") }
        }
    }

    @Test func `a flood of canaries is answered a few at a time`() async throws {
        for _ in 0..<100 { try folder.write(HiddenName.canary().description, "") }
        try folder.write("1.pdf", page)
        try await IntakeHarness.running(IntakeHarness(folder)) { harness in
            #expect(await harness.take(1) == ["1.pdf"])
        }
        var left = 0
        let stream = try #require(opendir(folder.path))
        while readdir(stream) != nil { left += 1 }
        closedir(stream)
        // The folder's own two names and the drop; each look through it answers so many.
        #expect(left - 3 <= 100 - EventBox.canaryLimit)
    }

    private func expectSilence(of harness: IntakeHarness) {
        for said in harness.ear.all {
            let text = "\(said)"
            #expect(!text.contains("canary"), "nothing is to be said: \(text)")
        }
    }
}
