/// One message on the wall between daemon and worker: a 32-bit little-endian length, a kind byte, a payload.
///
/// The length counts the kind byte and the payload. Rule: docs/formats.md, "Worker frames".
public enum Frame {
    /// Length and kind.
    public static let headerLength = 5
    /// The largest payload: a CSV field may have 1 MiB, a row 4 of them.
    public static let payloadLimit = 8 << 20

    public static func encode(kind: UInt8, payload: some Collection<UInt8>) -> [UInt8] {
        precondition(payload.count <= payloadLimit, "a frame's payload is bounded")
        var frame = WireWriter()
        frame.put(UInt32(payload.count + 1))
        frame.put(kind)
        return frame.bytes + payload
    }

    /// Reads a header; returns the payload's length and the kind.
    public static func header(_ bytes: some Collection<UInt8>) throws(WireError) -> (
        payload: Int, kind: UInt8
    ) {
        precondition(bytes.count == headerLength, "a frame's header has \(headerLength) bytes")
        let length = bytes.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
        guard length >= 1, length - 1 <= payloadLimit, let kind = bytes.dropFirst(4).first else {
            throw WireError("a frame's length is out of range")
        }
        return (length - 1, kind)
    }
}

/// Cuts a stream of bytes into frames; holds at most one frame that is not whole yet.
public struct FrameReader: Sendable {
    private var buffer: [UInt8] = []
    private var consumed = 0

    public init() {}

    /// Takes the next bytes of the stream.
    public mutating func append(_ bytes: ArraySlice<UInt8>) {
        bytes.withUnsafeBytes { append($0) }
    }

    /// The same, of memory that is somebody else's.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) {
        if consumed > 0 {
            buffer.removeFirst(consumed)
            consumed = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// The next whole frame; nil until more bytes have come.
    public mutating func next() throws(WireError) -> (kind: UInt8, payload: ArraySlice<UInt8>)? {
        let available = buffer.count - consumed
        guard available >= Frame.headerLength else { return nil }
        let (length, kind) = try Frame.header(buffer[consumed..<(consumed + Frame.headerLength)])
        guard available >= Frame.headerLength + length else { return nil }
        let start = consumed + Frame.headerLength
        consumed = start + length
        return (kind, buffer[start..<consumed])
    }

    /// Whether bytes of an unfinished frame are left: the sender died in the middle of a word.
    public var isMidFrame: Bool { buffer.count > consumed }
}
