/// Names one document for ever: a UUID of version 7, so that ids sort by the time of the claim.
///
/// Rule: RFC 9562, section 5.7.
public struct DocumentID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public static let byteLength = 16

    public let bytes: [UInt8]

    /// Nil unless `bytes` are ``byteLength``.
    public init?(_ bytes: some Sequence<UInt8>) {
        let array = Array(bytes)
        guard array.count == Self.byteLength else { return nil }
        self.bytes = array
    }

    /// Reads the form that ``description`` writes; nil for anything else.
    public init?(text: String) {
        guard let bytes = Hexadecimal.decode(text.replacing("-", with: "")) else { return nil }
        self.init(bytes)
        guard description == text else { return nil }
    }

    /// Makes an id from a moment and 10 random bytes.
    public init(at moment: Timestamp, random: [UInt8]) {
        precondition(random.count == 10, "a document id takes 10 random bytes")
        let milliseconds = UInt64(bitPattern: moment.milliseconds)
        var bytes = (0..<6).map {
            UInt8(truncatingIfNeeded: milliseconds >> (8 * (5 - UInt64($0))))
        }
        bytes += random
        bytes[6] = bytes[6] & 0x0f | 0x70
        bytes[8] = bytes[8] & 0x3f | 0x80
        self.bytes = bytes
    }

    public static func < (left: DocumentID, right: DocumentID) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }

    /// The usual form, 8-4-4-4-12 hexadecimal digits.
    public var description: String {
        var text = Array(Hexadecimal.encode(bytes).utf8)
        for position in [20, 16, 12, 8] { text.insert(UInt8(ascii: "-"), at: position) }
        return String(decoding: text, as: UTF8.self)
    }
}
