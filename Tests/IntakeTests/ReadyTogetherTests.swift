import Rules
import TestSupport
import Testing

@testable import Intake

/// What is ready at the same moment may be claimed together.
@Suite(.timeLimit(.minutes(5))) struct ReadyTogetherTests {
    private static let page = "%PDF-1.4\n%%EOF\n"

    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Drops that are ready, in the order of arrival, once all of them are.
    private func ready(_ harness: IntakeHarness, _ names: [String]) async throws {
        for name in names {
            try folder.write(name, Self.page)
            await harness.waiting(name, for: .settling)
        }
        for _ in names {
            let drop = try #require(await harness.intake.nextReady())
            await harness.intake.ended(drop.path, .held)
        }
        await harness.intake.releaseHeld()
    }

    @Test func `no more come along than there is room for, the oldest first`() async throws {
        let names = (1...5).map { "\($0).pdf" }
        try await IntakeHarness.running(IntakeHarness(folder)) { harness in
            try await ready(harness, names)
            let first = try #require(await harness.intake.nextReady())
            let more = await harness.intake.moreReady(
                beside: first, count: 2, bytes: .mebibytes(1))
            #expect(([first] + more).map(\.path.description) == Array(names.prefix(3)))
            let rest = await harness.intake.moreReady(
                beside: first, count: 9, bytes: .mebibytes(1))
            #expect(rest.map(\.path.description) == Array(names.suffix(2)))
        }
    }

    @Test func `past a number of bytes nothing comes along, and nothing is passed over`()
        async throws
    {
        try await IntakeHarness.running(IntakeHarness(folder)) { harness in
            try await ready(harness, ["1.pdf", "2.pdf", "3.pdf"])
            let first = try #require(await harness.intake.nextReady())
            let length = Int64(Self.page.utf8.count)
            let more = await harness.intake.moreReady(
                beside: first, count: 9, bytes: ByteCount(2 * length))
            #expect(more.map(\.path.description) == ["2.pdf"])
            // Of drops that were held one batch is claimed after the other.
            await harness.intake.ended(([first] + more).map { ($0.path, .claimed) })
            #expect(await harness.intake.nextReady()?.path.description == "3.pdf")
        }
    }

    @Test func `each of a batch ends by itself`() async throws {
        try await IntakeHarness.running(IntakeHarness(folder)) { harness in
            try await ready(harness, ["1.pdf", "2.pdf"])
            let first = try #require(await harness.intake.nextReady())
            let more = await harness.intake.moreReady(
                beside: first, count: 1, bytes: .mebibytes(1))
            let second = try #require(more.first)
            await harness.intake.ended([
                (first.path, .notYet(after: .zero)), (second.path, .held),
            ])
            #expect(await harness.intake.nextReady() == first)
        }
    }
}
