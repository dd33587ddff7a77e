/// Walks over the rows of a ``RowBatch``; every length is checked before it is followed.
///
/// The bytes must outlive the walk, and the fields are views into them.
public struct RowWalker {
    /// The largest record number that is believed: 2^53, as for every count on the wall.
    private static let rowLimit: UInt64 = 1 << 53
    /// Record number and count of fields.
    private static let headLength = 10

    /// The number of the current row's record in the file, the header being 1.
    public private(set) var row = 0
    /// The fields of the current row; nil is no value.
    public private(set) var fields: [UnsafeRawBufferPointer?] = []
    /// Where the current row lies among the bytes.
    public private(set) var place = 0..<0

    private var bytes: UnsafeRawBufferPointer
    private var position = 0

    public init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// Goes on over other bytes; the number of the last row stays until the next step.
    public mutating func restart(over bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        position = 0
    }

    /// Steps to the next row; false behind the last one.
    public mutating func next() throws(WireError) -> Bool {
        let start = position
        guard let count = try takeHead() else { return false }
        fields.removeAll(keepingCapacity: true)
        for _ in 0..<count { fields.append(try nextField()) }
        place = start..<position
        return true
    }

    /// Steps over the next row and returns how many fields it has; nil behind the last one.
    mutating func skip() throws(WireError) -> Int? {
        guard let count = try takeHead() else { return nil }
        for _ in 0..<count { _ = try nextField() }
        return count
    }

    private mutating func takeHead() throws(WireError) -> Int? {
        guard position < bytes.count else { return nil }
        guard bytes.count - position >= Self.headLength else {
            throw WireError("a row is cut short")
        }
        let row: UInt64 = load(at: position)
        guard row <= Self.rowLimit else { throw WireError("a record number is out of range") }
        self.row = Int(row)
        let count: UInt16 = load(at: position + 8)
        position += Self.headLength
        return Int(count)
    }

    @inline(__always)
    private mutating func nextField() throws(WireError) -> UnsafeRawBufferPointer? {
        guard bytes.count - position >= 4 else { throw WireError("a row is cut short") }
        let length: UInt32 = load(at: position)
        position += 4
        guard length != RowBatch.noValue else { return nil }
        guard Int(length) <= bytes.count - position else {
            throw WireError("a field is cut short")
        }
        defer { position += Int(length) }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<(position + Int(length))])
    }

    @inline(__always)
    private func load<Number: FixedWidthInteger>(at offset: Int) -> Number {
        Number(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Number.self))
    }
}
