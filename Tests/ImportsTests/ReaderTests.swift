import Glibc
import Imports
import Rules
import Testing

/// Accounts read with plain `sqlite3`, which waits for nobody, while their imports come and go.
@Suite(.enabled(if: geteuid() == 0)) struct ReaderTests {
    private let owner = Account(uid: 20_003, name: nil)

    @Test func `nobody is turned away while imports follow one another`() throws {
        let scene = try ImportScene()
        try scene.importPeople(1, account: owner, [person("Ann", "a@b.c")])
        let readers = try (0..<3).map { _ in try PlainReader.asking(scene, as: owner) }
        for number in 2..<UInt8(17) {
            // What one reader is in the midst of stays in the log of writes, and is much.
            try whileReading(scene) {
                try scene.importPeople(
                    number, account: owner, collection: "\(number)", people(10_000))
            }
            try scene.importPeople(
                100 + number, account: owner, collection: "-", [person("Bob", "b\(number)@b.c")])
        }
        for reader in readers {
            #expect(try reader.end() == "")
        }
    }

    @Test func `nobody is turned away by a database that is being made`() throws {
        for _ in 0..<10 {
            let scene = try ImportScene()
            let readers = try (0..<3).map { _ in try PlainReader.asking(scene, as: owner) }
            try scene.importPeople(1, account: owner, [person("Ann", "a@b.c")])
            for reader in readers {
                #expect(try reader.end() == "")
            }
        }
    }

    @Test func `what a reader kept in the log of writes goes from it at the end`() throws {
        let scene = try ImportScene()
        try scene.importPeople(1, account: owner, [person("Ann", "a@b.c")])
        try whileReading(scene) { try scene.importPeople(2, account: owner, people(10)) }
        #expect(scene.lines.map(\.event) == [.importsUntidied])
        #expect(try logSize(scene) > 0)
        scene.databases.close()
        #expect(try logSize(scene) == 0)
        #expect(try scene.query("SELECT count(*) FROM participants", account: owner) == [["11"]])
    }

    @Test func `an import that is undone leaves nothing in the log of writes`() throws {
        let scene = try ImportScene()
        try scene.importPeople(1, account: owner, [person("Ann", "a@b.c")])
        let transaction = try scene.begin(2, account: owner)
        // More than SQLite keeps in memory before the commit.
        try transaction.append(batch(people(30_000)))
        #expect(throws: CancellationError.self) {
            try transaction.commit(
                totalRows: 30_000, errorCount: 0, now: Timestamp(milliseconds: 0),
                onAllRepeated: {
                    #expect(try logSize(scene) > 100_000)
                    throw CancellationError()
                })
        }
        #expect(try logSize(scene) == 0)
    }

    @Test func `few databases stay open, and those that were put in place of others`() throws {
        let scene = try ImportScene()
        for uid in UInt32(30_000)..<30_070 {
            try scene.importPeople(
                1, account: Account(uid: uid, name: nil), [person("Ann", "a@b.c")])
        }
        let open = openFiles(below: scene.root)
        #expect(Set(open).count == 64 * 3)
        #expect(
            open.contains { $0.contains("/30069/") } && !open.contains { $0.contains("/30000/") })

        let last = Account(uid: 30_069, name: nil)
        #expect(shell("rm -r '\(scene.root)/30069'").isSuccess)
        try scene.importPeople(2, account: last, [person("Bob", "b@b.c")])
        #expect(openFiles(below: scene.root).allSatisfy { !$0.contains("(deleted)") })
        #expect(try scene.query("SELECT name FROM participants", account: last) == [["Bob"]])
        scene.databases.close()
        #expect(openFiles(below: scene.root) == [])
    }

    private func people(_ count: Int) -> [[String?]] {
        (0..<count).map { person("Person \($0)", "p\($0)@b.c") }
    }

    /// Runs `body` while another process has read and is not at an end with it.
    private func whileReading(_ scene: ImportScene, _ body: () throws -> Void) throws {
        let reader = try PlainReader.holding(scene, as: owner)
        try body()
        #expect(try reader.end() == "")
    }

    private func logSize(_ scene: ImportScene) throws -> Int {
        var facts = stat()
        guard stat(scene.databasePath(owner) + "-wal", &facts) == 0 else {
            throw ImportError.system(attempt: "", errno: errno)
        }
        return facts.st_size
    }

    /// What this process has open there.
    private func openFiles(below folder: String) -> [String] {
        shell("find /proc/\(getpid())/fd -lname '\(folder)/*' -printf '%l\\n'").output
            .split(separator: "\n").map(String.init)
    }
}
