import Rules

/// What a status file turns out to be, held against what it ought to say.
///
/// Its bytes are its owner's to change: they are compared, and never parsed.
public enum StatusVerdict: Sendable, Hashable {
    case matches
    /// It says something else under this key.
    case differs(key: String)
    /// It ends in the midst of something, or has no content.
    case torn
    /// It speaks of a drop of the same name that is not taken yet.
    case ofDrop
    /// Somebody else's file.
    case foreign

    /// The keys that are the same in every telling of a document that is over.
    private static let keys = ["document_id", "uid", "size", "sha256", "status", "state"]
    /// How the lines of these keys begin.
    private static let openings = keys.map { (key: $0, bytes: Array("  \"\($0)\":".utf8)) }

    /// Rule: docs/formats.md, "Status files".
    public init(of bytes: [UInt8], expected: String) {
        let opening = Array("{\"schema\":\"\(StatusDocument.schema)\"".utf8)
        // A power cut may leave the room of a file and none of its bytes.
        guard !bytes.allSatisfy({ $0 == 0 }) else {
            self = .torn
            return
        }
        guard bytes.starts(with: opening.prefix(bytes.count)) else {
            self = .foreign
            return
        }
        guard bytes.count > opening.count, bytes.suffix(3).elementsEqual("\n}\n".utf8) else {
            self = .torn
            return
        }
        let told = Self.lines(bytes[...])
        let wanted = Self.lines(Array(expected.utf8)[...])
        if told["document_id"].map({ $0.elementsEqual("null,".utf8) }) == true {
            self = .ofDrop
            return
        }
        self = .matches
        for key in Self.keys where told[key] != wanted[key] {
            self = .differs(key: key)
            return
        }
    }

    /// What stands behind the keys, each on its own line.
    private static func lines(_ bytes: ArraySlice<UInt8>) -> [String: ArraySlice<UInt8>] {
        var lines: [String: ArraySlice<UInt8>] = [:]
        // One after the other: a hostile file may consist of them.
        var rest = bytes
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let line = rest[..<end]
            for opening in openings where line.starts(with: opening.bytes) {
                lines[opening.key] = line.dropFirst(opening.bytes.count)
            }
            rest = rest[(end + 1)...]
        }
        return lines
    }
}
