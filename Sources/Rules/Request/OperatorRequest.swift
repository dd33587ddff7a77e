/// What an operator asks for by a file in the state directory's `requests/`.
///
/// Rule: docs/formats.md, "Requests of an operator".
public struct OperatorRequest: Sendable, Hashable {
    /// Longer than any: two paths of 4,096 bytes and a few words.
    public static let lengthLimit = 16 << 10
    private static let opening = Array("ingestd/request/1".utf8)

    public var verb: Request.Verb
    /// The absolute path of the inbox.
    public var inbox: [UInt8]
    /// The file that it is about, below the inbox; with its number where it is about an older document.
    public var target: BeneathPath

    public init(verb: Request.Verb, inbox: [UInt8], target: BeneathPath) {
        self.verb = verb
        self.inbox = inbox
        self.target = target
    }

    /// Reads what ``bytes`` writes; nil for anything else.
    public init?(bytes: [UInt8]) {
        let fields = bytes.split(separator: 0, omittingEmptySubsequences: false)
        guard fields.count == 5, Array(fields[0]) == Self.opening, fields[4].isEmpty,
            let text = String(validating: fields[1], as: UTF8.self),
            let verb = Request.Verb(text: text),
            let target = BeneathPath(bytes: Array(fields[3])), let name = target.name,
            Request(verb, about: name) != nil
        else { return nil }
        self.verb = verb
        inbox = Array(fields[2])
        self.target = target
    }

    /// Four fields, each with a zero byte behind it, which no path can hold.
    public var bytes: [UInt8] {
        [Self.opening, Array("\(verb)".utf8), inbox, target.bytes].flatMap { $0 + [0] }
    }
}
