import Rules
import TestSupport
import Testing

@testable import Intake

/// What an intake that has come to its end still gives: nothing.
@Suite(.timeLimit(.minutes(5))) struct StoppedIntakeTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func `waiting for a drop ends with the intake`() async throws {
        let harness = try await IntakeHarness(folder)
        let drop = try await withThrowingTaskGroup(of: SettledDrop?.self) { group in
            group.addTask {
                await harness.intake.run()
                return nil
            }
            await harness.said(.inboxWatched)
            group.addTask { await harness.intake.nextReady() }
            group.cancelAll()
            return try await group.next() ?? nil
        }
        #expect(drop == nil)
    }

    @Test func `drops that are ready stay where they are once the intake has ended`() async throws {
        try folder.write("a.pdf", "%PDF-1.4\n%%EOF\n")
        let harness = try await IntakeHarness(folder)
        try await IntakeHarness.running(harness) { harness in
            let drop = try #require(await harness.intake.nextReady())
            await harness.intake.ended(drop.path, .held)
            await harness.intake.releaseHeld()
        }
        #expect(await harness.intake.nextReady() == nil)
    }

    @Test func `whoever is told to stop is given nothing more, however much is ready`() async throws
    {
        try folder.write("a.pdf", "%PDF-1.4\n%%EOF\n")
        try await IntakeHarness.running(IntakeHarness(folder)) { harness in
            let drop = try #require(await harness.intake.nextReady())
            await harness.intake.ended(drop.path, .held)
            await harness.intake.releaseHeld()
            let further = await withTaskGroup(of: SettledDrop?.self) { group in
                group.cancelAll()
                group.addTask { await harness.intake.nextReady() }
                return await group.next() ?? nil
            }
            #expect(further == nil)
        }
    }
}
