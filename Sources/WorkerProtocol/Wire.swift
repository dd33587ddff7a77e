/// Writes the fields of a message: integers little-endian, text and bytes behind a 32-bit length.
public struct WireWriter: Sendable {
    public private(set) var bytes: [UInt8] = []

    public init() {}

    public mutating func put(_ value: UInt8) { bytes.append(value) }
    public mutating func put(_ value: Bool) { bytes.append(value ? 1 : 0) }
    public mutating func put(_ value: UInt32) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
    public mutating func put(_ value: UInt64) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
    public mutating func put(_ value: Int) { put(UInt64(bitPattern: Int64(value))) }
    public mutating func put(_ text: String) { put(Array(text.utf8)) }
    public mutating func put(_ data: some Collection<UInt8>) {
        put(UInt32(data.count))
        bytes.append(contentsOf: data)
    }
    public mutating func put(_ text: String?) {
        put(text != nil)
        if let text { put(text) }
    }
    /// Writes a list: how many items, then each by `write`.
    public mutating func put<Item>(_ items: [Item], each write: (inout WireWriter, Item) -> Void) {
        put(UInt32(items.count))
        for item in items { write(&self, item) }
    }
}

/// A message that does not follow the protocol: its sender is not to be trusted with another byte.
public struct WireError: Error, Sendable, Hashable {
    public let reason: String
    public init(_ reason: String) { self.reason = reason }
}

/// Reads what ``WireWriter`` wrote; every length is checked against what is there.
public struct WireReader: ~Copyable {
    private let bytes: ArraySlice<UInt8>
    private var position: Int

    public init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        self.position = bytes.startIndex
    }

    public mutating func byte() throws(WireError) -> UInt8 { try take(1).first ?? 0 }

    /// One byte that must be 0 or 1.
    public mutating func flag() throws(WireError) -> Bool {
        switch try byte() {
        case 0: false
        case 1: true
        default: throw WireError("a flag is neither 0 nor 1")
        }
    }

    /// Four bytes, little-endian.
    public mutating func uint32() throws(WireError) -> UInt32 {
        try take(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Eight bytes, little-endian.
    public mutating func uint64() throws(WireError) -> UInt64 {
        try take(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// A count: never negative, at most 2^53.
    public mutating func count() throws(WireError) -> Int {
        let value = try uint64()
        guard value <= 1 << 53 else { throw WireError("a count is out of range") }
        return Int(value)
    }

    /// Bytes behind their 32-bit length.
    public mutating func data() throws(WireError) -> ArraySlice<UInt8> {
        try take(Int(try uint32()))
    }

    /// UTF-8 behind its 32-bit length in bytes.
    public mutating func text() throws(WireError) -> String {
        guard let text = String(validating: try data(), as: UTF8.self) else {
            throw WireError("a text is not UTF-8")
        }
        return text
    }

    /// A flag, and where it is set a text.
    public mutating func optionalText() throws(WireError) -> String? {
        try flag() ? try text() : nil
    }

    /// Reads a list of at most `limit` items.
    public mutating func list<Item>(
        limit: Int, each read: (inout WireReader) throws(WireError) -> Item
    ) throws(WireError) -> [Item] {
        let count = Int(try uint32())
        guard count <= limit else { throw WireError("a list is longer than \(limit)") }
        var items: [Item] = []
        for _ in 0..<count { items.append(try read(&self)) }
        return items
    }

    /// Must be called last: bytes left over are a lie too.
    public consuming func finish() throws(WireError) {
        guard position == bytes.endIndex else { throw WireError("a message has bytes left over") }
    }

    private mutating func take(_ count: Int) throws(WireError) -> ArraySlice<UInt8> {
        guard count <= bytes.endIndex - position else { throw WireError("a message is cut short") }
        defer { position += count }
        return bytes[position..<(position + count)]
    }
}
