import GRDB
import Rules
import Testing

@testable import Catalog

/// What goes into a statement and comes out of its rows, in a database in memory.
@Suite struct StatementTests {
    private let queue: DatabaseQueue

    init() throws {
        queue = try DatabaseQueue()
        try queue.write { try $0.execute(sql: "CREATE TABLE t (a, b UNIQUE)") }
    }

    @Test(arguments: [
        "", "plain", "\u{0}inside\u{0}", "이름 😀", String(repeating: "x", count: 70_000),
    ])
    func `text comes back as it was given`(text: String) throws {
        try queue.write { db in
            try db.run("INSERT INTO t VALUES (?, 1)", [text])
            #expect(try db.row("SELECT a FROM t")?.text("a") == text)
            #expect(try db.number("SELECT typeof(a) = 'text' FROM t") == 1)
        }
    }

    @Test(arguments: [[], [0], [0xff, 0xfe, 0], Array(repeating: 7, count: 5000)])
    func `bytes come back as they were given`(bytes: [UInt8]) throws {
        try queue.write { db in
            try db.run("INSERT INTO t VALUES (?, 1)", [Bytes(bytes)])
            #expect(try db.row("SELECT a FROM t")?.bytes("a") == bytes)
            #expect(try db.number("SELECT typeof(a) = 'blob' FROM t") == 1)
        }
    }

    @Test func `numbers and null come back as they were given`() throws {
        try queue.write { db in
            let numbers: [(any StatementArgument)?] = [Int64.min, Int.max, 1.5, UInt32.max, nil]
            let row = try #require(
                try db.row("SELECT ? AS a, ? AS b, ? AS c, ? AS d, ? AS e", numbers))
            #expect(row["a"] as Int64? == .min)
            #expect(row["b"] as Int? == .max)
            #expect(row["c"] as Double? == 1.5)
            #expect(row["d"] as Int? == Int(UInt32.max))
            #expect(row["e"] as Int? == nil)
            #expect(row["e"] as String? == nil)
            #expect(row["a"] as String? == nil)
            #expect(throws: CatalogError.unreadable(column: "e", among: "a,b,c,d,e")) {
                try row.text("e")
            }
        }
    }

    @Test func `what was given before is not given again`() throws {
        try queue.write { db in
            let first = try #require(try db.row("SELECT ? AS a", ["one"]))
            let second = try #require(try db.row("SELECT ? AS a", [nil]))
            #expect(first["a"] as String? == "one")
            #expect(second["a"] as String? == nil)
        }
    }

    @Test func `a row that must not be is SQLite's own error, and the statement serves again`()
        throws
    {
        try queue.write { db in
            try db.run("INSERT INTO t VALUES (?, ?)", [1, 1])
            let error = #expect(throws: DatabaseError.self) {
                try db.run("INSERT INTO t VALUES (?, ?)", [2, 1])
            }
            #expect(error?.extendedResultCode == .SQLITE_CONSTRAINT_UNIQUE)
            #expect(error?.message == "UNIQUE constraint failed: t.b")
            try db.run("INSERT INTO t VALUES (?, ?)", [2, 2])
            #expect(try db.rows("SELECT a FROM t ORDER BY a").map { try $0.int("a") } == [1, 2])
        }
    }

    @Test func `rows that are not wanted are not read, and nothing stays open`() throws {
        try queue.write { db in
            for number in 0..<9 { try db.run("INSERT INTO t VALUES (?, ?)", [number, number]) }
            var seen: [Int] = []
            try db.forEachRow("SELECT a FROM t ORDER BY a", []) { row in
                seen.append(try row.int("a"))
                return seen.count < 3 ? .goOn : .stop
            }
            #expect(seen == [0, 1, 2])
        }
        // A statement that still reads would keep the table.
        try queue.write { try $0.execute(sql: "DROP TABLE t") }
    }
}
