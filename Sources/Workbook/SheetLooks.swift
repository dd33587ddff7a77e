/// Where a sheet of an XLS lies, and how its cells are read.
struct SheetExtent {
    /// The stream's bytes between the sheet's first record and its end.
    var bytes: Range<Int>
    /// The places of cells by row, where they are not in order: the row in the upper 32 bits.
    var order: [UInt64]?
}

/// Looks through the sheets of an XLS before they are read: where each ends, and whether its cells
/// are in order.
///
/// Each sheet is looked through once, however often it is opened. Sheets that lie over each other
/// would have the same bytes looked through for each of them, so all looks together are bounded by
/// the stream's length.
final class SheetLooks {
    private let reader: BIFFReader
    /// Cells that may be put in order.
    private let unorderedLimit: Int
    /// Bytes that may still be looked through.
    private var budget: Int
    private var found: [Int: (bytes: Range<Int>, isInOrder: Bool)] = [:]
    /// The order that was found last: one is read at a time, and one is what memory has room for.
    private var lastOrder: (place: Int, order: [UInt64])?

    init(_ reader: BIFFReader, unorderedLimit: Int) {
        self.reader = reader
        self.unorderedLimit = unorderedLimit
        budget = WorkbookLimits.looks * reader.length
    }

    func extent(ofSheetAt place: Int) throws(WorkbookError) -> SheetExtent {
        let look: (bytes: Range<Int>, isInOrder: Bool)
        if let known = found[place] {
            look = known
        } else {
            look = try lookThrough(from: place)
            found[place] = look
        }
        guard !look.isInOrder else { return SheetExtent(bytes: look.bytes) }
        if let lastOrder, lastOrder.place == place {
            return SheetExtent(bytes: look.bytes, order: lastOrder.order)
        }
        lastOrder = nil
        let order = try sorted(look.bytes)
        lastOrder = (place, order)
        return SheetExtent(bytes: look.bytes, order: order)
    }

    /// Goes through a sheet once: charts stand in it with a beginning and an end of their own.
    private func lookThrough(
        from place: Int
    ) throws(WorkbookError) -> (bytes: Range<Int>, isInOrder: Bool) {
        reader.seek(to: place)
        guard let begin = try reader.next(), begin.kind == BIFFRecord.fileBegin else {
            throw .damaged(attempt: "read a sheet's first record")
        }
        let start = reader.place
        var depth = 1
        var isInOrder = true
        var lastRow = 0
        while let record = try nextCharged() {
            switch record.kind {
            case BIFFRecord.fileBegin: depth += 1
            case BIFFRecord.end: depth -= 1
            default:
                guard depth == 1, record.isCell else { continue }
                let row = try record.u16(0)
                isInOrder = isInOrder && row >= lastRow
                lastRow = row
            }
            // A chart among the cells would be read as cells of the sheet.
            if depth > 1 { isInOrder = false }
            if depth == 0 { return (start..<record.place, isInOrder) }
        }
        throw .damaged(attempt: "read a sheet: it has no end")
    }

    private func sorted(_ bytes: Range<Int>) throws(WorkbookError) -> [UInt64] {
        reader.seek(to: bytes.lowerBound)
        var order: [UInt64] = []
        var depth = 1
        while reader.place < bytes.upperBound, let record = try reader.next() {
            if record.kind == BIFFRecord.fileBegin { depth += 1 }
            if record.kind == BIFFRecord.end { depth -= 1 }
            guard depth == 1, record.isCell else { continue }
            guard order.count < unorderedLimit else { throw .tooLarge(.unordered) }
            order.append(UInt64(try record.u16(0)) << 32 | UInt64(record.place))
        }
        order.sort()
        return order
    }

    private func nextCharged() throws(WorkbookError) -> BIFFRecord? {
        let place = reader.place
        let record = try reader.next()
        budget -= reader.place - place
        guard budget >= 0 else {
            throw .damaged(attempt: "look through the sheets: they lie over each other")
        }
        return record
    }
}
