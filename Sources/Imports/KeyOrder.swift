import Glibc
import WorkerProtocol

/// The order in which the rows of a keyed table are stored: that of their keys, as SQLite has it.
///
/// Rows that come in it touch each page of the table once. Where two orders could be meant it only costs
/// time: what must hold is that equal keys stay as they came.
struct KeyOrder {
    /// One column of the key.
    struct Part {
        /// Its place among the fields of a row.
        var field: Int
        var isInteger: Bool
    }

    /// At least one.
    let parts: [Part]

    /// Whether `left` stands before `right`; equal ones do not.
    func isLess(_ left: StagedRow, _ right: StagedRow) -> Bool {
        for part in parts {
            let order = Self.compare(left, right, part)
            if order != 0 { return order < 0 }
        }
        return false
    }

    /// A number that orders rows as the beginning of their keys does; rows with the same one may differ.
    ///
    /// - Parameter skipped: how many bytes of the first column are the same in all rows.
    func prefix(of row: StagedRow, skipping skipped: Int) -> UInt64 {
        let field = row.field(parts[0].field)
        if parts[0].isInteger {
            return UInt64(bitPattern: Self.integer(field)) ^ (1 << 63)
        }
        var prefix: UInt64 = 0
        let count = min(8, field.count - skipped)
        guard count > 0 else { return 0 }
        for index in 0..<count { prefix = prefix << 8 | UInt64(field[skipped + index]) }
        return prefix << UInt64(8 * (8 - count))
    }

    /// How many bytes, up to `limit`, the first columns of two rows have in common; none for numbers.
    func commonLength(_ left: StagedRow, _ right: StagedRow, limit: Int) -> Int {
        guard !parts[0].isInteger else { return 0 }
        let (left, right) = (left.field(parts[0].field), right.field(parts[0].field))
        let end = min(limit, left.count, right.count)
        var count = 0
        while count < end, left[count] == right[count] { count += 1 }
        return count
    }

    private static func compare(_ left: StagedRow, _ right: StagedRow, _ part: Part) -> Int {
        let (left, right) = (left.field(part.field), right.field(part.field))
        if part.isInteger {
            let (left, right) = (integer(left), integer(right))
            return left < right ? -1 : left > right ? 1 : 0
        }
        if let start = left.baseAddress, let other = right.baseAddress {
            let order = memcmp(start, other, min(left.count, right.count))
            if order != 0 { return Int(order) }
        }
        return left.count - right.count
    }

    /// The number that the digits of a field are; what is no number is one all the same.
    private static func integer(_ field: UnsafeRawBufferPointer) -> Int64 {
        let isNegative = field.first == UInt8(ascii: "-")
        var value: Int64 = 0
        for digit in isNegative ? field.dropFirst() : field[...] {
            value = value &* 10 &- Int64(digit &- UInt8(ascii: "0"))
        }
        // Gathered below zero, where there is room for one number more.
        return isNegative ? value : 0 &- value
    }
}

/// One row as it is staged: its number and how many fields it has, then each field behind its length.
///
/// A length that leads out of the row is taken for none.
struct StagedRow {
    let bytes: UnsafeRawBufferPointer

    /// Record number and count of fields.
    private static let headLength = 10

    /// The bytes of a field; none where it has no value.
    func field(_ index: Int) -> UnsafeRawBufferPointer {
        var position = Self.headLength
        var remaining = index
        while bytes.count - position >= 4 {
            let told = UInt32(
                littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self))
            let length = told == RowBatch.noValue ? 0 : Int(told)
            position += 4
            guard length <= bytes.count - position else { break }
            if remaining == 0 {
                return UnsafeRawBufferPointer(rebasing: bytes[position..<(position + length)])
            }
            remaining -= 1
            position += length
        }
        return UnsafeRawBufferPointer(start: nil, count: 0)
    }
}
