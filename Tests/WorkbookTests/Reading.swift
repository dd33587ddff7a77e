import CSV
import Testing

@testable import Workbook

extension WorkbookBytes {
    /// Bytes in memory.
    init(_ bytes: [UInt8]) {
        self.init(length: bytes.count) { offset, buffer in
            let count = min(buffer.count, bytes.count - offset)
            buffer.copyBytes(from: bytes[offset..<(offset + count)])
            return count
        }
    }
}

/// All rows of a sheet, by number.
func rows(
    of bytes: [UInt8], sheet: Int = 0, limits: WorkbookLimits = WorkbookLimits(),
    codePage: TextEncoding = .windows1252
) throws(WorkbookError) -> [(number: Int, fields: [String])] {
    let workbook = try Workbook(WorkbookBytes(bytes), limits: limits, codePage: codePage)
    let reader = try workbook.open(workbook.sheets[sheet])
    var rows: [(Int, [String])] = []
    while let record = try reader.next() {
        rows.append(
            (
                record.number,
                (0..<record.count).map { String(decoding: record[$0], as: UTF8.self) }
            ))
    }
    return rows
}

func fields(
    of bytes: [UInt8], sheet: Int = 0, limits: WorkbookLimits = WorkbookLimits()
) throws(WorkbookError) -> [[String]] {
    try rows(of: bytes, sheet: sheet, limits: limits).map(\.fields)
}

/// How reading ended, in a word.
enum Ending: String {
    case whole, damaged, encrypted, sharedText, unpacked, text, cell, row, unordered, tooManyColumns
    case unreadable

    init(_ error: WorkbookError) {
        switch error {
        case .damaged: self = .damaged
        case .encrypted: self = .encrypted
        case .tooManyColumns: self = .tooManyColumns
        case .unreadable: self = .unreadable
        case .tooLarge(.sharedText): self = .sharedText
        case .tooLarge(.unpacked): self = .unpacked
        case .tooLarge(.text): self = .text
        case .tooLarge(.cell): self = .cell
        case .tooLarge(.row): self = .row
        case .tooLarge(.unordered): self = .unordered
        }
    }
}

/// How the reading of all sheets ends.
func ending(of bytes: [UInt8], limits: WorkbookLimits = WorkbookLimits()) -> Ending {
    do throws(WorkbookError) {
        let workbook = try Workbook(WorkbookBytes(bytes), limits: limits)
        for sheet in workbook.sheets {
            let reader = try workbook.open(sheet)
            var last = 0
            while let record = try reader.next() {
                #expect(record.count > 0 && record.number > last)
                for index in 0..<record.count { _ = record[index].last }
                last = record.number
            }
        }
        return .whole
    } catch {
        return Ending(error)
    }
}
