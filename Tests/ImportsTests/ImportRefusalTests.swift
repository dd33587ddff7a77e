import GRDB
import Glibc
import Imports
import Rules
import Testing
import WorkerProtocol

/// What a broken worker or a broken disk can do: nothing to the rows that are there.
@Suite struct ImportRefusalTests {
    /// A batch with one row, whose fields are bytes.
    private static func raw(row: Int, _ fields: [[UInt8]]) -> RowBatch {
        var batch = RowBatch()
        batch.append(row: row, fields: fields)
        return batch
    }

    private static let good = Array("Ann".utf8)
    private static let address = Array("a@b.c".utf8)

    @Test(arguments: [
        ("too few fields", raw(row: 9000, [good, address])),
        ("too many fields", raw(row: 9000, [good, address, [], [], [], []])),
        ("an empty key", raw(row: 9000, [good, [], [], [], []])),
        ("an empty required value", raw(row: 9000, [[], address, [], [], []])),
        ("no key", batch([["Ann", nil, nil, nil, nil]], from: 9000)),
        ("broken UTF-8", raw(row: 9000, [[0x41, 0xff], address, [], [], []])),
        ("a surrogate", raw(row: 9000, [[0xed, 0xa0, 0x80], address, [], [], []])),
        ("a cut character", raw(row: 9000, [good, address, [0xec, 0x95], [], []])),
        ("a row twice", raw(row: 2, [good, address, [], [], []])),
    ])
    func `one row that breaks the worker's word undoes the whole import`(
        crime: String, row: RowBatch
    ) throws {
        let scene = try ImportScene()
        try scene.importPeople(1, [person("Old", "old@b.c")])
        let before = try scene.query("SELECT * FROM participants")

        let transaction = try scene.begin(2)
        let many = (0..<5000).map { person("Nr \($0)", "\($0)@b.c") }
        try transaction.append(batch(many))
        let error = #expect(throws: ImportError.self, "\(crime)") {
            try transaction.append(row)
            _ = try transaction.commit(
                totalRows: 5001, errorCount: 0, now: Timestamp(milliseconds: 0))
        }
        #expect(error?.failure.code == .internalError)
        #expect(error?.failure.detail.hasPrefix("accept rows: row ") == true)
        transaction.cancel()
        #expect(try scene.query("SELECT * FROM participants") == before)
        #expect(try scene.query("SELECT count(*) FROM import") == [["1"]])
    }

    @Test(arguments: [(1, 0), (3, 0), (2, 1)])
    func `rows that got lost on the way undo the import`(total: Int, errors: Int) throws {
        let scene = try ImportScene()
        let transaction = try scene.begin()
        try transaction.append(batch([person("Ann", "a@b.c"), person("Bob", "b@b.c")]))
        #expect(throws: ImportError.self) {
            try transaction.commit(
                totalRows: total, errorCount: errors, now: Timestamp(milliseconds: 0))
        }
        #expect(try scene.query("SELECT count(*) FROM import") == [["0"]])
    }

    @Test(arguments: [
        ImportScene.heading(schema: "guests"),
        ImportScene.heading(columns: ["name", "phone"]),
        ImportScene.heading(columns: ["email", "phone"]),
        ImportScene.heading(columns: ["name", "email", "email"]),
        ImportScene.heading(columns: ["name", "email", "token"]),
        ImportScene.heading(schema: nil, columns: []),
    ])
    func `a heading that fits no table is refused`(heading: TableHeading) throws {
        let scene = try ImportScene()
        let error = #expect(throws: ImportError.self) { try scene.begin(heading: heading) }
        #expect(error?.failure.code == .internalError)
    }

    @Test func `rows may fill the staging file to its limit and not a byte more`() throws {
        let rows = batch([person("Ann", "a@b.c")])
        let exact = try ImportScene(stagingLimit: ByteCount(rows.bytes.count + 4))
        let transaction = try exact.begin()
        try transaction.append(rows)
        let error = #expect(throws: ImportError.self) { try transaction.append(rows) }
        #expect(error?.failure.code == .outputTooLarge)
        let short = try ImportScene(stagingLimit: ByteCount(rows.bytes.count + 3))
        #expect(throws: ImportError.self) { try short.begin().append(rows) }
    }

    @Test func `a database of a later version is left alone`() throws {
        let scene = try ImportScene()
        try scene.importPeople(1, [person("Ann", "a@b.c")])
        let queue = try DatabaseQueue(path: scene.databasePath())
        try queue.inDatabase { try $0.execute(sql: "PRAGMA user_version = 2") }
        let error = #expect(throws: ImportError.self) { try scene.begin(2) }
        #expect(error == .newerDatabase(version: 2, known: 1))
    }

    @Test func `a commit that another writer holds up too long fails, and may be tried again`()
        throws
    {
        let scene = try ImportScene(busyTimeout: .milliseconds(20))
        let transaction = try scene.begin()
        try transaction.append(batch([person("Ann", "a@b.c")]))
        let other = try DatabaseQueue(path: scene.databasePath())
        try other.inDatabase { database in
            try database.execute(sql: "BEGIN IMMEDIATE")
            let error = #expect(throws: ImportError.self) {
                try transaction.commit(
                    totalRows: 1, errorCount: 0, now: Timestamp(milliseconds: 0))
            }
            #expect(error?.failure.code == .internalError)
            #expect(error?.failure.retryable == true)
            try database.execute(sql: "ROLLBACK")
        }
        #expect(
            try transaction.commit(totalRows: 1, errorCount: 0, now: Timestamp(milliseconds: 0))
                .processedCount == 1)
    }

    @Test(.enabled(if: geteuid() == 0))
    func `a full disk undoes the import, which succeeds once there is room`() throws {
        let scene = try ImportScene()
        let folder = "\(scene.root)/\(geteuid())"
        try scene.importPeople(1, [person("Ann", "a@b.c")])
        #expect(
            shell("mkdir '\(scene.folder)/aside' && mv '\(folder)'/* '\(scene.folder)/aside'")
                .isSuccess)
        #expect(shell("mount -t tmpfs -o size=256k ingestd-test '\(folder)'").isSuccess)
        defer { _ = shell("umount '\(folder)'") }
        #expect(shell("mv '\(scene.folder)'/aside/* '\(folder)'").isSuccess)

        let transaction = try scene.begin(2)
        try transaction.append(batch((0..<9000).map { person("Nr \($0)", "\($0)@b.c") }))
        let error = #expect(throws: ImportError.self) {
            try transaction.commit(totalRows: 9000, errorCount: 0, now: Timestamp(milliseconds: 0))
        }
        #expect(error?.failure.code == .storeFull)
        #expect(try scene.query("SELECT name FROM participants") == [["Ann"]])

        #expect(shell("mount -o remount,size=50m '\(folder)'").isSuccess)
        #expect(
            try transaction.commit(totalRows: 9000, errorCount: 0, now: Timestamp(milliseconds: 0))
                .processedCount == 9000)
    }
}
