import GRDB
import Imports
import Rules
import TestSupport
import Testing
import WorkerProtocol

/// Tables of schemas that a config has.
@Suite struct SchemaTableTests {
    /// Rooms are told apart by a number and a day.
    static func rooms(
        _ duplicates: TableSchema.Duplicates = .skip, table: String = "rooms",
        more: [TableSchema.Column] = [], hasTokens: Bool = false, key: [String] = ["no", "day"]
    ) -> TableSchema {
        TableSchema(
            name: "rooms", table: table,
            columns: [
                TableSchema.Column(name: "no", isRequired: true, rule: ValueRule(type: .integer)),
                TableSchema.Column(name: "day", isRequired: true, rule: ValueRule(type: .date)),
                TableSchema.Column(name: "free", rule: ValueRule(type: .boolean)),
                TableSchema.Column(name: "price", rule: ValueRule(type: .decimal)),
            ] + more, key: key, duplicates: duplicates, hasTokens: hasTokens)
    }

    /// Imports rows of that schema, each with a record where the heading says so.
    @discardableResult
    static func importRooms(
        _ number: UInt8 = 1, into scene: ImportScene, schema: TableSchema = rooms(),
        collection: String = "", onRepeated: (RepeatedRow) throws -> Void = { _ in },
        onAllRepeated: () throws -> Void = {}, _ rows: [[String?]]
    ) throws -> ImportCounts {
        let carries = schema.duplicates == .reject
        let transaction = try scene.begin(
            number, collection: collection,
            heading: TableHeading(
                schema: "rooms", columns: schema.columns.map(\.name), encoding: "utf-8",
                delimiter: ",", carriesRecords: carries))
        let width = schema.columns.count
        let whole = rows.enumerated().map { index, row in
            row + Array(repeating: nil, count: width - row.count)
                + (carries ? ["record \(index + 2),"] : [])
        }
        try transaction.append(batch(whole))
        return try transaction.commit(
            totalRows: rows.count, errorCount: 0, now: Timestamp(milliseconds: 0),
            onRepeated: onRepeated, onAllRepeated: onAllRepeated)
    }

    private func scene(_ schema: TableSchema) throws -> ImportScene {
        try ImportScene(schemas: [schema])
    }

    @Test func `values are kept as what they are`() throws {
        let scene = try scene(Self.rooms())
        let counts = try Self.importRooms(
            into: scene, [["10", "2024-01-05", "1", "1.50"], ["9", "2024-01-05", nil, nil]])
        #expect(counts == ImportCounts(processedCount: 2, tokens: 0, table: "rooms"))
        #expect(
            try scene.query(
                "SELECT no, typeof(no), day, typeof(day), free, typeof(free), price, typeof(price), \"row\" "
                    + "FROM rooms ORDER BY no")
                == [
                    ["9", "integer", "2024-01-05", "text", nil, "null", nil, "null", "3"],
                    ["10", "integer", "2024-01-05", "text", "1", "integer", "1.50", "text", "2"],
                ])
        #expect(
            try scene.query("SELECT sql FROM sqlite_schema WHERE name = 'rooms'")[0][0]?
                .contains(#"PRIMARY KEY ("collection", "no", "day")"#) == true)
    }

    @Test func `rows are the same when the whole key is`() throws {
        let scene = try scene(Self.rooms())
        let counts = try Self.importRooms(
            into: scene,
            [
                ["1", "2024-01-05", nil, "1"], ["1", "2024-01-06"], ["2", "2024-01-05"],
                ["1", "2024-01-05", nil, "2"],
            ])
        #expect(counts.processedCount == 3)
        #expect(counts.duplicatesSkipped == 1)
        #expect(
            try scene.query("SELECT price FROM rooms WHERE no = 1 AND day = '2024-01-05'")
                == [["1"]])
        let elsewhere = try Self.importRooms(
            2, into: scene, collection: "b", [["1", "2024-01-05"]])
        #expect(elsewhere.processedCount == 1)
    }

    @Test func `without a key every row counts, and a document replaces its own`() throws {
        let schema = Self.rooms(key: [])
        let scene = try scene(schema)
        let rows: [[String?]] = [["1", "2024-01-05"], ["1", "2024-01-05"]]
        #expect(try Self.importRooms(into: scene, schema: schema, rows).processedCount == 2)
        #expect(try Self.importRooms(2, into: scene, schema: schema, rows).processedCount == 2)
        #expect(try Self.importRooms(into: scene, schema: schema, [rows[0]]).processedCount == 1)
        #expect(try scene.query("SELECT count(*) FROM rooms") == [["3"]])
    }

    @Test func `an update takes the place of what is there, and the last one stays`() throws {
        let schema = Self.rooms(.update, hasTokens: true)
        let scene = try scene(schema)
        try Self.importRooms(
            1, into: scene, schema: schema,
            [["1", "2024-01-05", "1", "10"], ["2", "2024-01-05", "1", "20"]])
        let tokens = try scene.query("SELECT no, token FROM rooms ORDER BY no")
        let counts = try Self.importRooms(
            2, into: scene, schema: schema,
            [
                ["1", "2024-01-05", nil, "11"], ["3", "2024-01-05", nil, "30"],
                ["3", "2024-01-05", nil, "31"],
            ])
        #expect(
            counts
                == ImportCounts(processedCount: 3, updatedCount: 2, tokens: 2, table: "rooms"))
        #expect(
            try scene.query("SELECT no, free, price, \"import\", \"row\" FROM rooms ORDER BY no")
                == [
                    ["1", nil, "11", "2", "2"], ["2", "1", "20", "1", "3"],
                    ["3", nil, "31", "2", "4"],
                ])
        let after = try scene.query("SELECT no, token FROM rooms ORDER BY no")
        #expect(Array(after.prefix(2)) == tokens)
        var listed: [[String]] = []
        try scene.databases.forEachToken(account: scene.account, document: scene.document(2)) {
            row in
            #expect(scene.key.verify(text(row.token)) == .genuine)
            listed.append((0..<row.keyCount).map { text(row.key($0)) })
        }
        #expect(listed == [["1", "2024-01-05"], ["3", "2024-01-05"]])
        // Imported again it replaces its own, and its rows keep their tokens.
        try Self.importRooms(2, into: scene, schema: schema, [["3", "2024-01-05", nil, "32"]])
        #expect(
            try scene.query("SELECT no, token FROM rooms ORDER BY no").last == after.last)
    }

    @Test func `rows that come again are rejected with what they were`() throws {
        let schema = Self.rooms(.reject)
        let scene = try scene(schema)
        try Self.importRooms(1, into: scene, schema: schema, [["1", "2024-01-05"]])
        var repeated: [RepeatedRow] = []
        let counts = try Self.importRooms(
            2, into: scene, schema: schema, onRepeated: { repeated.append($0) },
            [
                ["2", "2024-01-05"], ["1", "2024-01-05"], ["12", "2024-01-05"],
                ["2", "2024-01-05"],
            ])
        #expect(
            counts
                == ImportCounts(processedCount: 2, duplicatesRejected: 2, tokens: 0, table: "rooms")
        )
        #expect(repeated.map(\.row) == [3, 5])
        #expect(repeated.map(\.field) == ["", ""])
        #expect(
            repeated.map(\.message) == [
                "is there already, from another file", "is there already, in row 2",
            ])
        #expect(
            repeated.map { String(decoding: $0.record, as: UTF8.self) } == [
                "record 3,", "record 5,",
            ])
        #expect(
            try scene.query("SELECT error_count, processed_count FROM import ORDER BY id")
                == [["0", "1"], ["2", "2"]])
    }

    @Test func `whoever refuses a repeated row undoes the whole import`() throws {
        struct Enough: Error {}
        let schema = Self.rooms(.reject)
        let scene = try scene(schema)
        let rows: [[String?]] = [["1", "2024-01-05"], ["1", "2024-01-05"]]
        #expect(throws: Enough.self) {
            try Self.importRooms(
                into: scene, schema: schema, onRepeated: { _ in throw Enough() }, rows)
        }
        #expect(throws: Enough.self) {
            try Self.importRooms(
                into: scene, schema: schema, onAllRepeated: { throw Enough() }, rows)
        }
        #expect(try scene.query("SELECT count(*) FROM import") == [["0"]])
        #expect(try scene.query("SELECT name FROM sqlite_schema WHERE name = 'rooms'") == [])
    }

    @Test func `a table gets the columns that a later definition has`() throws {
        let scene = try scene(Self.rooms())
        try Self.importRooms(1, into: scene, [["1", "2024-01-05"]])
        let wider = Self.rooms(more: [TableSchema.Column(name: "note", isRequired: true)])
        let later = try scene.reopened(schemas: [wider])
        try Self.importRooms(
            2, into: later, schema: wider, [["2", "2024-01-05", nil, nil, "new"]])
        #expect(
            try later.query("SELECT no, note FROM rooms ORDER BY no") == [
                ["1", nil], ["2", "new"],
            ])
        // What is no longer defined stays empty.
        let narrower = try later.reopened(schemas: [Self.rooms()])
        try Self.importRooms(3, into: narrower, [["3", "2024-01-05"]])
        #expect(try narrower.query("SELECT count(*) FROM rooms WHERE note IS NULL") == [["2"]])
    }

    static let others: [(TableSchema, String)] = [
        (rooms(key: ["no"]), "told apart by collection, no, day"),
        (rooms(key: []), "told apart by collection, no, day"),
        (rooms(hasTokens: true), "no tokens"),
        (
            TableSchema(
                name: "rooms",
                columns: [
                    TableSchema.Column(name: "no", isRequired: true),
                    TableSchema.Column(name: "day", isRequired: true, rule: ValueRule(type: .date)),
                ], key: ["no", "day"]), "column no is INTEGER"
        ),
    ]

    @Test(arguments: others)
    func `rows of another form do not go into the table that is there`(
        schema: TableSchema, reason: String
    ) throws {
        let scene = try scene(Self.rooms())
        try Self.importRooms(1, into: scene, [["1", "2024-01-05"]])
        let later = try scene.reopened(schemas: [schema])
        let error = #expect(throws: ImportError.self) {
            try Self.importRooms(2, into: later, schema: schema, [["2", "2024-01-05"]])
        }
        guard case .tableDiffers(table: "rooms", let found)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(found.contains(reason), "\(found)")
        #expect(error?.failure.code == .internalError)
        #expect(try later.query("SELECT count(*) FROM rooms") == [["1"]])
    }

    @Test func `no document's own table takes a schema's name`() throws {
        let scene = try scene(Self.rooms(table: "Räume"))
        #expect(
            try scene.importTable(fileName: "räume.csv", columns: ["a"], [["1"]]).table
                == "räume_2")
    }

    @Test func `many rows in any order of a number come in, in its order`() throws {
        let schema = Self.rooms(.update)
        let scene = try scene(schema)
        let count = 5000
        let rows = (0..<count).map { ["\($0 * 7919 % count - 100)", "2024-01-05"] as [String?] }
        #expect(try Self.importRooms(into: scene, schema: schema, rows).processedCount == count)
        let again = try Self.importRooms(2, into: scene, schema: schema, rows)
        #expect(again.updatedCount == count)
        #expect(
            try scene.query("SELECT count(*), min(no), max(no), min(\"import\") FROM rooms")
                == [["\(count)", "-100", "\(count - 101)", "2"]])
        #expect(try scene.query("PRAGMA integrity_check") == [["ok"]])
    }

    @Test func `an inferred table's columns are what they turned out to be`() throws {
        let scene = try ImportScene()
        let transaction = try scene.begin(
            fileName: "list.csv",
            heading: ImportScene.heading(schema: nil, columns: ["n", "d", "long", "code", "new"]))
        try transaction.append(
            batch([
                ["9223372036854775807", "2.5", "1.50", "007", "1"],
                ["-5", "3", "2.00", "8", "2"], ["", nil, "", "", nil],
            ]))
        _ = try transaction.commit(
            totalRows: 3, errorCount: 0,
            types: [
                .integer, .decimal(isKeptAsNumber: true), .decimal(isKeptAsNumber: false), .text,
            ], now: Timestamp(milliseconds: 0))
        #expect(
            try scene.query(
                "SELECT n, typeof(n), d, typeof(d), long, typeof(long), code, typeof(code), typeof(new) "
                    + "FROM list")
                == [
                    [
                        "9223372036854775807", "integer", "2.5", "real", "1.50", "text", "007",
                        "text", "text",
                    ],
                    ["-5", "integer", "3", "integer", "2.00", "text", "8", "text", "text"],
                    [nil, "null", nil, "null", nil, "null", nil, "null", "null"],
                ])
    }
}
