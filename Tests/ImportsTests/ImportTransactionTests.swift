import GRDB
import Glibc
import Imports
import Rules
import Testing
import WorkerProtocol

@Suite struct ImportTransactionTests {
    @Test func `rows come in with what they had, where they came from, and a genuine token`() throws
    {
        let scene = try ImportScene()
        let counts = try scene.importPeople(
            collection: "events/gala",
            [
                ["김민수", "minsu@example.kr", "010-1234-5678", "개발", "팀장"],
                ["O'Brien, \"Pat\"", "pat@example.com", "", nil, "  "],
            ])
        #expect(
            counts
                == ImportCounts(
                    processedCount: 2, duplicatesSkipped: 0, tokens: 2, table: "participants"))
        let rows = try scene.query(
            """
            SELECT participants.collection, name, email, phone, department, position, "row", document, file_name
            FROM participants JOIN import ON import.id = participants.import ORDER BY email
            """)
        let document = scene.document(1).description
        #expect(
            rows == [
                [
                    "events/gala", "김민수", "minsu@example.kr", "010-1234-5678", "개발", "팀장", "2",
                    document, "people.csv",
                ],
                [
                    "events/gala", "O'Brien, \"Pat\"", "pat@example.com", nil, nil, "  ", "3",
                    document, "people.csv",
                ],
            ])
        let tokens = try scene.query("SELECT token FROM participants").compactMap { $0[0] }
        #expect(Set(tokens).count == 2)
        #expect(tokens.allSatisfy { scene.key.verify($0) == .genuine })
    }

    @Test func `of equal keys the first in the file stays`() throws {
        let scene = try ImportScene()
        let counts = try scene.importPeople(
            1,
            [
                person("Zoe", "same@example.com"), person("Bob", "bob@example.com"),
                person("Ann", "same@example.com"), person("Amy", "same@example.com"),
            ])
        #expect(counts.processedCount == 2)
        #expect(counts.duplicatesSkipped == 2)
        #expect(counts.tokens == 2)
        #expect(
            try scene.query("SELECT name FROM participants ORDER BY name") == [["Bob"], ["Zoe"]])
    }

    @Test func `rows too wide for us to sort are stored all the same`() throws {
        let scene = try ImportScene()
        let wide = String(repeating: "w", count: 3 << 20)
        let letters = ["g", "c", "e", "a", "f", "b", "d", "c", "h", "i", "k", "c"]
        let transaction = try scene.begin(1)
        for (index, letter) in letters.enumerated() {
            let row = ["Person \(index)", "\(letter)@example.com", wide, nil, nil]
            try transaction.append(batch([row], from: index + 2))
        }
        let counts = try transaction.commit(
            totalRows: letters.count, errorCount: 0, now: Timestamp(milliseconds: 0))
        #expect(counts.processedCount == 10)
        #expect(counts.duplicatesSkipped == 2)
        #expect(
            try scene.query("SELECT name FROM participants WHERE email = 'c@example.com'")
                == [["Person 1"]])
    }

    @Test func `a key that was there already stays as it was, but only in its collection`() throws {
        let scene = try ImportScene()
        try scene.importPeople(1, collection: "a", [person("Old", "one@example.com")])
        let before = try scene.query("SELECT * FROM participants")
        let rows = [person("New", "one@example.com"), person("Two", "two@example.com")]
        let again = try scene.importPeople(2, collection: "a", rows)
        #expect(again.processedCount == 1)
        #expect(again.duplicatesSkipped == 1)
        #expect(
            try scene.query("SELECT * FROM participants WHERE email LIKE 'one%'") == before)
        let elsewhere = try scene.importPeople(3, collection: "b", rows)
        #expect(elsewhere.processedCount == 2)
    }

    @Test func `a schema's columns may come in any order, and optional ones not at all`() throws {
        let scene = try ImportScene()
        let transaction = try scene.begin(
            heading: ImportScene.heading(columns: ["email", "position", "name"]))
        try transaction.append(batch([["a@b.c", "Chair", "Ann"]]))
        _ = try transaction.commit(totalRows: 1, errorCount: 0, now: Timestamp(milliseconds: 0))
        #expect(
            try scene.query("SELECT name, email, phone, position FROM participants")
                == [["Ann", "a@b.c", nil, "Chair"]])
    }

    @Test func `rows of many batches, in any order of their keys, all come in`() throws {
        let scene = try ImportScene()
        let transaction = try scene.begin()
        let count = 20_000
        for first in stride(from: 0, to: count, by: 999) {
            let numbers = first..<min(count, first + 999)
            // 7919 is prime to the count: every address occurs once, scattered.
            let rows = numbers.map { person("Nr \($0)", "n\($0 * 7919 % count)@example.com") }
            try transaction.append(batch(rows, from: first + 2))
        }
        let counts = try transaction.commit(
            totalRows: count + 5, errorCount: 5, now: Timestamp(milliseconds: 0))
        #expect(counts.processedCount == count)
        #expect(
            try scene.query(
                "SELECT count(*), count(DISTINCT token), sum(\"row\") FROM participants")
                == [["\(count)", "\(count)", "\(count * (count + 3) / 2)"]])
        #expect(
            try scene.query("SELECT total_rows, error_count, imported_at FROM import")
                == [["\(count + 5)", "5", "1970-01-01T00:00:00.000Z"]])
        #expect(try scene.query("PRAGMA integrity_check") == [["ok"]])
    }

    @Test func `a table whose rows were all rejected is recorded`() throws {
        let scene = try ImportScene()
        let transaction = try scene.begin()
        let counts = try transaction.commit(
            totalRows: 3, errorCount: 3, now: Timestamp(milliseconds: 0))
        #expect(counts.processedCount == 0)
        #expect(try scene.query("SELECT error_count FROM import") == [["3"]])
    }

    @Test func `a cancelled import leaves nothing`() throws {
        let scene = try ImportScene()
        let transaction = try scene.begin()
        try transaction.append(batch([person("Ann", "a@b.c")]))
        transaction.cancel()
        #expect(try scene.query("SELECT count(*) FROM import") == [["0"]])
        #expect(try scene.query("SELECT name FROM sqlite_schema WHERE name LIKE 'p%'") == [])
        #expect(shell("ls -A '\(scene.root)'").output == "\(geteuid())\n")
        #expect(try scene.importPeople(1, [person("Ann", "a@b.c")]).processedCount == 1)
    }

    @Test func `an import that was let go of leaves nothing`() throws {
        let scene = try ImportScene()
        try scene.begin().append(batch([person("Ann", "a@b.c")]))
        #expect(try scene.query("SELECT count(*) FROM import") == [["0"]])
    }

    @Test func `a document is imported once, however often it is tried`() throws {
        let scene = try ImportScene()
        let rows = [person("Ann", "a@b.c"), person("Bob", "b@b.c"), person("Bo", "b@b.c")]
        let first = try scene.importPeople(1, rows)
        let before = try scene.query("SELECT * FROM participants")
        #expect(try scene.importPeople(1, rows) == first)
        #expect(try scene.query("SELECT * FROM participants") == before)
        #expect(try scene.query("SELECT count(*) FROM import") == [["1"]])
    }

    @Test func `of two attempts at one document the rows of one are there`() throws {
        let scene = try ImportScene()
        let slow = try scene.begin()
        try slow.append(batch([person("Ann", "a@b.c")]))
        let quick = try scene.importPeople(1, [person("Ann", "a@b.c")])
        #expect(
            try slow.commit(totalRows: 1, errorCount: 0, now: Timestamp(milliseconds: 0)) == quick)
        #expect(try scene.query("SELECT count(*) FROM import") == [["1"]])
        #expect(try scene.query("SELECT name FROM participants") == [["Ann"]])
    }

    @Test func `text with a NUL in it is kept whole`() throws {
        let scene = try ImportScene()
        try scene.importPeople(1, [person("A\0nn", "a@b.c"), person("Bob", "b\0@b.c")])
        #expect(
            try scene.query("SELECT hex(name), hex(email) FROM participants ORDER BY \"row\"") == [
                ["41006E6E", "6140622E63"], ["426F62", "620040622E63"],
            ])
    }

    @Test func `the log of writes is emptied after a commit`() throws {
        let scene = try ImportScene()
        try scene.importPeople(1, [person("Ann", "a@b.c")])
        var status = stat()
        #expect(stat(scene.databasePath() + "-wal", &status) == 0)
        #expect(status.st_size == 0)
        #expect(scene.lines == [])
    }

    @Test func `a reader in the middle of reading neither stops an import nor sees it`() throws {
        let scene = try ImportScene()
        try scene.importPeople(1, [person("Ann", "a@b.c")])
        let reader = try DatabaseQueue(path: scene.databasePath())
        try reader.inDatabase { database in
            try database.execute(sql: "BEGIN")
            let count = "SELECT count(*) FROM participants"
            #expect(try Int.fetchOne(database, sql: count) == 1)
            let counts = try scene.importPeople(2, [person("Bob", "b@b.c")])
            #expect(counts.processedCount == 1)
            #expect(try Int.fetchOne(database, sql: count) == 1)
            try database.execute(sql: "COMMIT")
            #expect(try Int.fetchOne(database, sql: count) == 2)
        }
        #expect(scene.lines.map(\.event) == [.importsUntidied])
    }

    @Test func `imports of one account side by side all come in`() async throws {
        let scene = try ImportScene(busyTimeout: .seconds(60))
        let imports: UInt8 = 8
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 1...imports {
                group.addTask {
                    let rows = (0..<500).map { person("Nr \($0)", "\(number)-\($0)@b.c") }
                    return try scene.importPeople(number, rows).processedCount
                }
            }
            for try await count in group { #expect(count == 500) }
        }
        #expect(try scene.query("SELECT count(*) FROM participants") == [["4000"]])
        #expect(try scene.query("SELECT count(DISTINCT id) FROM import") == [["8"]])
        #expect(try scene.query("PRAGMA integrity_check") == [["ok"]])
    }

    @Test func `a commit waits for another of the account however long that takes`() async throws {
        let scene = try ImportScene(busyTimeout: .milliseconds(1))
        let imports: UInt8 = 6
        // All begun before any commits, and each used by one task alone.
        nonisolated(unsafe) let transactions = try (1...imports).map { number in
            let transaction = try scene.begin(number)
            try transaction.append(
                batch((0..<500).map { person("Nr \($0)", "\(number)-\($0)@b.c") }))
            return transaction
        }
        try await withThrowingTaskGroup(of: Int.self) { group in
            for index in transactions.indices {
                group.addTask {
                    try transactions[index].commit(
                        totalRows: 500, errorCount: 0, now: Timestamp(milliseconds: 0)
                    ).processedCount
                }
            }
            for try await count in group { #expect(count == 500) }
        }
        #expect(try scene.query("SELECT count(*) FROM participants") == [["3000"]])
    }
}
