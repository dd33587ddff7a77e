import CLinux
import Glibc
import Logging
import Rules

/// How an event of the log becomes a line.
///
/// Rule: docs/log.md, "The form of a line".
struct LineFormat: Sendable {
    /// What a value may take of a line, in bytes as written.
    private static let valueLimit = 1024
    /// The same for a line that would be too long otherwise; all fields together then fit.
    private static let tightValueLimit = 128
    private static let order = Dictionary(
        uniqueKeysWithValues: JournalField.allCases.enumerated().map { ($1.rawValue, $0) })

    let format: LogSettings.Format
    /// Whether lines go to systemd's journal: it adds the time and reads a priority from the line's beginning.
    let isJournal: Bool
    let clock: @Sendable () -> Timestamp

    /// The system's real-time clock.
    static let systemClock: @Sendable () -> Timestamp = {
        Timestamp(milliseconds: linux_clock_nanoseconds(CLOCK_REALTIME) / 1_000_000)
    }

    /// The line without its line feed, shorter than ``LineOutput/lineLimit``.
    func line(_ level: Logger.Level, _ event: String, _ fields: [String: String]) -> String {
        let line = line(level, event, fields, valueLimit: Self.valueLimit)
        guard line.utf8.count >= LineOutput.lineLimit else { return line }
        return self.line(level, event, fields, valueLimit: Self.tightValueLimit)
    }

    private func line(
        _ level: Logger.Level, _ event: String, _ fields: [String: String], valueLimit: Int
    ) -> String {
        // Our own fields in their order, then those of libraries by name.
        let ordered = fields.sorted { left, right in
            let last = Self.order.count
            let (one, other) = (Self.order[left.key] ?? last, Self.order[right.key] ?? last)
            return one == other ? left.key < right.key : one < other
        }
        let prefix = isJournal ? "<\(Self.priority(level))>" : ""
        switch format {
        case .text:
            var line = prefix + (isJournal ? "" : "\(clock()) ")
            line += "\(level.rawValue) \(Self.escaped(event, limit: valueLimit))"
            for (index, field) in ordered.enumerated() {
                line += index == 0 ? "  " : " "
                line += "\(field.key)=\(Self.quoted(field.value, limit: valueLimit))"
            }
            return line
        case .json:
            var members: [JSONValue.Member] = []
            if !isJournal { members.append(.init("time", .string(clock().description))) }
            members.append(.init("level", .string(level.rawValue)))
            members.append(.init("event", .string(Self.cut(event, limit: valueLimit))))
            for (key, value) in ordered {
                members.append(.init(key, .string(Self.cut(value, limit: valueLimit))))
            }
            return prefix + JSONValue.object(members).compact
        }
    }

    /// Rule: syslog(3), sd-daemon(3).
    private static func priority(_ level: Logger.Level) -> Int {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }

    /// The value as it is where that is one plain word, else in quotes.
    private static func quoted(_ value: String, limit: Int) -> String {
        let text = escaped(value, limit: limit)
        let isPlain =
            !text.isEmpty && !text.contains { $0 == " " || $0 == "\"" || $0 == "=" || $0 == "\\" }
        return isPlain ? text : "\"" + text + "\""
    }

    /// Escapes quotes, backslashes and whatever a terminal would obey; cuts what is too long.
    private static func escaped(_ text: String, limit: Int) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            let piece =
                switch scalar {
                case "\"": "\\\""
                case "\\": "\\\\"
                case "\n": "\\n"
                case "\r": "\\r"
                case "\t": "\\t"
                default:
                    TerminalText.line(String(scalar)) == String(scalar)
                        || scalar == "\u{FFFD}"
                        ? String(scalar) : "\\u{\(String(scalar.value, radix: 16))}"
                }
            guard escaped.utf8.count + piece.utf8.count <= limit - 3 else { return escaped + "…" }
            escaped += piece
        }
        return escaped
    }

    /// Cuts a text so that its JSON form, where each byte may take six, stays within the limit.
    private static func cut(_ text: String, limit: Int) -> String {
        // Nearly every text is short and plain.
        if jsonLength(of: text) <= limit - 3 { return text }
        var kept = String.UnicodeScalarView()
        var length = 0
        for scalar in text.unicodeScalars {
            let isPlain = scalar.value >= 0x20 && scalar != "\"" && scalar != "\\"
            let cost = isPlain && scalar.value != 0x7f ? UTF8.width(scalar) : 6
            guard length + cost <= limit - 3 else { return String(kept) + "…" }
            length += cost
            kept.append(scalar)
        }
        return String(kept)
    }

    /// How long a text becomes in JSON, at most.
    private static func jsonLength(of text: String) -> Int {
        var text = text
        return text.withUTF8 { bytes in
            bytes.reduce(0) { length, byte in
                let isPlain =
                    byte >= 0x20 && byte != 0x7f && byte != UInt8(ascii: "\"")
                    && byte != UInt8(ascii: "\\")
                return length + (isPlain ? 1 : 6)
            }
        }
    }
}
