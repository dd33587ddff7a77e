import WorkerProtocol

/// Sorts rows by their keys while they come: as many as fit into memory at a time, each such run written
/// behind the ones before.
///
/// SQLite would sort them, too. It would write each of them down once more for that, with its token, in a
/// form of its own, and compare them column by column: nearly a fifth of an import's cost.
/// Used by one thread at a time.
final class KeyedRuns {
    /// Bytes of a run, and from how many rows on nothing more joins it: sorting takes 32 bytes for each
    /// besides.
    static let runLength = 8 << 20
    private static let runRows = 1 << 17
    /// What a row of each run may take together in memory, where they are merged.
    private static let mergeLimit = 16 << 20
    /// Bytes that are written at once.
    private static let writeLength = 256 << 10
    /// Before each row of a run stands how long it is.
    static let prefixLength = MemoryLayout<UInt32>.size

    /// A row of the run at hand.
    struct Entry {
        /// See ``KeyOrder/prefix(of:skipping:)``.
        var prefix: UInt64
        var offset: UInt32
        var length: UInt32
    }

    let order: KeyOrder
    /// Where in the file each run lies.
    private(set) var places: [Range<Int>] = []
    /// Whether a row of each run would take too much memory: nobody who sends wide rows is to have so
    /// much of the daemon's. They lie there in no order then but for those with equal keys, which follow
    /// each other as they came.
    var isTooWide: Bool { places.count * longest > Self.mergeLimit }
    private var longest = 0
    private let shape: RowShape
    private let runLength: Int
    private var rows = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private var used = 0
    private var entries: [Entry] = []
    private var lastRow = 0
    private var walker = RowWalker(UnsafeRawBufferPointer(start: nil, count: 0))

    init(by order: KeyOrder, shape: RowShape, runLength: Int) {
        self.order = order
        self.shape = shape
        self.runLength = runLength
    }

    deinit { rows.deallocate() }

    /// Bytes that are not written yet.
    var heldLength: Int { used + entries.count * Self.prefixLength }

    /// Takes rows, each of which is looked at.
    func append(_ batch: RowBatch, to file: StagingFile) throws(ImportError) {
        let isFull =
            used + batch.bytes.count > runLength
            || entries.count + batch.rowCount > Self.runRows
        if isFull { try write(to: file) }
        try file.demandRoom(
            for: heldLength + batch.bytes.count + batch.rowCount * Self.prefixLength)
        reserve(batch.bytes.count)
        let start = used
        batch.bytes.withUnsafeBytes { bytes in
            UnsafeMutableRawBufferPointer(rebasing: rows[start...]).copyMemory(from: bytes)
        }
        used += batch.bytes.count
        walker.restart(over: UnsafeRawBufferPointer(rebasing: rows[start..<used]))
        do {
            while try walker.next() {
                try shape.check(walker, after: lastRow)
                lastRow = walker.row
                longest = max(longest, walker.place.count)
                entries.append(
                    Entry(
                        prefix: 0, offset: UInt32(start + walker.place.lowerBound),
                        length: UInt32(walker.place.count)))
            }
        } catch let error as WireError {
            throw .rowsRefused(reason: error.reason)
        } catch let error as ImportError {
            throw error
        } catch {
            preconditionFailure("nothing else is thrown")
        }
    }

    /// Writes what is held; called once, behind the last row.
    func finish(to file: StagingFile) throws(ImportError) {
        try write(to: file)
        rows.deallocate()
        rows = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        entries = []
    }

    private func reserve(_ count: Int) {
        guard used + count > rows.count else { return }
        let larger = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(used + count, min(2 * rows.count, runLength)), alignment: 16)
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: rows[..<used]))
        rows.deallocate()
        rows = larger
    }

    // MARK: - Writing a run

    private func write(to file: StagingFile) throws(ImportError) {
        guard !entries.isEmpty else { return }
        sort()
        let start = file.length
        var out: [UInt8] = []
        out.reserveCapacity(Self.writeLength + Self.prefixLength)
        for entry in entries {
            withUnsafeBytes(of: entry.length) { out.append(contentsOf: $0) }
            out.append(contentsOf: row(entry).bytes)
            if out.count >= Self.writeLength { try flush(&out, to: file) }
        }
        try flush(&out, to: file)
        places.append(start..<file.length)
        used = 0
        entries.removeAll(keepingCapacity: true)
    }

    private func flush(_ bytes: inout [UInt8], to file: StagingFile) throws(ImportError) {
        try bytes.withUnsafeBufferPointer { bytes throws(ImportError) in
            try file.append(UnsafeRawBufferPointer(bytes))
        }
        bytes.removeAll(keepingCapacity: true)
    }

    private func row(_ entry: Entry) -> StagedRow {
        let start = Int(entry.offset)
        return StagedRow(
            bytes: UnsafeRawBufferPointer(rebasing: rows[start..<(start + Int(entry.length))]))
    }

    // MARK: - Sorting

    /// The longest common beginning of keys that is looked for.
    private static let commonLimit = 256

    private func sort() {
        let first = row(entries[0])
        var common = Self.commonLimit
        for entry in entries where common > 0 {
            common = order.commonLength(first, row(entry), limit: common)
        }
        for index in entries.indices {
            entries[index].prefix = order.prefix(of: row(entries[index]), skipping: common)
        }
        entries.sortByPrefix()
        // What the beginning does not tell apart the whole key does, and else the order of the file, in
        // which sorting by prefix has left them.
        entries.withUnsafeMutableBufferPointer { entries in
            var start = 0
            while start < entries.count {
                var end = start + 1
                while end < entries.count, entries[end].prefix == entries[start].prefix { end += 1 }
                if end - start > 1 {
                    var same = UnsafeMutableBufferPointer(rebasing: entries[start..<end])
                    same.sort { left, right in
                        let (leftRow, rightRow) = (row(left), row(right))
                        if order.isLess(leftRow, rightRow) { return true }
                        if order.isLess(rightRow, leftRow) { return false }
                        return left.offset < right.offset
                    }
                }
                start = end
            }
        }
    }
}

extension [KeyedRuns.Entry] {
    /// Sorts by prefix, byte by byte from the last; those with the same one stay as they are.
    fileprivate mutating func sortByPrefix() {
        guard count > 1 else { return }
        var other = self
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            var counts = [Int](repeating: 0, count: 256)
            for entry in self { counts[Int(entry.prefix >> shift & 0xff)] += 1 }
            // Most bytes of short keys are the same.
            if counts.contains(count) { continue }
            var next = 0
            for value in counts.indices {
                let here = counts[value]
                counts[value] = next
                next += here
            }
            for entry in self {
                let value = Int(entry.prefix >> shift & 0xff)
                other[counts[value]] = entry
                counts[value] += 1
            }
            swap(&self, &other)
        }
    }
}
