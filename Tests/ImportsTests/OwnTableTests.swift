import Imports
import Rules
import Testing
import WorkerProtocol

@Suite struct OwnTableTests {
    @Test func `a table without a schema is kept as it came, row by row`() throws {
        let scene = try ImportScene()
        let counts = try scene.importTable(
            fileName: "매출 2024.csv", columns: ["도시", "매출"],
            [["서울", "1"], ["서울", "1"], ["부산", ""]])
        #expect(
            counts
                == ImportCounts(
                    processedCount: 3, duplicatesSkipped: 0, tokens: 0, table: "매출_2024"))
        #expect(
            try scene.query("SELECT _row, 도시, 매출 FROM 매출_2024")
                == [["2", "서울", "1"], ["3", "서울", "1"], ["4", "부산", nil]])
        #expect(try scene.query("SELECT \"table\", schema FROM import") == [["매출_2024", nil]])
    }

    @Test func `the same name again gets a table of its own, and the old one stays`() throws {
        let scene = try ImportScene()
        let tables = try ["list.csv", "list.csv", "LIST.tsv"].enumerated().map { index, name in
            try scene.importTable(
                UInt8(index), fileName: name, columns: ["a"], [["\(index)"]]
            ).table
        }
        #expect(tables == ["list", "list_2", "LIST_3"])
        #expect(try scene.query("SELECT a FROM list") == [["0"]])
        #expect(try scene.query("SELECT a FROM list_2") == [["1"]])
    }

    @Test(arguments: [
        ("participants.csv", "participants_2"), ("Import.csv", "Import_2"),
        ("ingestd_rows.csv", "ingestd_rows_2"), ("sqlite_master.csv", "table_sqlite_master"),
        ("2024.csv", "table_2024"), (".csv", "_csv"), ("select.csv", "select"),
        ("a\"b;--.csv", "a_b___"), ("no-extension", "no_extension"), ("a.b.csv", "a_b"),
        (String(repeating: "x", count: 200) + ".csv", String(repeating: "x", count: 64)),
    ])
    func `a file's name becomes a table's name`(fileName: String, table: String) throws {
        let scene = try ImportScene()
        #expect(
            try scene.importTable(fileName: fileName, columns: ["a"], [["1"]]).table == table)
        let quoted = "\"" + table.replacing("\"", with: "\"\"") + "\""
        #expect(try scene.query("SELECT a FROM \(quoted)") == [["1"]])
    }

    @Test func `a file's name in parts becomes one that can be typed`() throws {
        let scene = try ImportScene()
        let inParts = "\u{1106}\u{1167}\u{11bc}\u{1103}\u{1161}\u{11ab}.csv"
        let table = try scene.importTable(fileName: inParts, columns: ["a"], [["1"]]).table
        #expect(Array(table.utf8) == Array("명단".utf8))
        #expect(try scene.query("SELECT a FROM 명단") == [["1"]])
        #expect(
            try scene.importTable(2, fileName: "명단.csv", columns: ["a"], [["2"]]).table == "명단_2")
    }

    @Test func `a table has the columns that it was said to have, whatever SQL calls so`() throws {
        let scene = try ImportScene()
        let columns = [
            "Name", "name_2", "select", "rowid", "1", "이름", "column_7",
            String(repeating: "y", count: 64), String(repeating: "y", count: 62) + "_2",
        ]
        let values = columns.indices.map { "v\($0)" }
        let counts = try scene.importTable(fileName: "odd.csv", columns: columns, [values])
        let names = try scene.query("SELECT name FROM pragma_table_info('odd')").map { $0[0] }
        #expect(names == ["_row"] + columns)
        #expect(counts.processedCount == 1)
        #expect(try scene.query("SELECT * FROM odd") == [["2"] + values])
    }

    @Test(arguments: [
        ["Name", "name"], ["_row"], ["a", "_ROW"], [""], ["a\"b"], ["a\0b"], ["a b"],
        [String(repeating: "y", count: 65)], ["\u{110b}\u{1175}"],
    ])
    func `names that the worker has not made safe are refused`(columns: [String]) throws {
        let scene = try ImportScene()
        let error = #expect(throws: ImportError.self) {
            try scene.importTable(fileName: "odd.csv", columns: columns, [columns])
        }
        #expect(error == .rowsRefused(reason: "a column has a name that is not safe"))
    }

    @Test(arguments: [1000, 1999])
    func `a wide table keeps all its columns`(width: Int) throws {
        let scene = try ImportScene()
        let columns = (0..<width).map { "column_\($0)x" }
        let rows = (0..<50).map { row in (0..<width).map { "\(row) \($0)" as String? } }
        let counts = try scene.importTable(fileName: "wide.csv", columns: columns, rows)
        #expect(counts.processedCount == 50)
        #expect(
            try scene.query(
                "SELECT column_0x, column_\(width - 1)x FROM wide WHERE _row = 51")
                == [["49 0", "49 \(width - 1)"]])
    }

    @Test func `a table too wide for SQLite says so`() throws {
        let scene = try ImportScene()
        let columns = (0..<2000).map { "column_\($0)x" }
        let error = #expect(throws: ImportError.self) {
            try scene.importTable(fileName: "wide.csv", columns: columns, [])
        }
        #expect(error == .tooManyColumns(count: 2000, limit: 1999))
        #expect(error?.failure.code == .csvTooWide)
    }
}
