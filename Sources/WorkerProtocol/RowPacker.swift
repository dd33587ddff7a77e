/// Puts rows together into batches, where there are millions of them.
///
/// What it says of a row ``RowBatch`` would say; its memory is used again for the next batch. Used by one
/// thread at a time.
public final class RowPacker {
    /// A batch is sent once it has grown past ``RowBatch/fullLength``: mostly no more is needed.
    private var memory = UnsafeMutableRawBufferPointer.allocate(
        byteCount: 2 * RowBatch.fullLength, alignment: 8)
    private var used = 0
    /// Rows that were begun since the last batch was taken.
    public private(set) var rowCount = 0
    private var leastFieldCount = Int.max
    private var greatestFieldCount = 0

    public init() {}

    deinit { memory.deallocate() }

    public var isFull: Bool { used >= RowBatch.fullLength }

    /// Begins a row of `fieldCount` fields, each of which must then be appended.
    public func begin(row: Int, fieldCount: Int) {
        reserve(10)
        memory.storeBytes(of: UInt64(row).littleEndian, toByteOffset: used, as: UInt64.self)
        memory.storeBytes(
            of: UInt16(fieldCount).littleEndian, toByteOffset: used + 8, as: UInt16.self)
        used += 10
        rowCount += 1
        leastFieldCount = min(leastFieldCount, fieldCount)
        greatestFieldCount = max(greatestFieldCount, fieldCount)
    }

    /// Adds the next field of the row that was begun.
    public func append(field: UnsafeRawBufferPointer) {
        reserve(4 + field.count)
        memory.storeBytes(of: UInt32(field.count).littleEndian, toByteOffset: used, as: UInt32.self)
        UnsafeMutableRawBufferPointer(rebasing: memory[(used + 4)...]).copyMemory(from: field)
        used += 4 + field.count
    }

    /// Adds the next field of the row that was begun: one that has no value.
    public func appendNoValue() {
        reserve(4)
        memory.storeBytes(of: RowBatch.noValue, toByteOffset: used, as: UInt32.self)
        used += 4
    }

    /// The rows since the last batch, all of whose fields were appended.
    public func take() -> RowBatch {
        let batch = RowBatch(
            bytes: Array(UnsafeRawBufferPointer(rebasing: memory[..<used])), rowCount: rowCount,
            leastFieldCount: leastFieldCount, greatestFieldCount: greatestFieldCount)
        used = 0
        rowCount = 0
        leastFieldCount = .max
        greatestFieldCount = 0
        return batch
    }

    private func reserve(_ count: Int) {
        guard used + count > memory.count else { return }
        let larger = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(used + count, 2 * memory.count), alignment: 8)
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[..<used]))
        memory.deallocate()
        memory = larger
    }
}
