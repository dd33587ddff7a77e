/// A JSON document under construction; keys keep the order in which they were given.
///
/// Rule: RFC 8259.
public enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// Written with three decimals; must be finite.
    case decimal(Double)
    case string(String)
    case array([JSONValue])
    case object([Member])
    /// JSON that this type has written before, kept as text.
    case rendered(String)

    /// A key and its value.
    public struct Member: Sendable, Hashable {
        public var key: String
        public var value: JSONValue
        public init(_ key: String, _ value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    /// A string, or null where there is none.
    public static func text(_ text: String?) -> JSONValue { text.map(JSONValue.string) ?? .null }
    /// A number, or null where there is none.
    public static func count(_ count: Int?) -> JSONValue {
        count.map { .integer(Int64($0)) } ?? .null
    }
    /// A moment as RFC 3339, or null where there is none.
    public static func moment(_ moment: Timestamp?) -> JSONValue { text(moment?.description) }

    /// The document on one line, without a line feed at the end.
    public var compact: String {
        var writer = JSONWriter()
        writer.write(self)
        return writer.text
    }

    /// The document with one key of the outermost object on each line, and a line feed at the end.
    public var keyPerLine: String {
        guard case .object(let members) = self, !members.isEmpty else { return compact + "\n" }
        var writer = JSONWriter()
        writer.add("{")
        for (index, member) in members.enumerated() {
            // The first key stands right behind the brace, so that a reader can tell the schema
            // from the first bytes alone.
            if index > 0 { writer.add(",\n  ") }
            writer.write(member)
        }
        writer.add("\n}\n")
        return writer.text
    }
}

/// Appends JSON to a text, byte by byte: status files and log lines are written for every drop.
private struct JSONWriter {
    private var bytes: [UInt8] = []

    init() { bytes.reserveCapacity(1024) }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    mutating func add(_ text: String) {
        var text = text
        text.withUTF8 { bytes.append(contentsOf: $0) }
    }

    mutating func write(_ value: JSONValue) {
        switch value {
        case .null: add("null")
        case .bool(let flag): add(flag ? "true" : "false")
        case .integer(let number): add(String(number))
        case .decimal(let number): write(decimal: number)
        case .string(let string): write(string: string)
        case .rendered(let json): add(json)
        case .array(let items):
            add("[")
            for (index, item) in items.enumerated() {
                if index > 0 { add(", ") }
                write(item)
            }
            add("]")
        case .object(let members):
            add("{")
            for (index, member) in members.enumerated() {
                if index > 0 { add(", ") }
                write(member)
            }
            add("}")
        }
    }

    mutating func write(_ member: JSONValue.Member) {
        write(string: member.key)
        add(":")
        write(member.value)
    }

    private mutating func write(decimal number: Double) {
        precondition(number.isFinite, "JSON has no word for what is not a number")
        let thousandths = Int64((number * 1000).rounded())
        let fraction = String(thousandths.magnitude % 1000)
        add(thousandths < 0 ? "-" : "")
        add(String(thousandths.magnitude / 1000) + ".")
        add(String(repeating: "0", count: 3 - fraction.count) + fraction)
    }

    /// Whether a byte may have to be escaped; 0xE2 begins the two line separators, among others.
    private static func mayNeedEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == 0x7f || byte == 0xe2 || byte == UInt8(ascii: "\"")
            || byte == UInt8(ascii: "\\")
    }

    private mutating func write(string: String) {
        var string = string
        // Nearly every string is as it is to be written.
        let isWritten = string.withUTF8 { text in
            for byte in text where Self.mayNeedEscape(byte) { return false }
            bytes.append(UInt8(ascii: "\""))
            bytes.append(contentsOf: text)
            bytes.append(UInt8(ascii: "\""))
            return true
        }
        if isWritten { return }
        add("\"")
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": add("\\\"")
            case "\\": add("\\\\")
            case "\n": add("\\n")
            case "\r": add("\\r")
            case "\t": add("\\t")
            // The two line separators would break a line in some readers; controls must be escaped.
            case _
            where scalar.value < 0x20 || scalar.value == 0x7f || scalar.value == 0x2028
                || scalar.value == 0x2029:
                let hex = String(scalar.value, radix: 16)
                add("\\u" + String(repeating: "0", count: 4 - hex.count) + hex)
            default: add(String(scalar))
            }
        }
        add("\"")
    }
}
