import GRDBSQLite

/// What a place of a statement can be filled with.
///
/// Rule: https://sqlite.org/c3ref/bind_blob.html
protocol StatementArgument: Sendable {
    /// Fills a place, counted from one; returns SQLite's code.
    func bind(to statement: OpaquePointer, at place: Int32) -> Int32
}

extension Int64: StatementArgument {
    func bind(to statement: OpaquePointer, at place: Int32) -> Int32 {
        sqlite3_bind_int64(statement, place, self)
    }
}

extension UInt32: StatementArgument {
    func bind(to statement: OpaquePointer, at place: Int32) -> Int32 {
        sqlite3_bind_int64(statement, place, Int64(self))
    }
}

extension Int: StatementArgument {
    func bind(to statement: OpaquePointer, at place: Int32) -> Int32 {
        sqlite3_bind_int64(statement, place, Int64(self))
    }
}

extension Double: StatementArgument {
    func bind(to statement: OpaquePointer, at place: Int32) -> Int32 {
        sqlite3_bind_double(statement, place, self)
    }
}

extension String: StatementArgument {
    func bind(to statement: OpaquePointer, at place: Int32) -> Int32 {
        var text = self
        return text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                // SQLite takes no address for null.
                guard let start = characters.baseAddress else {
                    return sqlite3_bind_text(statement, place, "", 0, nil)
                }
                return sqlite3_bind_text64(
                    statement, place, start, UInt64(characters.count), Self.isCopied,
                    UInt8(SQLITE_UTF8))
            }
        }
    }

    /// SQLite copies what it is given before the call returns.
    fileprivate static let isCopied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
}

/// Bytes as a blob of the database.
struct Bytes: StatementArgument {
    var array: [UInt8]

    init(_ array: [UInt8]) { self.array = array }

    func bind(to statement: OpaquePointer, at place: Int32) -> Int32 {
        array.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress, !bytes.isEmpty else {
                return sqlite3_bind_zeroblob(statement, place, 0)
            }
            return sqlite3_bind_blob64(
                statement, place, start, UInt64(bytes.count), String.isCopied)
        }
    }
}
