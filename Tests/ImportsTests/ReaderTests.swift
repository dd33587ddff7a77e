import Glibc
import Imports
import Rules
import Testing

/// Accounts read with plain `sqlite3`, which waits for nobody, while their imports come and go.
@Suite(.enabled(if: geteuid() == 0)) struct ReaderTests {
    private let owner = Account(uid: 20_003, name: nil)

    @Test func `hardly anybody is turned away while imports follow one another`() throws {
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
        // Where imports do turn readers away, they do so to a fifth of all questions.
        #expect(try complaints(of: readers) <= 2)
    }

    @Test func `hardly anybody is turned away by a database that is being made`() throws {
        var count = 0
        for _ in 0..<10 {
            let scene = try ImportScene()
            let readers = try (0..<3).map { _ in try PlainReader.asking(scene, as: owner) }
            try scene.importPeople(1, account: owner, [person("Ann", "a@b.c")])
            count += try complaints(of: readers)
        }
        #expect(count <= 1)
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
        // The database alone is another, and what stands beside it goes on being in use.
        let path = scene.databasePath(last)
        #expect(shell("cp '\(path)' '\(path).new' && mv '\(path).new' '\(path)'").isSuccess)
        try scene.importPeople(3, account: last, [person("Cid", "c@b.c")])
        #expect(openFiles(below: scene.root).allSatisfy { !$0.contains("(deleted)") })
        #expect(try scene.query("SELECT count(*) FROM participants", account: last) == [["2"]])
        // Rule: https://sqlite.org/walformat.html, "WAL locks": who has it open says so at byte 128.
        let inUse = shell("grep \":$(stat -c %i '\(path)-shm') 128 128\" /proc/locks").output
        #expect(inUse.contains(" \(getpid()) "))
        scene.databases.close()
        #expect(openFiles(below: scene.root) == [])
    }

    @Test func `a database that is only out of reach is not taken for none`() throws {
        let scene = try ImportScene()
        try scene.importPeople(1, account: owner, [person("Ann", "a@b.c")])
        scene.databases.close()
        let path = scene.databasePath(owner)
        let away = "\(scene.root)/disk"
        #expect(
            shell("mkdir '\(away)' && mv '\(path)' '\(away)/x' && ln -s '\(away)/x' '\(path)'")
                .isSuccess)
        #expect(shell("mv '\(away)' '\(away).off'").isSuccess)
        #expect(throws: ImportError.self) {
            try scene.importPeople(2, account: owner, [person("Bob", "b@b.c")])
        }
        #expect(throws: ImportError.self) {
            try scene.databases.remove(scene.document(1), of: owner)
        }
        #expect(shell("mv '\(away).off' '\(away)'").isSuccess)
        #expect(try scene.query("SELECT name FROM participants", account: owner) == [["Ann"]])
    }

    /// How often readers were turned away. SQLite itself may do so to one who meets a writer in the midst of a few
    /// instructions.
    private func complaints(of readers: [PlainReader]) throws -> Int {
        try readers.reduce(0) { count, reader in
            count + (try reader.end()).split(separator: "\n").count
        }
    }

    private func people(_ count: Int) -> [[String?]] {
        (0..<count).map { person("Person \($0)", "p\($0)@b.c") }
    }

    /// Runs `body` while another process has read and is not at an end with it.
    private func whileReading(_ scene: ImportScene, _ body: () throws -> Void) throws {
        let reader = try PlainReader.holding(scene, as: owner)
        try body()
        let told = try reader.end()
        #expect(told == "")
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
