import Glibc
import Inbox
import Intake
import Rules
import TestSupport
import Testing

@testable import Intake
@testable import Pipeline

/// A drop that goes while nobody looks leaves no status file behind, whenever that is.
@Suite(.timeLimit(.minutes(1))) struct StrayTests {
    private let scene: HouseScene

    init() async throws {
        scene = try await HouseScene()
        try scene.inbox.write("a.pdf", "%PDF-1.4\n")
        try scene.inbox.write(
            "a.pdf.status.json", "{\"schema\":\"ingestd/status/1\",\n  \"document_id\":null,\n")
    }

    @Test func `one that goes before intake has looked is found after it has`() async throws {
        let intake = try scene.intake()
        await withDiscardingTaskGroup { group in
            group.addTask { await scene.desk.run() }
            let over = Signal()
            group.addTask {
                await InboxRecovery(house: scene.house, desk: scene.desk)
                    .removeStrays(behind: intake)
                over.raise()
            }
            // As far as it comes before anybody looks at drops.
            while intake.scanWaiters.isEmpty, !Task.isCancelled { await Task.yield() }
            unlink(scene.inbox("a.pdf"))
            group.addTask { await intake.run() }
            _ = await over.wait()
            scene.desk.close()
            group.cancelAll()
        }
        #expect(!scene.inbox.exists("a.pdf.status.json"))
    }

    @Test func `one that stays keeps its status file`() async throws {
        let intake = try scene.intake()
        await withDiscardingTaskGroup { group in
            group.addTask { await scene.desk.run() }
            group.addTask { await intake.run() }
            await InboxRecovery(house: scene.house, desk: scene.desk).removeStrays(behind: intake)
            scene.desk.close()
            group.cancelAll()
        }
        #expect(scene.inbox.exists("a.pdf.status.json"))
    }
}
