import Imports
import Rules
import Store

/// The artifact `tokens.csv`: a line for each row that has a token, in order of the keys.
///
/// UTF-8 with a mark: people open it in a spreadsheet program, which takes a file without one for another
/// encoding. Rule: docs/formats.md, "Results"; RFC 4180, section 2.
struct TokensFile {
    static let name = "tokens.csv"

    /// Bytes held back before they are written.
    private static let fullLength = 64 << 10

    private let writer: BlobWriter
    private let hasCodes: Bool
    private var bytes: [UInt8] = []

    /// - Parameters:
    ///   - writer: has the header already.
    ///   - hasCodes: whether the first rows get a picture of their token, and there is a column for its name.
    init(_ writer: BlobWriter, hasCodes: Bool) {
        self.writer = writer
        self.hasCodes = hasCodes
        bytes.reserveCapacity(Self.fullLength + 1024)
    }

    /// The first line.
    static func header(keyColumns: [String], hasCodes: Bool) -> String {
        let names = keyColumns + ["token"] + (hasCodes ? ["qr"] : [])
        return "\u{feff}" + names.map { CSVField(ours: $0).text }.joined(separator: ",") + "\r\n"
    }

    /// Bytes, more than the name of a picture has.
    static let codeNameRoom = 32

    /// Adds a row's line.
    mutating func add(_ row: TokenRow) throws {
        for index in 0..<row.keyCount {
            CSVField.append(ours: row.key(index), to: &bytes)
            bytes.append(UInt8(ascii: ","))
        }
        bytes.append(contentsOf: row.token)
        if hasCodes {
            bytes.append(UInt8(ascii: ","))
            if row.isAmongFirst {
                bytes.append(contentsOf: CodeDrawing.artifactName(ofRow: row.row).utf8)
            }
        }
        bytes.append(UInt8(ascii: "\r"))
        bytes.append(UInt8(ascii: "\n"))
        if bytes.count >= Self.fullLength { try flush() }
    }

    /// Writes what was held back; called once, behind the last row.
    mutating func end() throws { try flush() }

    private mutating func flush() throws {
        try writer.append(bytes)
        bytes.removeAll(keepingCapacity: true)
    }
}
