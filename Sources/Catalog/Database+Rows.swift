// GRDB speaks of blobs as Foundation's Data; it comes no further than this file.
import struct FoundationEssentials.Data
import GRDB
import Rules

extension Database {
    /// Runs a statement that is kept ready for the next time.
    func run(_ sql: String, _ arguments: [(any DatabaseValueConvertible)?] = []) throws {
        try cachedStatement(sql: sql).execute(arguments: StatementArguments(arguments))
    }

    func rows(
        _ sql: String, _ arguments: [(any DatabaseValueConvertible)?] = []
    ) throws -> [Row] {
        try Row.fetchAll(cachedStatement(sql: sql), arguments: StatementArguments(arguments))
    }

    /// The same for rows of many columns: a row under its cursor finds a column in a table that the
    /// statement keeps, while one that was copied compares all names each time.
    func rows<Value>(
        _ sql: String, _ arguments: [(any DatabaseValueConvertible)?] = [],
        reading read: (Row) throws -> Value
    ) throws -> [Value] {
        let cursor = try Row.fetchCursor(
            cachedStatement(sql: sql), arguments: StatementArguments(arguments))
        var values: [Value] = []
        while let row = try cursor.next() { values.append(try read(row)) }
        return values
    }

    /// The first row, if there is any.
    func row(
        _ sql: String, _ arguments: [(any DatabaseValueConvertible)?] = []
    ) throws -> Row? {
        try Row.fetchOne(cachedStatement(sql: sql), arguments: StatementArguments(arguments))
    }

    /// The first column of the first row; zero where there is none or it is null.
    func number(
        _ sql: String, _ arguments: [(any DatabaseValueConvertible)?] = []
    ) throws -> Int {
        try Int.fetchOne(cachedStatement(sql: sql), arguments: StatementArguments(arguments)) ?? 0
    }
}

/// Bytes as a blob of the database.
struct Bytes: DatabaseValueConvertible, StatementColumnConvertible {
    var array: [UInt8]

    init(_ array: [UInt8]) { self.array = array }

    init(sqliteStatement: SQLiteStatement, index: CInt) {
        array = Array(Data(sqliteStatement: sqliteStatement, index: index))
    }

    var databaseValue: DatabaseValue { Data(array).databaseValue }

    static func fromDatabaseValue(_ value: DatabaseValue) -> Bytes? {
        Data.fromDatabaseValue(value).map { Bytes(Array($0)) }
    }
}

// What a column holds, as the values that the house speaks of. One that cannot be read throws
// `CatalogError.unreadable`: the file was damaged or written by somebody else.
extension Row {
    func bytes(_ column: String) throws -> [UInt8] {
        let bytes: Bytes? = self[column]
        return try value(column, bytes?.array)
    }

    func text(_ column: String) throws -> String { try value(column, self[column] as String?) }
    func int(_ column: String) throws -> Int { try value(column, self[column] as Int?) }
    func flag(_ column: String) throws -> Bool { try int(column) != 0 }
    func size(_ column: String = "size") throws -> ByteCount { ByteCount(try int(column)) }

    func uid() throws -> UInt32 { try value("uid", UInt32(exactly: int("uid"))) }

    func documentID(_ column: String) throws -> DocumentID {
        try value(column, DocumentID(bytes(column)))
    }

    func digest() throws -> ContentDigest { try value("digest", ContentDigest(bytes("digest"))) }
    func path() throws -> BeneathPath { try value("path", BeneathPath(bytes: bytes("path"))) }

    func moment(_ column: String) throws -> Timestamp { try value(column, momentIfAny(column)) }

    func momentIfAny(_ column: String) -> Timestamp? {
        (self[column] as Int64?).map(Timestamp.init(milliseconds:))
    }

    /// A case of an enum that is kept by its name.
    func named<Value: RawRepresentable<String>>(_ column: String) throws -> Value {
        try value(column, Value(rawValue: text(column)))
    }

    func identity() throws -> DropIdentity {
        DropIdentity(
            device: UInt64(bitPattern: Int64(try int("device"))),
            inode: UInt64(bitPattern: Int64(try int("inode"))), size: try size(),
            modified: Int64(try int("modified")), changed: Int64(try int("changed")))
    }

    /// Sentences that are kept one to a line.
    func lines(_ column: String) throws -> [String] {
        try text(column).split(separator: "\n").map(String.init)
    }

    private func value<Value>(_ column: String, _ value: Value?) throws -> Value {
        guard let value else {
            let columns = columnNames.joined(separator: ",")
            throw CatalogError.unreadable(column: column, among: columns)
        }
        return value
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
