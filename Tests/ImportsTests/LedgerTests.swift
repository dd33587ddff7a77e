import Imports
import Rules
import Synchronization
import Testing
import WorkerProtocol

/// What imported rows take, as it is counted before they are committed.
@Suite struct LedgerTests {
    private static let refusal = Failure(.outputTooLarge, message: "No.", detail: "test")

    /// Imports as many people; a nil `ledger` admits all.
    private func importPeople(
        _ count: Int, number: UInt8 = 1, in scene: ImportScene, ledger: ImportLedger
    ) throws {
        let transaction = try scene.begin(number)
        try transaction.append(
            batch((0..<count).map { person("Person \($0)", "\(number)-\($0)@example.com") }))
        _ = try transaction.commit(
            totalRows: count, errorCount: 0, now: Timestamp(milliseconds: 0), ledger: ledger)
    }

    @Test func `what is admitted is what is in use afterwards, more with more rows`() throws {
        let scene = try ImportScene()
        let inspection = scene.databases.inspection
        let uid = scene.account.uid
        #expect(try inspection.bytesInUse(by: uid) == .zero)
        var admitted: [ByteCount] = []
        for number in [UInt8(1), 2] {
            try importPeople(
                2000, number: number, in: scene,
                ledger: ImportLedger(
                    admit: {
                        admitted.append($0)
                        return nil
                    },
                    correct: { _ in Issue.record("nothing was to be corrected") }))
            #expect(try inspection.bytesInUse(by: uid) == admitted.last)
        }
        #expect(admitted[1] > admitted[0] && admitted[0] > ByteCount(4096))
    }

    @Test func `what is not admitted leaves nothing, and what was before is said again`() throws {
        let scene = try ImportScene()
        let uid = scene.account.uid
        try importPeople(10, in: scene, ledger: .none)
        let before = try scene.databases.inspection.bytesInUse(by: uid)
        var corrected: [ByteCount] = []
        let error = #expect(throws: ImportError.self) {
            try importPeople(
                2000, number: 2, in: scene,
                ledger: ImportLedger(
                    admit: { _ in Self.refusal }, correct: { corrected.append($0) }))
        }
        #expect(error?.failure == Self.refusal)
        #expect(corrected == [before])
        #expect(try scene.query("SELECT count(*) FROM participants") == [["10"]])
        #expect(try scene.databases.inspection.bytesInUse(by: uid) == before)
    }

    @Test func `a database without any import counts nothing`() throws {
        let scene = try ImportScene()
        #expect(throws: ImportError.self) {
            try importPeople(
                5, in: scene,
                ledger: ImportLedger(
                    admit: { _ in Self.refusal }, correct: { #expect($0 == .zero) }))
        }
        #expect(try scene.databases.inspection.bytesInUse(by: scene.account.uid) == .zero)
    }
}
