import GRDBSQLite
import Rules

/// The staged rows as a table that SQLite reads: `row`, the fields `c0` …, and `token` where rows
/// get one.
///
/// So one `INSERT … SELECT` moves them all, sorted by their keys beforehand, or by SQLite. The table has no
/// name in the database's schema; it exists on the connection that it was registered on. Rule:
/// https://sqlite.org/vtab.html
enum RowModule {
    /// The table's name; no table of an account may bear it.
    static let tableName = "ingestd_rows"

    /// Lets `connection` read `scan`, which must live as long as the statement that does.
    static func register(_ scan: RowScan, on connection: OpaquePointer) -> Int32 {
        sqlite3_create_module_v2(
            connection, tableName, module, Unmanaged.passUnretained(scan).toOpaque(), nil)
    }

    /// Takes the table from `connection` again.
    static func unregister(from connection: OpaquePointer) -> Int32 {
        sqlite3_create_module_v2(connection, tableName, nil, nil, nil)
    }

    /// SQLite's view of the table; what comes first is what SQLite itself reads and writes.
    private struct Table {
        var base = sqlite3_vtab()
        var scan: Unmanaged<RowScan>
    }

    /// SQLite's view of one pass.
    private struct Cursor {
        var base = sqlite3_vtab_cursor()
        var scan: Unmanaged<RowScan>
    }

    /// Never changed and never freed: SQLite keeps the address. Without `xCreate` the module is its
    /// own only table.
    nonisolated(unsafe) private static let module: UnsafePointer<sqlite3_module> = {
        let module = UnsafeMutablePointer<sqlite3_module>.allocate(capacity: 1)
        module.initialize(to: sqlite3_module())
        module.pointee.xConnect = { connection, scan, _, _, table, _ in
            RowModule.connect(connection, scan, table)
        }
        module.pointee.xBestIndex = { _, _ in SQLITE_OK }
        module.pointee.xDisconnect = { table in
            table?.withMemoryRebound(to: Table.self, capacity: 1) { $0.deallocate() }
            return SQLITE_OK
        }
        module.pointee.xOpen = { table, cursor in RowModule.open(table, cursor) }
        module.pointee.xClose = { cursor in
            cursor?.withMemoryRebound(to: Cursor.self, capacity: 1) { $0.deallocate() }
            return SQLITE_OK
        }
        module.pointee.xFilter = { cursor, _, _, _, _ in
            RowModule.scan(cursor).begin() ? SQLITE_OK : SQLITE_ERROR
        }
        module.pointee.xNext = { cursor in
            RowModule.scan(cursor).advance() ? SQLITE_OK : SQLITE_ERROR
        }
        module.pointee.xEof = { cursor in RowModule.scan(cursor).isAtEnd ? 1 : 0 }
        module.pointee.xColumn = { cursor, context, column in
            RowModule.answer(RowModule.scan(cursor), context, column)
        }
        module.pointee.xRowid = { cursor, rowid in
            rowid?.pointee = Int64(RowModule.scan(cursor).row)
            return SQLITE_OK
        }
        return UnsafePointer(module)
    }()

    private static func connect(
        _ connection: OpaquePointer?, _ scan: UnsafeMutableRawPointer?,
        _ table: UnsafeMutablePointer<UnsafeMutablePointer<sqlite3_vtab>?>?
    ) -> Int32 {
        guard let scan, let table else { return SQLITE_MISUSE }
        let unmanaged = Unmanaged<RowScan>.fromOpaque(scan)
        let fields = unmanaged.takeUnretainedValue().shape.fieldCount
        let hasTokens = unmanaged.takeUnretainedValue().minter != nil
        let columns = ["row"] + (0..<fields).map { "c\($0)" } + (hasTokens ? ["token"] : [])
        let code = sqlite3_declare_vtab(
            connection, "CREATE TABLE rows (\(columns.joined(separator: ", ")))")
        guard code == SQLITE_OK else { return code }
        let memory = UnsafeMutablePointer<Table>.allocate(capacity: 1)
        memory.initialize(to: Table(scan: unmanaged))
        table.pointee = UnsafeMutableRawPointer(memory).assumingMemoryBound(to: sqlite3_vtab.self)
        return SQLITE_OK
    }

    private static func open(
        _ table: UnsafeMutablePointer<sqlite3_vtab>?,
        _ cursor: UnsafeMutablePointer<UnsafeMutablePointer<sqlite3_vtab_cursor>?>?
    ) -> Int32 {
        guard let table, let cursor else { return SQLITE_MISUSE }
        let scan = UnsafeRawPointer(table).assumingMemoryBound(to: Table.self).pointee.scan
        let memory = UnsafeMutablePointer<Cursor>.allocate(capacity: 1)
        memory.initialize(to: Cursor(scan: scan))
        cursor.pointee = UnsafeMutableRawPointer(memory).assumingMemoryBound(
            to: sqlite3_vtab_cursor.self)
        return SQLITE_OK
    }

    private static func scan(_ cursor: UnsafeMutablePointer<sqlite3_vtab_cursor>?) -> RowScan {
        guard let cursor else { preconditionFailure("SQLite reads through a cursor it opened") }
        return UnsafeRawPointer(cursor).assumingMemoryBound(to: Cursor.self).pointee.scan
            .takeUnretainedValue()
    }

    private static func answer(
        _ scan: RowScan, _ context: OpaquePointer?, _ column: Int32
    ) -> Int32 {
        let field = Int(column) - 1
        if field < 0 {
            sqlite3_result_int64(context, Int64(scan.row))
        } else if field < scan.shape.fieldCount {
            guard let value = scan.value(of: field) else {
                sqlite3_result_null(context)
                return SQLITE_OK
            }
            give(value, to: context)
        } else if let minter = scan.minter {
            do throws(ImportError) {
                try minter.withToken { give($0, to: context) }
            } catch {
                scan.fail(error)
                return SQLITE_ERROR
            }
        }
        return SQLITE_OK
    }

    /// Tells SQLite to copy what it is given before it returns.
    private static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    private static func give(_ text: UnsafeRawBufferPointer, to context: OpaquePointer?) {
        sqlite3_result_text(
            context, text.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(text.count),
            transient)
    }
}
