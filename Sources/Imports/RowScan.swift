import Rules
import WorkerProtocol

/// One pass over the staged rows, in the order of the file, each row checked before SQLite sees it.
///
/// Holds one batch at a time. Used by one thread at a time.
final class RowScan {
    /// What every row must be like.
    struct Shape {
        /// Fields that become columns.
        var fieldCount: Int
        /// Fields that must have a value.
        var required: [Int]
        /// Whether one field more is the record itself, for those that come in vain.
        var carriesRecord: Bool
    }

    /// The number of the current row's record.
    var row: Int { walker.row }
    /// Whether the last row lies behind us.
    private(set) var isAtEnd = false
    /// How many rows lie behind us, the current one included.
    private(set) var count = 0
    /// Why the pass broke off.
    private(set) var failure: ImportError?
    /// Makes the tokens of the rows; nil where the table has none.
    let minter: TokenMinter?
    let shape: Shape

    private let spool: RowSpool
    private var offset = 0
    private var buffer = UnsafeMutableRawBufferPointer.allocate(
        byteCount: RowBatch.fullLength * 2, alignment: 1)
    private var walker = RowWalker(UnsafeRawBufferPointer(start: nil, count: 0))

    init(of spool: RowSpool, shape: Shape, minter: TokenMinter?) {
        self.spool = spool
        self.shape = shape
        self.minter = minter
    }

    deinit { buffer.deallocate() }

    /// The value of a field of the current row; nil where it has none, or an empty one.
    func value(of field: Int) -> UnsafeRawBufferPointer? {
        guard let value = walker.fields[field], !value.isEmpty else { return nil }
        return value
    }

    /// The record of the current row as it came; nil where rows do not carry theirs.
    var record: UnsafeRawBufferPointer? { shape.carriesRecord ? walker.fields.last ?? nil : nil }

    /// Goes to the first row.
    func begin() -> Bool {
        offset = 0
        count = 0
        isAtEnd = false
        walker = RowWalker(UnsafeRawBufferPointer(start: nil, count: 0))
        return advance()
    }

    /// Goes to the next row; false when ``failure`` tells why it cannot.
    func advance() -> Bool {
        do throws(ImportError) {
            let previous = walker.row
            while try !step() {
                guard let batch = try spool.batch(at: &offset, into: &buffer) else {
                    isAtEnd = true
                    return true
                }
                walker = RowWalker(batch)
            }
            try check(after: previous)
            count += 1
            return true
        } catch {
            fail(error)
            return false
        }
    }

    /// Breaks the pass off.
    func fail(_ error: ImportError) {
        if failure == nil { failure = error }
    }

    private func step() throws(ImportError) -> Bool {
        do {
            return try walker.next()
        } catch {
            throw .rowsRefused(reason: error.reason)
        }
    }

    /// A worker has validated the rows; this only keeps a broken one from damaging the table.
    private func check(after previous: Int) throws(ImportError) {
        guard walker.row > previous else {
            throw .rowsRefused(reason: "row \(walker.row) follows row \(previous)")
        }
        guard walker.fields.count == shape.fieldCount + (shape.carriesRecord ? 1 : 0) else {
            throw .rowsRefused(reason: "row \(walker.row) has \(walker.fields.count) fields")
        }
        for field in shape.required where value(of: field) == nil {
            throw .rowsRefused(reason: "row \(walker.row) lacks a required value")
        }
        for field in walker.fields {
            guard let field, !UTF8Text.isValid(field) else { continue }
            throw .rowsRefused(reason: "row \(walker.row) is not UTF-8")
        }
    }
}
