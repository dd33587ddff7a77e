import GRDB
import Glibc
import Imports
import Rules
import Testing

/// Who can do what with an account's database, tried with real users.
@Suite(.enabled(if: geteuid() == 0)) struct AccountAccessTests {
    private let owner = Account(uid: 20_001, name: nil)
    private let stranger = Account(uid: 20_002, name: nil)

    /// Runs one SQL statement as a user who has no rights but those of the uid.
    private func sqlite(
        as account: Account, _ sql: String, in path: String
    ) -> (output: String, isSuccess: Bool) {
        shell(
            "setpriv --reuid \(account.uid) --regid \(account.uid) --clear-groups "
                + "sqlite3 '\(path)' \"\(sql)\"")
    }

    @Test func `the account reads while an import runs, and after all connections are closed`()
        throws
    {
        let scene = try ImportScene()
        let path = scene.databasePath(owner)
        let query = "SELECT name FROM participants ORDER BY name"
        try scene.importPeople(1, account: owner, [person("Ann", "a@b.c")])
        #expect(sqlite(as: owner, query, in: path) == ("Ann\n", true))

        let running = try scene.begin(2, account: owner)
        try running.append(batch([person("Bob", "b@b.c")]))
        #expect(sqlite(as: owner, query, in: path) == ("Ann\n", true))
        _ = try running.commit(totalRows: 1, errorCount: 0, now: Timestamp(milliseconds: 0))
        #expect(sqlite(as: owner, query, in: path) == ("Ann\nBob\n", true))
        #expect(scene.lines == [])
    }

    @Test func `the account reads what is not checkpointed yet`() throws {
        let scene = try ImportScene()
        let path = scene.databasePath(owner)
        try scene.importPeople(1, account: owner, [person("Ann", "a@b.c")])
        // Who may only read leaves the files beside the database alone when it closes.
        var configuration = Configuration()
        configuration.readonly = true
        let reader = try DatabaseQueue(path: path, configuration: configuration)
        try reader.inDatabase { database in
            try database.execute(sql: "BEGIN")
            _ = try Int.fetchOne(database, sql: "SELECT count(*) FROM participants")
            try scene.importPeople(2, account: owner, [person("Bob", "b@b.c")])
            try database.execute(sql: "COMMIT")
        }
        #expect(sqlite(as: owner, "SELECT count(*) FROM participants", in: path) == ("2\n", true))
        try reader.close()
        #expect(sqlite(as: owner, "SELECT count(*) FROM participants", in: path) == ("2\n", true))
    }

    @Test(arguments: [true, false])
    func `the account writes nothing`(isDaemonThere: Bool) throws {
        let scene = try ImportScene()
        let path = scene.databasePath(owner)
        try scene.importPeople(1, account: owner, [person("Ann", "a@b.c")])
        let running = isDaemonThere ? try scene.begin(2, account: owner) : nil
        for sql in ["DELETE FROM participants", "CREATE TABLE x (a)", "PRAGMA user_version = 9"] {
            #expect(sqlite(as: owner, sql, in: path).output.contains("readonly database"))
        }
        let user = "setpriv --reuid \(owner.uid) --regid \(owner.uid) --clear-groups"
        let folder = "\(scene.root)/\(owner.uid)"
        for command in [
            "touch '\(folder)/x'", "rm -f '\(path)-wal'", "truncate -s 0 '\(path)-shm'",
            "truncate -s 0 '\(path)'", "mv '\(path)' '\(path).x'", "chmod 666 '\(path)'",
        ] {
            #expect(!shell("\(user) \(command)").isSuccess, "\(command)")
        }
        running?.cancel()
        #expect(
            try scene.query("SELECT name FROM participants", account: owner) == [["Ann"]])
    }

    @Test func `nobody else gets in`() throws {
        let scene = try ImportScene()
        let path = scene.databasePath(owner)
        try scene.importPeople(1, account: owner, [person("Ann", "a@b.c")])
        #expect(!sqlite(as: stranger, "SELECT * FROM participants", in: path).isSuccess)
        let user = "setpriv --reuid \(stranger.uid) --regid \(stranger.uid) --clear-groups"
        for command in ["ls '\(scene.root)'", "ls '\(scene.root)/\(owner.uid)'", "cat '\(path)'"] {
            #expect(!shell("\(user) \(command)").isSuccess, "\(command)")
        }
    }

    @Test func `a file that lost its access list gets it back`() throws {
        let scene = try ImportScene()
        let path = scene.databasePath(owner)
        try scene.importPeople(1, account: owner, [person("Ann", "a@b.c")])
        #expect(shell("chmod 600 '\(path)' '\(path)-wal' '\(path)-shm'").isSuccess)
        let query = "SELECT count(*) FROM participants"
        #expect(!sqlite(as: owner, query, in: path).isSuccess)
        try scene.begin(2, account: owner).cancel()
        #expect(sqlite(as: owner, query, in: path) == ("1\n", true))
    }

    @Test func `where the file system keeps no access lists the import goes on, and says so`()
        throws
    {
        let scene = try ImportScene()
        // ramfs has no access lists.
        #expect(shell("mount -t ramfs ingestd-test '\(scene.root)'").isSuccess)
        defer { _ = shell("umount '\(scene.root)'") }
        #expect(
            try scene.importPeople(1, account: owner, [person("Ann", "a@b.c")]).processedCount == 1)
        #expect(scene.lines.map(\.event) == [.importsUnshared])
        let mode = shell("stat -c %a '\(scene.root)/\(owner.uid)'").output
        #expect(mode == "700\n")
    }
}
