import Imports
import Rules
import SystemPackage

/// What a `tokens.csv` says of pictures of tokens: which it names, and whether there are rows without.
///
/// The list is ingestd's own, though keys in it are strangers' texts: of those nothing is looked at but where they end.
struct NamedCodes {
    /// A token whose picture the list names.
    struct Code {
        /// The number of the token's row in its file.
        let row: Int
        let token: String
    }

    /// Bytes, more than a token or the name of a picture has.
    private static let fieldLimit = 64

    /// In the order of their rows.
    private(set) var codes: [Code] = []
    private(set) var isCutOff = false
    private var field: [UInt8] = []
    private var fieldBefore: [UInt8] = []
    private var isQuoted = false
    /// Whether there is a column for names; nil before the header's end.
    private var hasColumn: Bool?

    /// Reads a list from its beginning to its end.
    ///
    /// - Throws: ``ImportError/rowsRefused(reason:)`` for what is no such list.
    init(reading list: FileDescriptor) throws {
        field.reserveCapacity(Self.fieldLimit)
        fieldBefore.reserveCapacity(Self.fieldLimit)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 1)
        defer { buffer.deallocate() }
        while case let count = try list.read(into: buffer), count > 0 {
            for byte in buffer[..<count] { try take(byte) }
            if hasColumn == false { return }
        }
        codes.sort { $0.row < $1.row }
    }

    private mutating func take(_ byte: UInt8) throws {
        switch byte {
        // A doubled quote ends a quoted part and begins another.
        case UInt8(ascii: "\""): isQuoted.toggle()
        case UInt8(ascii: ",") where !isQuoted:
            swap(&field, &fieldBefore)
            field.removeAll(keepingCapacity: true)
        case UInt8(ascii: "\n") where !isQuoted:
            try endLine()
            field.removeAll(keepingCapacity: true)
        case UInt8(ascii: "\r") where !isQuoted: break
        default: if field.count < Self.fieldLimit { field.append(byte) }
        }
    }

    private mutating func endLine() throws {
        guard hasColumn != nil else {
            hasColumn = field.elementsEqual("qr".utf8)
            return
        }
        guard hasColumn == true else { return }
        if field.isEmpty {
            isCutOff = true
            return
        }
        let name = String(decoding: field, as: UTF8.self)
        let token = String(decoding: fieldBefore, as: UTF8.self)
        let digits = name.drop { !$0.isNumber }.prefix { $0.isNumber }
        guard let row = Int(digits), CodeDrawing.artifactName(ofRow: row) == name else {
            throw ImportError.rowsRefused(reason: "tokens.csv names the picture \(name)")
        }
        codes.append(Code(row: row, token: token))
    }
}
