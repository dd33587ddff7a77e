/// One record: views into its reader, valid until the reader is touched again.
@frozen
public struct CSVRecord {
    /// Where a field lies within its record, in bytes.
    @frozen
    public struct Place {
        @usableFromInline var start: UInt32
        @usableFromInline var length: UInt32

        @inlinable
        public init(start: UInt32, length: UInt32) {
            self.start = start
            self.length = length
        }
    }

    /// The record's number in its table, the first being 1; blank records of a text are not counted.
    public let number: Int
    /// How many fields the record has; at least one.
    public let count: Int
    @usableFromInline let base: UnsafeRawPointer
    @usableFromInline let places: UnsafePointer<Place>

    /// A record over memory that its maker keeps: the places lie within the bytes at `base`.
    @inlinable
    public init(number: Int, count: Int, base: UnsafeRawPointer, places: UnsafePointer<Place>) {
        self.number = number
        self.count = count
        self.base = base
        self.places = places
    }

    /// The bytes of a field without its quotes; fields are counted from zero.
    @inlinable
    public subscript(index: Int) -> UnsafeRawBufferPointer {
        precondition(index >= 0 && index < count, "no such field")
        let place = places[index]
        return UnsafeRawBufferPointer(start: base + Int(place.start), count: Int(place.length))
    }
}
