import CSV
import Rules

/// Which fields of a record are the table's own, and which are the reason that `rejects.csv` once
/// put behind them.
///
/// Rule: docs/formats.md, "Rejects".
struct OwnFields {
    /// How many fields the table's columns take; what a record has beyond is its own too, but
    /// belongs to no column.
    let width: Int
    /// Whether the header has the reject columns behind those.
    let hasRejectColumns: Bool

    /// How many fields of the record, from the first on, are its own.
    func count(in record: CSVRecord) -> Int {
        guard hasRejectColumns, record.count > width else { return record.count }
        return reasonPlace(in: record) ?? record.count
    }

    /// Whether a field that belongs to no column has something in it: the record's fields may have
    /// shifted.
    func hasSurplus(_ record: CSVRecord) -> Bool {
        guard record.count > width else { return false }
        return (width..<max(width, count(in: record))).contains { !Self.isBlank(record[$0]) }
    }

    /// Whether nothing is in any of the record's own fields, as in the rows that a spreadsheet
    /// program writes for cells that were cleared.
    @inline(__always)
    func areBlank(in record: CSVRecord) -> Bool {
        // Of nearly all records the first byte tells.
        if let byte = record[0].first, byte > 0x20, byte < 0x80 { return false }
        return haveNoText(in: record)
    }

    private func haveNoText(in record: CSVRecord) -> Bool {
        guard Self.isBlank(record[0]) else { return false }
        return (1..<max(1, count(in: record))).allSatisfy { Self.isBlank(record[$0]) }
    }

    private static func isBlank(_ field: UnsafeRawBufferPointer) -> Bool {
        UnicodeWhitespace.isBlank(field)
    }

    /// Where the row's number, the first field of a reason, stands; nil where there is none.
    ///
    /// The reason stands behind all fields of its record, of which there may be more than the
    /// header has names for, and a spreadsheet program has filled up the row behind it. Its message
    /// is never empty, so that the last field with something in it is that, unless somebody took
    /// out parts of the reason or wrote something beside it. A lone field was never filled up: somebody
    /// has typed the record, and it is the record's own.
    private func reasonPlace(in record: CSVRecord) -> Int? {
        let beyond = width..<record.count
        guard let first = beyond.first(where: { !Self.isBlank(record[$0]) }),
            let last = beyond.last(where: { !Self.isBlank(record[$0]) })
        else { return width }
        let length = TableHeader.rejectColumns.count
        guard record.count > width + 1 else { return nil }
        if last == first + 1, Self.isRowNumber(record[first]), Self.isRowNumber(record[last]) {
            return last
        }
        if last - first < length, Self.isRowNumber(record[first]) { return first }
        let place = last - (length - 1)
        if place >= width, Self.isRowNumber(record[place]) { return place }
        // The number was taken out or changed, and the rest stands where the header says; or a note
        // stands behind it.
        let isByPlace = last < width + length && (first > width || last == width + length - 1)
        return isByPlace || Self.isRowNumber(record[width]) ? width : nil
    }

    private static func isRowNumber(_ field: UnsafeRawBufferPointer) -> Bool {
        let digits = UnicodeWhitespace.trimmed(field)
        return !digits.isEmpty
            && digits.allSatisfy {
                field[$0] >= UInt8(ascii: "0") && field[$0] <= UInt8(ascii: "9")
            }
    }
}
