import GRDBSQLite
import Rules

/// A row that a statement has found, copied out of it.
struct Row {
    /// The columns of a statement's rows, in their order.
    struct Columns {
        let names: [String]

        init(of statement: OpaquePointer) {
            names = (0..<sqlite3_column_count(statement)).map { index in
                sqlite3_column_name(statement, index).map { String(cString: $0) } ?? ""
            }
        }
    }

    /// What a column holds.
    fileprivate enum Value {
        case null
        case integer(Int64)
        case real(Double)
        case text(String)
        case blob([UInt8])
    }

    let columns: Columns
    private let values: [Value]

    /// Copies the row on which a statement stands.
    init(of statement: OpaquePointer, _ columns: Columns) {
        self.columns = columns
        values = columns.names.indices.map { Self.value(of: statement, Int32($0)) }
    }

    private static func value(of statement: OpaquePointer, _ index: Int32) -> Value {
        switch sqlite3_column_type(statement, index) {
        case SQLITE_INTEGER: return .integer(sqlite3_column_int64(statement, index))
        case SQLITE_FLOAT: return .real(sqlite3_column_double(statement, index))
        case SQLITE_TEXT:
            // The length counts bytes of what this very call has converted.
            let text = sqlite3_column_text(statement, index)
            let length = Int(sqlite3_column_bytes(statement, index))
            return .text(
                String(decoding: UnsafeBufferPointer(start: text, count: length), as: UTF8.self))
        case SQLITE_BLOB:
            let start = sqlite3_column_blob(statement, index)
            let length = Int(sqlite3_column_bytes(statement, index))
            return .blob(Array(UnsafeRawBufferPointer(start: start, count: length)))
        default: return .null
        }
    }

    /// A column by its place, counted from zero; nil where it is null or something else.
    subscript(index: Int) -> Int? { values[index].asInteger.flatMap(Int.init(exactly:)) }
    subscript(index: Int) -> String? { values[index].asText }

    subscript(column: String) -> Int64? { value(of: column).asInteger }
    subscript(column: String) -> Int? { value(of: column).asInteger.flatMap(Int.init(exactly:)) }
    subscript(column: String) -> String? { value(of: column).asText }
    subscript(column: String) -> [UInt8]? { value(of: column).asBytes }

    subscript(column: String) -> Double? {
        switch value(of: column) {
        case .real(let number): number
        case .integer(let number): Double(number)
        case .null, .text, .blob: nil
        }
    }

    private func value(of column: String) -> Value {
        guard let index = columns.names.firstIndex(of: column) else {
            preconditionFailure("no column \(column) among \(columns.names)")
        }
        return values[index]
    }
}

extension Row.Value {
    fileprivate var asInteger: Int64? {
        guard case .integer(let number) = self else { return nil }
        return number
    }

    fileprivate var asText: String? {
        guard case .text(let text) = self else { return nil }
        return text
    }

    fileprivate var asBytes: [UInt8]? {
        guard case .blob(let bytes) = self else { return nil }
        return bytes
    }
}

// What a column holds, as the values that the house speaks of. One that cannot be read throws
// `CatalogError.unreadable`: the file was damaged or written by somebody else.
extension Row {
    func bytes(_ column: String) throws -> [UInt8] {
        try value(column, self[column] as [UInt8]?)
    }

    func text(_ column: String) throws -> String { try value(column, self[column] as String?) }
    func int(_ column: String) throws -> Int { try value(column, self[column] as Int?) }
    func flag(_ column: String) throws -> Bool { try int(column) != 0 }
    func size(_ column: String = "size") throws -> ByteCount { ByteCount(try int(column)) }

    func usage(_ bytes: String = "bytes", _ files: String = "files") throws -> QuotaUsage {
        QuotaUsage(bytes: try size(bytes), files: try int(files))
    }

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
            let columns = columns.names.joined(separator: ",")
            throw CatalogError.unreadable(column: column, among: columns)
        }
        return value
    }
}
