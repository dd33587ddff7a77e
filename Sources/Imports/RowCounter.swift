import GRDBSQLite

/// Counts the rows that take the place of others, while SQLite updates them: it tells only how many
/// were inserted and updated together.
///
/// A function on the connection, called once for each. Used by one thread at a time.
final class RowCounter {
    static let functionName = "ingestd_counted"

    private(set) var count = 0

    /// Lets `connection` call the function, which gives back what it is given; must live as long as
    /// the statement that does.
    func register(on connection: OpaquePointer) -> Int32 {
        sqlite3_create_function_v2(
            connection, Self.functionName, 1, SQLITE_UTF8,
            Unmanaged.passUnretained(self).toOpaque(),
            { context, _, values in
                guard let context, let value = values?.pointee,
                    let counter = sqlite3_user_data(context)
                else { return }
                Unmanaged<RowCounter>.fromOpaque(counter).takeUnretainedValue().count += 1
                sqlite3_result_value(context, value)
            }, nil, nil, nil)
    }

    /// Takes the function from `connection` again.
    static func unregister(from connection: OpaquePointer) -> Int32 {
        sqlite3_create_function_v2(
            connection, functionName, 1, SQLITE_UTF8, nil, nil, nil, nil, nil)
    }
}
