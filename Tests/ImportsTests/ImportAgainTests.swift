import Imports
import Rules
import Testing
import WorkerProtocol

/// What a document brings in anew takes the place of what it brought in before, and of nothing else.
@Suite struct ImportAgainTests {
    let scene: ImportScene

    init() throws { scene = try ImportScene() }

    private func people(_ columns: String) throws -> [[String?]] {
        try scene.query("SELECT \(columns) FROM participants ORDER BY collection, email")
    }

    @Test func `rows that come again keep their tokens, others go, and new ones get theirs`()
        throws
    {
        try scene.importPeople(1, [person("Ann", "a@b.c"), person("Bob", "b@b.c")])
        let before = try people("email, token")
        let counts = try scene.importPeople(
            1, [person("Bobby", "b@b.c"), person("Cid", "c@b.c"), person("Bo", "b@b.c")])
        #expect(counts.processedCount == 2)
        #expect(counts.duplicatesSkipped == 1)
        #expect(counts.tokens == 2)
        let after = try people("email, token")
        #expect(try people("name") == [["Bobby"], ["Cid"]])
        #expect(after.first == before.last)
        #expect(after.last?[1] != before.first?[1])
        #expect(try scene.query("SELECT id, processed_count FROM import") == [["1", "2"]])
        #expect(try scene.query("SELECT DISTINCT \"import\" FROM participants") == [["1"]])
        #expect(try scene.query("PRAGMA integrity_check") == [["ok"]])
    }

    @Test func `rows of other documents stay, and still come first`() throws {
        try scene.importPeople(1, [person("Ann", "a@b.c")])
        try scene.importPeople(2, [person("Bob", "b@b.c"), person("Anna", "a@b.c")])
        try scene.importPeople(3, collection: "gala", [person("Ann", "a@b.c")])
        let others = try scene.query(
            "SELECT * FROM participants WHERE \"import\" <> 1 ORDER BY collection, email")
        let counts = try scene.importPeople(1, [person("Robert", "b@b.c"), person("Eve", "e@b.c")])
        #expect(counts.processedCount == 1)
        #expect(counts.duplicatesSkipped == 1)
        #expect(
            try scene.query(
                "SELECT * FROM participants WHERE \"import\" <> 1 ORDER BY collection, email")
                == others)
        // What the second skipped for the first comes in when it is imported anew itself.
        let second = try scene.importPeople(2, [person("Bob", "b@b.c"), person("Anna", "a@b.c")])
        #expect(second.processedCount == 2)
    }

    @Test func `by another schema the rows go to another table`() throws {
        let own = try scene.importTable(
            1, fileName: "people.csv", columns: ["name", "email"], [["Ann", "a@b.c"]])
        #expect(own.table == "people")
        try scene.importPeople(1, [person("Ann", "a@b.c")])
        #expect(try scene.query("SELECT name FROM sqlite_schema WHERE name = 'people'") == [])
        #expect(
            try scene.query("SELECT \"table\", schema FROM import") == [
                ["participants", "participants"]
            ])
        let back = try scene.importTable(
            1, fileName: "people.csv", columns: ["name", "email"], [["Ann", "a@b.c"]])
        #expect(back.table == "people")
        #expect(try people("name") == [])
        #expect(try scene.query("SELECT name FROM people") == [["Ann"]])
    }

    @Test func `a table of a document's own is made anew under its name`() throws {
        try scene.importTable(1, fileName: "list.csv", columns: ["a"], [["1"], ["2"]])
        try scene.importTable(2, fileName: "list.csv", columns: ["a"], [["3"]])
        let again = try scene.importTable(
            1, fileName: "list.csv", columns: ["b", "c"], [["4", "5"]])
        #expect(again.table == "list")
        #expect(try scene.query("SELECT b, c FROM list") == [["4", "5"]])
        #expect(try scene.query("SELECT a FROM list_2") == [["3"]])
    }

    @Test func `what cannot be imported anew leaves what there was`() throws {
        try scene.importPeople(1, [person("Ann", "a@b.c")])
        let before = try people("name, email, token, \"import\"")
        let broken = try scene.begin(1)
        #expect(throws: ImportError.self) {
            try broken.append(batch([["Bob", nil, nil, nil, nil]]))
            _ = try broken.commit(totalRows: 1, errorCount: 0, now: Timestamp(milliseconds: 0))
        }
        #expect(try people("name, email, token, \"import\"") == before)
        #expect(try scene.query("SELECT processed_count FROM import") == [["1"]])
    }

    @Test func `a table that somebody removed is made anew`() throws {
        try scene.importPeople(1, [person("Ann", "a@b.c")])
        let removal = shell(
            "python3 -c 'import sqlite3,sys;"
                + "c=sqlite3.connect(sys.argv[1]);c.execute(\"DROP TABLE participants\");c.commit()"
                + "' '\(scene.databasePath())'")
        #expect(removal.isSuccess, "\(removal.output)")
        #expect(try scene.importPeople(1, [person("Ann", "a@b.c")]).processedCount == 1)
    }

    @Test func `many rows keep their tokens`() throws {
        let count = 20_000
        let rows = (0..<count).map { person("Nr \($0)", "n\($0 * 7919 % count)@example.com") }
        try scene.importPeople(1, rows)
        let before = try people("email, token")
        try scene.importPeople(1, rows.reversed())
        #expect(try people("email, token") == before)
    }
}
