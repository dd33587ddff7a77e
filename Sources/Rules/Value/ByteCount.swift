/// A number of bytes, never negative where it speaks of content.
public struct ByteCount: Hashable, Comparable, Sendable, CustomStringConvertible {
    public var bytes: Int64

    public init(_ bytes: Int64) { self.bytes = bytes }
    public init(_ bytes: Int) { self.bytes = Int64(bytes) }

    public static let zero = ByteCount(Int64(0))
    public static func kilobytes(_ count: Int64) -> ByteCount { ByteCount(count * 1000) }
    public static func megabytes(_ count: Int64) -> ByteCount { ByteCount(count * 1_000_000) }
    public static func mebibytes(_ count: Int64) -> ByteCount { ByteCount(count << 20) }

    public static func < (left: ByteCount, right: ByteCount) -> Bool { left.bytes < right.bytes }
    public static func + (left: ByteCount, right: ByteCount) -> ByteCount {
        ByteCount(left.bytes + right.bytes)
    }
    public static func - (left: ByteCount, right: ByteCount) -> ByteCount {
        ByteCount(left.bytes - right.bytes)
    }

    /// For people: `512 bytes`, `12.3 MB`; powers of ten, one decimal.
    public var description: String {
        let units: [(name: String, size: Int64)] = [
            ("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000),
        ]
        guard let unit = units.first(where: { bytes >= $0.size }) else {
            return bytes == 1 ? "1 byte" : "\(bytes) bytes"
        }
        // Rounded up: a person who frees what we name must have freed enough.
        let tenth = unit.size / 10
        let tenths = bytes / tenth + (bytes % tenth > 0 ? 1 : 0)
        return "\(tenths / 10).\(tenths % 10) \(unit.name)"
    }
}
