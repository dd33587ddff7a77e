import GRDBSQLite

/// Tells how far rows have come on their way into the database.
///
/// SQLite calls it every so many steps of its machine. Rows that SQLite sorts are all read before the first is
/// stored; how many are stored can then only be told by the steps that this takes.
/// What is done before that, while former rows go, counts for nothing, and is told of.
/// Used by one thread at a time.
final class StoringProgress {
    /// Some milliseconds' worth of steps.
    private static let stride: Int32 = 50_000
    /// How many steps it takes to store a row, for each that it took to read and sort it.
    private static let stepsToStore = 3.7
    /// How much longer it takes to store a row than to read and sort it.
    private static let weight = 2

    private let scan: RowScan
    private let rowCount: Int
    private let isSorted: Bool
    private let tell: (_ done: Int, _ total: Int) -> Void
    private var steps = 0.0
    private var stepsOfScan = 0.0

    /// - Parameter isSorted: whether all rows are read before the first is stored.
    init(
        of scan: RowScan, rowCount: Int, isSorted: Bool,
        tell: @escaping (_ done: Int, _ total: Int) -> Void
    ) {
        self.scan = scan
        self.rowCount = rowCount
        self.isSorted = isSorted
        self.tell = tell
    }

    /// Is told of every step on the connection while `body` runs.
    func during<Value>(on connection: OpaquePointer, _ body: () throws -> Value) rethrows -> Value {
        (steps, stepsOfScan) = (0, 0)
        sqlite3_progress_handler(
            connection, Self.stride,
            { listener in
                if let listener {
                    Unmanaged<StoringProgress>.fromOpaque(listener).takeUnretainedValue().step()
                }
                // Anything else would break the statement off.
                return 0
            }, Unmanaged.passUnretained(self).toOpaque())
        defer { sqlite3_progress_handler(connection, 0, nil, nil) }
        return try withExtendedLifetime(self, body)
    }

    private func step() {
        steps += Double(Self.stride)
        guard isSorted else { return tell(scan.count, rowCount) }
        let total = rowCount * (1 + Self.weight)
        guard scan.isAtEnd else {
            stepsOfScan = steps
            return tell(scan.count, total)
        }
        let whole = max(1, stepsOfScan * Self.stepsToStore)
        let share = min(1, (steps - stepsOfScan) / whole)
        tell(rowCount + Int(share * Double(rowCount * Self.weight)), total)
    }
}
