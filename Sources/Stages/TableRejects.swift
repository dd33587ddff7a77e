import CSV
import Rules
import WorkerProtocol

/// The artifact `rejects.csv`: each record that was not taken, as it came, with the reason
/// appended.
///
/// UTF-8 with a mark, so that spreadsheets read it; begun with the first reject.
/// Rule: docs/formats.md, "Rejects"; RFC 4180, section 2.
struct TableRejects {
    /// Bytes held back before they are sent, and the most that are sent at once.
    private static let fullLength = 64 << 10
    private static let sendLimit = 1 << 20

    private let header: TableHeader
    private let own: OwnFields
    private let delimiter: UInt8
    private var isBegun = false
    private var bytes: [UInt8] = []

    init(header: TableHeader, own: OwnFields, delimiter: UInt8) {
        self.header = header
        self.own = own
        self.delimiter = delimiter
    }

    /// Adds a record and why it was not taken.
    mutating func append(
        _ record: CSVRecord, field: String, message: String,
        send: (StageReply) throws -> Void
    ) throws {
        if !isBegun { try begin(send: send) }
        put(record, into: &bytes)
        put(String(record.number), into: &bytes)
        bytes.append(delimiter)
        put(Self.harmless(field), into: &bytes)
        bytes.append(delimiter)
        put(Self.harmless(message), into: &bytes)
        endLine()
        if bytes.count >= Self.fullLength { try flush(send: send) }
    }

    /// Writes a record as the artifact has it, up to the reason; that of an earlier round is not
    /// carried along.
    func put(_ record: CSVRecord, into bytes: inout [UInt8]) {
        let count = own.count(in: record)
        for index in 0..<count {
            put(record[index], into: &bytes)
            bytes.append(delimiter)
        }
        for _ in 0..<max(0, own.width - count) { bytes.append(delimiter) }
    }

    /// Ends the artifact, if it was begun.
    mutating func end(send: (StageReply) throws -> Void) throws {
        guard isBegun else { return }
        try flush(send: send)
        try send(.artifactEnded)
    }

    /// Begins the artifact: with the first reject, or before it where the daemon may add some.
    mutating func begin(send: (StageReply) throws -> Void) throws {
        isBegun = true
        try send(.artifactBegun(name: RowReject.artifactName, mediaType: "text/csv"))
        bytes += [0xef, 0xbb, 0xbf]
        // Columns without a name, which an inferred table has where rows are longer than the
        // header, keep their places when the file comes back.
        let unnamed = Array(repeating: "", count: max(0, own.width - header.names.count))
        for (index, name) in (header.names + unnamed + TableHeader.rejectColumns).enumerated() {
            if index > 0 { bytes.append(delimiter) }
            put(name, into: &bytes)
        }
        endLine()
    }

    private mutating func flush(send: (StageReply) throws -> Void) throws {
        for start in stride(from: 0, to: bytes.count, by: Self.sendLimit) {
            let piece = bytes[start..<min(start + Self.sendLimit, bytes.count)]
            try send(.artifactBytes(Array(piece)))
        }
        bytes.removeAll(keepingCapacity: true)
    }

    /// What we write ourselves must not be taken for a formula. Fields of the record stay as they
    /// are: many a telephone number begins with `+`.
    private static func harmless(_ text: String) -> String {
        guard let first = text.utf8.first, "=+-@\t\r".utf8.contains(first) else { return text }
        return "'" + text
    }

    private func put(_ text: String, into bytes: inout [UInt8]) {
        var text = text
        text.withUTF8 { put(UnsafeRawBufferPointer($0), into: &bytes) }
    }

    /// Writes a field, quoted where it must be.
    private func put(_ field: UnsafeRawBufferPointer, into bytes: inout [UInt8]) {
        let quote = UInt8(ascii: "\"")
        let mustQuote = field.contains {
            $0 == delimiter || $0 == quote || $0 == UInt8(ascii: "\r") || $0 == UInt8(ascii: "\n")
        }
        guard mustQuote else {
            bytes.append(contentsOf: field)
            return
        }
        bytes.append(quote)
        for byte in field {
            if byte == quote { bytes.append(quote) }
            bytes.append(byte)
        }
        bytes.append(quote)
    }

    private mutating func endLine() {
        bytes.append(UInt8(ascii: "\r"))
        bytes.append(UInt8(ascii: "\n"))
    }
}
