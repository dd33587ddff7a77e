import CLinux
import Confinement
import Glibc
import Testing

@Suite struct ConfinementTests {
    /// Where the worker is probed.
    enum Place: CaseIterable {
        case asItIs, withoutLandlock, withoutNamespaces

        var wrapper: [String] {
            switch self {
            case .asItIs: []
            case .withoutLandlock: ["ConfinementProbe", "without-landlock"]
            case .withoutNamespaces: ["ConfinementProbe", "without-namespaces"]
            }
        }

        /// What it must say is missing.
        var complaint: String? {
            switch self {
            case .asItIs: nil
            case .withoutLandlock: "landlock unavailable"
            case .withoutNamespaces: "namespaces not allowed"
            }
        }
    }

    private var identity: [String] { geteuid() == 0 ? ["--uid", "65534", "--gid", "65534"] : [] }

    @Test(arguments: Place.allCases)
    func `a worker's child is refused every forbidden act, and says what its wall lacks`(
        place: Place
    ) throws {
        let worker = try SpawnedProgram(
            "ingest-worker", arguments: identity + ["--probe"], through: place.wrapper)
        let table = worker.channelText()
        #expect(worker.end() == .exited(0), "\(table)")
        print("forbidden acts, \(place):\n\(table)")
        let lines = table.split(separator: "\n")
        #expect(lines.last == "refused: \(ForbiddenAct.all.count) of \(ForbiddenAct.all.count)")
        #expect(lines.dropLast().count == ForbiddenAct.all.count)
        #expect(lines.dropLast().allSatisfy { $0.contains(" refused, ") })
        #expect(Set(ForbiddenAct.all.map(\.name)).count == ForbiddenAct.all.count)
        if geteuid() == 0 { #expect(worker.logText() == (place.complaint.map { $0 + "\n" } ?? "")) }
    }

    @Test func `where Landlock is required a kernel without it is refused`() throws {
        let worker = try SpawnedProgram(
            "ingest-worker", arguments: identity + ["--require-landlock"],
            through: Place.withoutLandlock.wrapper)
        #expect(worker.end() == .exited(71))
        #expect(
            worker.logText() == "confinement failed: enter Landlock, which is required: errno 38\n")
    }

    /// Shows that the probe itself can do what the wall then stops.
    @Test(arguments: ["open", "socket", "unix-socket", "memory-file", "run-memory", "map-code"])
    func `the same act succeeds in the open field`(act: String) throws {
        #expect(try probe("open-field", act) == .exited(0))
    }

    @Test func `Landlock alone keeps files closed`() throws {
        #expect(try probe("landlock", "open") == .exited(10))
        #expect(try probe("landlock", "unix-socket") == .exited(0))
    }

    @Test(arguments: [
        (Int32(1), UInt64(0x1fff), UInt64(0), UInt64(0), 8), (2, 0x3fff, 0, 0, 8),
        (3, 0x7fff, 0, 0, 8), (4, 0x7fff, 3, 0, 16), (5, 0xffff, 3, 0, 16), (6, 0xffff, 3, 3, 24),
        (7, 0xffff, 3, 3, 24),
    ])
    func `each Landlock is asked for all it knows and no more`(
        abi: Int32, files: UInt64, network: UInt64, scope: UInt64, length: Int
    ) {
        let (ruleset, size) = Landlock.ruleset(abi: abi)
        #expect(ruleset.handled_access_fs == files)
        #expect(ruleset.handled_access_net == network)
        #expect(ruleset.scoped == scope)
        #expect(size == length)
    }

    private func probe(_ wall: String, _ act: String) throws -> SpawnedProgram.End {
        try SpawnedProgram("ConfinementProbe", arguments: [wall, act]).end()
    }
}
