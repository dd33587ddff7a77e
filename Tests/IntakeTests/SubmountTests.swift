import Glibc
import Inbox
import Rules
import TestSupport
import Testing

@testable import Intake

private let page = "%PDF-1.4\n%%EOF\n"

/// Other file systems in the folders of an inbox.
@Suite(.enabled(if: geteuid() == 0), .timeLimit(.minutes(5))) struct SubmountTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func `what lies on a mount inside an inbox is taken like all else`() async throws {
        mkdir(folder("share"), 0o755)
        let mount = try MemoryMount(at: folder("share"))
        try folder.write("share/before.pdf", page)
        try await IntakeHarness.running(IntakeHarness(folder)) { harness in
            #expect(await harness.take(1) == ["share/before.pdf"])
            mkdir(folder("share/deep"), 0o755)
            try folder.write("share/deep/later.pdf", page)
            #expect(await harness.take(1) == ["share/deep/later.pdf"])
            try folder.write("home.pdf", page)
            #expect(await harness.take(1) == ["home.pdf"])
        }
        withExtendedLifetime(mount) {}
    }

    @Test func `a mount that comes later is found as soon as anything stirs`() async throws {
        mkdir(folder("share"), 0o755)
        try await IntakeHarness.running(IntakeHarness(folder)) { harness in
            let mount = try MemoryMount(at: folder("share"))
            try folder.write("share/there.pdf", page)
            try folder.write("home.pdf", page)
            #expect(await harness.take(2) == ["home.pdf", "share/there.pdf"])
            withExtendedLifetime(mount) {}
        }
    }

    @Test(.enabled(if: HungMount.isPossible))
    func `a mount that hangs stops only itself`() async throws {
        mkdir(folder("hung"), 0o755)
        try folder.write("before.pdf", page)
        // Let go while the intake still runs: it ends when its last look does.
        var hung: HungMount? = try HungMount(at: folder("hung"))
        try await IntakeHarness.running(IntakeHarness(folder)) { harness in
            #expect(await harness.take(1) == ["before.pdf"])
            for number in 0..<8 { try folder.write("\(number).pdf", page) }
            #expect(await harness.take(8).count == 8)
            mkdir(folder("deep"), 0o755)
            try folder.write("deep/a.pdf", page)
            #expect(await harness.take(1) == ["deep/a.pdf"])
            #expect(await harness.intake.isDrained == false)
            hung = nil
        }
        #expect(hung == nil)
    }
}
