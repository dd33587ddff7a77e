import GRDB
import GRDBSQLite
import Rules

// Statements are GRDB's, which keeps them ready; their arguments and rows go straight to SQLite and
// back. GRDB's own way through an array of erased values and a name in lower case took half of a
// claim's time in the catalogue.
extension Database {
    /// Runs a statement that is kept ready for the next time.
    func run(_ sql: String, _ arguments: [(any StatementArgument)?] = []) throws {
        try forEachRow(sql, arguments) { _ in .goOn }
    }

    func rows(_ sql: String, _ arguments: [(any StatementArgument)?] = []) throws -> [Row] {
        try rows(sql, arguments) { $0 }
    }

    /// The same, each read as soon as it is there.
    func rows<Value>(
        _ sql: String, _ arguments: [(any StatementArgument)?] = [],
        reading read: (Row) throws -> Value
    ) throws -> [Value] {
        var values: [Value] = []
        try forEachRow(sql, arguments) { row in
            values.append(try read(row))
            return .goOn
        }
        return values
    }

    /// The first row, if there is any.
    func row(_ sql: String, _ arguments: [(any StatementArgument)?] = []) throws -> Row? {
        var first: Row?
        try forEachRow(sql, arguments) { row in
            first = row
            return .stop
        }
        return first
    }

    /// The first column of the first row; zero where there is none or it is null.
    func number(_ sql: String, _ arguments: [(any StatementArgument)?] = []) throws -> Int {
        try row(sql, arguments)?[0] ?? 0
    }

    /// Whether the rows after one are wanted too.
    enum Appetite {
        case goOn, stop
    }

    /// Runs a statement and hands over its rows one by one, as copies.
    ///
    /// `body` may run other statements, but not the same one.
    func forEachRow(
        _ sql: String, _ arguments: [(any StatementArgument)?], _ body: (Row) throws -> Appetite
    ) throws {
        let statement = try cachedStatement(sql: sql).sqliteStatement
        // A statement that is not set back keeps the database from being written back.
        defer { sqlite3_reset(statement) }
        precondition(
            Int(sqlite3_bind_parameter_count(statement)) == arguments.count,
            "a statement has as many arguments as places")
        for (index, argument) in arguments.enumerated() {
            let place = Int32(index + 1)
            let code =
                argument?.bind(to: statement, at: place) ?? sqlite3_bind_null(statement, place)
            guard code == SQLITE_OK else { throw failure(code, sql) }
        }
        var columns: Row.Columns?
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_DONE: return
            case SQLITE_ROW:
                let known = columns ?? Row.Columns(of: statement)
                columns = known
                guard try body(Row(of: statement, known)) == .goOn else { return }
            case let code: throw failure(code, sql)
            }
        }
    }

    private func failure(_ code: Int32, _ sql: String) -> DatabaseError {
        let whole = sqliteConnection.map { sqlite3_extended_errcode($0) } ?? code
        let message = sqliteConnection.map { String(cString: sqlite3_errmsg($0)) }
        return DatabaseError(resultCode: ResultCode(rawValue: whole), message: message, sql: sql)
    }
}

extension DocumentID {
    var asBytes: Bytes { Bytes(bytes) }
}

extension ContentDigest {
    var asBytes: Bytes { Bytes(bytes) }
}

extension BeneathPath {
    var asBytes: Bytes { Bytes(bytes) }
}

extension [String] {
    /// One sentence to a line, bounded; what would break a line becomes a space.
    var asLines: String { asSentences.joined(separator: "\n") }

    /// The sentences as they come back from ``asLines``.
    var asSentences: [String] {
        prefix(StageOutput.warningLimit)
            .map { $0.split(whereSeparator: \.isNewline).joined(separator: " ") }
            .filter { !$0.isEmpty }
    }
}
