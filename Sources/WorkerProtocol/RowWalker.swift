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

    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    public init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// Steps to the next row; false behind the last one.
    public mutating func next() throws(WireError) -> Bool {
        guard position < bytes.count else { return false }
        guard bytes.count - position >= Self.headLength else {
            throw WireError("a row is cut short")
        }
        let row: UInt64 = load(at: position)
        guard row <= Self.rowLimit else { throw WireError("a record number is out of range") }
        self.row = Int(row)
        let count: UInt16 = load(at: position + 8)
        position += Self.headLength
        fields.removeAll(keepingCapacity: true)
        for _ in 0..<count { fields.append(try nextField()) }
        return true
    }

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

    private func load<Number: FixedWidthInteger>(at offset: Int) -> Number {
        Number(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Number.self))
    }
}
