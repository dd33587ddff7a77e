import Catalog
import Rules
import Synchronization
import Testing

@testable import Pipeline

/// What is made of an account's files is counted once at every moment.
@Suite(.timeLimit(.minutes(1))) struct DerivedRoomTests {
    private static let cap = ByteCount(1_000_000)
    private static let bytes = ByteCount(100)
    private static let count = 30

    /// How often room was asked for so far.
    private final class Tally: Sendable {
        let count = Mutex(0)
    }

    private func output(_ number: Int) -> StageOutput {
        guard let digest = ContentDigest([UInt8](repeating: UInt8(number), count: 32)) else {
            preconditionFailure("a digest has 32 bytes")
        }
        return StageOutput(
            artifacts: [
                ArtifactRecord(
                    name: "a.txt", digest: digest, size: Self.bytes, mediaType: "text/plain")
            ])
    }

    @Test func `also between a commit and the moment after it`() async throws {
        let scene = try await HouseScene()
        let (catalog, room, uid) = (scene.house.catalog, scene.house.derivedRoom, scene.uid)
        let stages = StagePlan.stages(for: .pdf, settings: InboxSettings())
        var documents: [DocumentRecord] = []
        for number in 1...Self.count {
            documents.append(try await scene.document(number, stages: stages))
        }
        let admitted = Tally()
        try await withThrowingTaskGroup { group in
            group.addTask { [documents] in
                defer { admitted.count.withLock { $0 = .max } }
                for (number, document) in documents.enumerated() {
                    admitted.count.withLock { $0 += 1 }
                    guard
                        try room.admit(
                            Self.bytes, replacing: .zero, of: uid, below: Self.cap)
                    else {
                        Issue.record("there is room")
                        return
                    }
                    let change = StageChange(
                        document: document.id, stage: .text, state: .completed,
                        at: scene.house.surroundings.now(), output: output(number + 1))
                    _ = try catalog.noteBlocking(
                        [change], onCommit: { room.giveBack(Self.bytes, of: uid) })
                }
            }
            group.addTask {
                while true {
                    let taken = Self.cap - (try room.left(of: uid, below: Self.cap))
                    let count = admitted.count.withLock { $0 }
                    guard count < .max else { return }
                    #expect(taken.bytes <= Int64(count) * Self.bytes.bytes, "counted twice")
                }
            }
            try await group.waitForAll()
        }
        let recorded = ByteCount(Int64(Self.count) * Self.bytes.bytes)
        #expect(try room.left(of: uid, below: Self.cap) == Self.cap - recorded)
    }

    @Test func `what could not be recorded keeps its room until it is given back`() async throws {
        let scene = try await HouseScene()
        let (room, uid) = (scene.house.derivedRoom, scene.uid)
        #expect(try room.admit(Self.cap, replacing: .zero, of: uid, below: Self.cap))
        #expect(try !room.admit(ByteCount(1), replacing: .zero, of: uid, below: Self.cap))
        let change = StageChange(
            document: DocumentID(
                at: scene.house.surroundings.now(), random: [UInt8](repeating: 1, count: 10)),
            stage: .text,
            state: .completed, at: scene.house.surroundings.now(), output: output(1))
        #expect(throws: CatalogError.self) {
            try scene.house.catalog.noteBlocking(
                [change], onCommit: { room.giveBack(Self.cap, of: uid) })
        }
        #expect(try room.left(of: uid, below: Self.cap) == .zero)
        room.giveBack(Self.cap, of: uid)
        #expect(try room.left(of: uid, below: Self.cap) == Self.cap)
    }

    @Test func `imports take room in the commit that counts them`() async throws {
        let scene = try await HouseScene()
        let (room, uid) = (scene.house.derivedRoom, scene.uid)
        let half = ByteCount(Self.cap.bytes / 2)
        #expect(
            try room.admitImports(half, beside: half, replacing: .zero, of: uid, below: Self.cap))
        #expect(try room.left(of: uid, below: Self.cap) == .zero)
        #expect(
            try !room.admitImports(
                Self.cap, beside: half, replacing: .zero, of: uid, below: Self.cap))
        #expect(try await scene.house.catalog.derived(of: uid)[.imports] == half)
        room.giveBack(half, of: uid)
        #expect(try room.left(of: uid, below: Self.cap) == half)
    }
}
