import Glibc
import Rules
import TestSupport
import Testing

@testable import Intake

/// Drops that went away before anybody told of them.
@Suite(.timeLimit(.minutes(1))) struct UntoldTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func `a drop that was ready at first sight, and is gone when it is claimed, is told of`()
        async throws
    {
        // It lay there before the start, and what an earlier run said of it may lie beside it.
        try folder.write("1.pdf", "%PDF-1.4\n%%EOF\n")
        let atOnce = InboxSettings(settle: .zero, settleWithoutProof: .zero)
        let harness = try await IntakeHarness(folder, settings: atOnce)
        try await IntakeHarness.running(harness) { harness in
            let drop = try #require(await harness.intake.nextReady())
            unlink(folder.path + "/1.pdf")
            await harness.intake.ended(drop.path, .notYet(after: .zero))
            await harness.untold("1.pdf")
        }
    }
}
