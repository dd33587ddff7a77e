/// The names of what ingestd writes next to a drop.
///
/// Where the longer of both would not fit, both begin with the same shortened name: as much of the
/// drop's as fits, `~`, and 8 hexadecimal digits of its hash.
///
/// Rule: docs/formats.md, "Sidecars".
public struct SidecarNames: Sendable, Hashable {
    /// The longest file name on Linux, in bytes.
    static let nameLimit = 255
    private static let statusSuffix = Array(".status.json".utf8)
    private static let resultsSuffix = Array(".results".utf8)
    private static let statusOpening = Array(#"{"schema":"ingestd/status/"#.utf8)

    /// The status file of an inbox as a whole.
    public static let inboxStatus = FileName(literal: "inbox.status.json")
    /// How many bytes of a file ``isStatus(opening:)`` must be shown.
    public static let openingLength = statusOpening.count

    /// `NAME.status.json`
    public let status: FileName
    /// `NAME.results`
    public let results: FileName

    /// The sidecars of the newest document of a name.
    public init(of name: FileName) { self.init(of: name, middle: []) }

    /// The sidecars of an older document of a name, `version` counted from one:
    /// `NAME.~1~.status.json`.
    public init(of name: FileName, version: Int) {
        precondition(version >= 1, "older versions are counted from one")
        self.init(of: name, middle: Array(".~\(version)~".utf8))
    }

    private init(of name: FileName, middle: [UInt8]) {
        let room = Self.nameLimit - Self.statusSuffix.count - middle.count
        let stem = Self.shortened(name.bytes, to: room) + middle
        guard let status = FileName(stem + Self.statusSuffix),
            let results = FileName(stem + Self.resultsSuffix)
        else { preconditionFailure("what follows a file name keeps it one") }
        self.status = status
        self.results = results
    }

    /// Whether a file of this name can only be a status file.
    public static func isStatus(name: FileName) -> Bool {
        name.bytes.count > statusSuffix.count && name.bytes.hasSuffix(statusSuffix)
    }

    /// The drop whose status file has this name; nil for other names, and for an inbox's own.
    ///
    /// A shortened name is given back shortened: it has the same sidecars.
    public static func drop(ofStatus name: FileName) -> FileName? {
        guard name != inboxStatus, isStatus(name: name) else { return nil }
        return FileName(name.bytes.dropLast(statusSuffix.count))
    }

    /// Whether a folder of this name can only hold results.
    public static func isResults(name: FileName) -> Bool {
        name.bytes.count > resultsSuffix.count && name.bytes.hasSuffix(resultsSuffix)
    }

    /// Whether a regular file that begins with these bytes is a status file of ingestd's own.
    public static func isStatus(opening bytes: some Sequence<UInt8>) -> Bool {
        bytes.starts(with: statusOpening)
    }

    private static func shortened(_ name: [UInt8], to limit: Int) -> [UInt8] {
        guard name.count > limit else { return name }
        let hash = Hexadecimal.encode(
            (0..<4).map { UInt8(truncatingIfNeeded: fnv1a(name) >> (24 - 8 * $0)) })
        let mark = Array("~\(hash)".utf8)
        return name.cut(to: limit - mark.count) + mark
    }

    /// The 32-bit FNV-1a hash. Rule: RFC 9923.
    private static func fnv1a(_ bytes: [UInt8]) -> UInt32 {
        bytes.reduce(0x811c_9dc5) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
    }
}

extension [UInt8] {
    func hasSuffix(_ suffix: [UInt8]) -> Bool {
        count >= suffix.count && self[(count - suffix.count)...].elementsEqual(suffix)
    }

    /// At most `limit` bytes, without half a UTF-8 character at the end.
    func cut(to limit: Int) -> [UInt8] {
        guard count > limit else { return self }
        var end = limit
        // A character has at most three bytes after its first; more are no UTF-8 anyway.
        while end > 0, limit - end < 3, self[end] & 0xc0 == 0x80 { end -= 1 }
        if self[end] & 0xc0 == 0x80 { end = limit }
        return Array(self[..<end])
    }
}

extension FileName {
    /// The name with a number before its extension, `report (2).pdf`, its beginning cut where it
    /// would grow too long.
    public func numbered(_ number: Int) -> FileName {
        let dot =
            bytes.lastIndex(of: UInt8(ascii: ".")).flatMap { $0 > 0 ? $0 : nil } ?? bytes.count
        let ending = Array(" (\(number))".utf8) + bytes[dot...].prefix(SidecarNames.nameLimit / 2)
        let beginning = Array(bytes[..<dot]).cut(to: SidecarNames.nameLimit - ending.count)
        guard let name = FileName(beginning + ending) else {
            preconditionFailure("a number in a file name keeps it one")
        }
        return name
    }
}
