import Rules
import WorkerProtocol

/// One pass over the staged rows, each checked before SQLite sees it: in the order of the file, or in that of
/// their keys.
///
/// Holds one batch at a time, or a piece of each run. Used by one thread at a time.
final class RowScan {
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
    let shape: RowShape

    private let spool: RowSpool
    // Looked at for each value of a million rows, by one thread: that nobody else is at it need not be
    // found out each time.
    @exclusivity(unchecked) private var walker = RowWalker(
        UnsafeRawBufferPointer(start: nil, count: 0))
    /// Where rows are sorted.
    private var merge: RunMerge?
    /// Where they are not: the batch at hand, and where the next one lies.
    private var buffer = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private var offset = 0

    init(of spool: RowSpool, shape: RowShape, minter: TokenMinter?) {
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
        do throws(ImportError) {
            merge = try spool.merge()
        } catch {
            fail(error)
            return false
        }
        return advance()
    }

    /// Goes to the next row; false when ``failure`` tells why it cannot.
    func advance() -> Bool {
        do throws(ImportError) {
            let isThere = try merge == nil ? advanceInFile() : advanceInOrder()
            if isThere { count += 1 } else { isAtEnd = true }
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

    private func advanceInFile() throws(ImportError) -> Bool {
        let previous = walker.row
        while try !step() {
            guard let batch = try spool.batch(at: &offset, into: &buffer) else { return false }
            walker.restart(over: batch)
        }
        if spool.isInFileOrder {
            try shape.check(walker, after: previous)
        } else {
            try demandFields()
        }
        return true
    }

    /// The row was checked when it was staged.
    private func demandFields() throws(ImportError) {
        guard walker.fields.count >= shape.fieldCount else {
            throw .rowsRefused(reason: "the staged rows have changed on disk")
        }
    }

    private func advanceInOrder() throws(ImportError) -> Bool {
        guard let row = try merge?.next() else { return false }
        walker.restart(over: row)
        guard try step() else {
            throw .rowsRefused(reason: "the staged rows have changed on disk")
        }
        try demandFields()
        return true
    }

    private func step() throws(ImportError) -> Bool {
        do {
            return try walker.next()
        } catch {
            throw .rowsRefused(reason: error.reason)
        }
    }
}
