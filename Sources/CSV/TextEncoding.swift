/// The encodings that a table can be read in.
///
/// The raw value is the name that results bear. Rule: docs/formats.md, "Encodings".
public enum TextEncoding: String, Sendable, Hashable, CaseIterable {
    case utf8 = "utf-8"
    /// UTF-8 behind a byte order mark.
    case utf8Marked = "utf-8-sig"
    case utf16LittleEndian = "utf-16-le"
    case utf16BigEndian = "utf-16-be"
    /// Korean as Windows writes it: EUC-KR and the syllables it lacks.
    case cp949 = "cp949"
    case windows1252 = "cp1252"
    case latin1 = "latin-1"

    /// Understands the names in use for an encoding, whatever their case; nil for any other.
    public init?(name: String) {
        switch name.lowercased().filter({ $0 != "-" && $0 != "_" && $0 != " " }) {
        case "utf8", "ascii", "usascii": self = .utf8
        case "utf8sig", "utf8bom": self = .utf8Marked
        case "utf16le", "utf16": self = .utf16LittleEndian
        case "utf16be": self = .utf16BigEndian
        case "cp949", "euckr", "uhc", "ms949", "windows949", "ksc56011987": self = .cp949
        case "cp1252", "windows1252": self = .windows1252
        case "latin1", "iso88591", "l1": self = .latin1
        default: return nil
        }
    }
}

/// In which encoding a text is, and how sure that is.
public struct EncodingVerdict: Sendable, Hashable {
    /// How sure a verdict is.
    public enum Certainty: Sendable, Hashable {
        /// The bytes say so.
        case proven
        /// They say so but for a few that are damaged, or for the last character, which is cut off.
        case damaged
        /// They say nothing; the encoding is the one to fall back to.
        case guessed
    }

    public var encoding: TextEncoding
    public var certainty: Certainty
    /// How many bytes of mark stand before the text.
    public var markLength: Int
    /// How many zero bytes stand behind the text: what a program that fills up files left there.
    public var paddingLength: Int

    public init(
        encoding: TextEncoding, certainty: Certainty, markLength: Int = 0, paddingLength: Int = 0
    ) {
        self.encoding = encoding
        self.certainty = certainty
        self.markLength = markLength
        self.paddingLength = paddingLength
    }
}
