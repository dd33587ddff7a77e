import Rules

/// Which table the rows that follow go to, and how the file was read.
public struct TableHeading: Sendable, Hashable {
    /// The name of the schema that was chosen; nil for a table taken as it is.
    public var schema: String?
    /// The columns of the rows that follow, in order: a schema's canonical names, or the header's
    /// own made safe and distinct.
    public var columns: [String]
    /// As docs/formats.md names them: `utf-8`, `utf-8-sig`, `cp949` …; nil for a workbook.
    public var encoding: String?
    /// `,` `;` `|` or `tab`; nil for a workbook.
    public var delimiter: String?
    /// The sheet of a workbook that the rows stand on; nil for a text.
    public var sheet: String?

    public init(
        schema: String?, columns: [String], encoding: String?, delimiter: String?,
        sheet: String? = nil
    ) {
        self.schema = schema
        self.columns = columns
        self.encoding = encoding
        self.delimiter = delimiter
        self.sheet = sheet
    }

    func write(to wire: inout WireWriter) {
        wire.put(schema)
        wire.put(columns) { $0.put($1) }
        wire.put(encoding)
        wire.put(delimiter)
        wire.put(sheet)
    }

    init(_ wire: inout WireReader) throws(WireError) {
        schema = try wire.optionalText()
        columns = try wire.list(limit: 10_000) { wire throws(WireError) in try wire.text() }
        encoding = try wire.optionalText()
        delimiter = try wire.optionalText()
        sheet = try wire.optionalText()
    }
}

/// One row that was not taken.
public struct RowReject: Sendable, Hashable {
    /// The record's number in the file, the header being 1.
    public var row: Int
    /// The canonical name of the column at fault; empty where the row as a whole is.
    public var field: String
    public var message: String
    /// The value as it came, cut to ``TableSummary/valueLimit`` characters.
    public var value: String

    public init(row: Int, field: String, message: String, value: String) {
        self.row = row
        self.field = field
        self.message = message
        self.value = value
    }

    func write(to wire: inout WireWriter) {
        wire.put(row)
        wire.put(field)
        wire.put(message)
        wire.put(value)
    }

    init(_ wire: inout WireReader) throws(WireError) {
        row = try wire.count()
        field = try wire.text()
        message = try wire.text()
        value = try wire.text()
    }
}

/// How a table went through, before the database had its say on duplicates.
public struct TableSummary: Sendable, Hashable {
    /// How many rejects a status file shows.
    public static let sampleLimit = 100
    /// How many characters of a rejected value it shows.
    public static let valueLimit = 200

    /// Data rows in the file; blank records are not counted.
    public var totalRows: Int
    public var errorCount: Int

    public init(totalRows: Int, errorCount: Int) {
        self.totalRows = totalRows
        self.errorCount = errorCount
    }

    func write(to wire: inout WireWriter) {
        wire.put(totalRows)
        wire.put(errorCount)
    }

    init(_ wire: inout WireReader) throws(WireError) {
        totalRows = try wire.count()
        errorCount = try wire.count()
    }
}

/// Valid rows as they go over the wall, many to a frame.
///
/// A row is: 64-bit record number, 16-bit count of fields, then each field as a 32-bit length and
/// its UTF-8 bytes. A length of 2^32 − 1 is no value at all. All integers little-endian.
public struct RowBatch: Sendable, Hashable {
    /// A batch is sent once it has grown past this many bytes.
    public static let fullLength = 64 << 10
    static let noValue = UInt32.max

    public private(set) var bytes: [UInt8] = []
    public private(set) var rowCount = 0

    public init() {}

    public var isFull: Bool { bytes.count >= Self.fullLength }

    /// Adds a row. Fields are UTF-8 already; nil is no value.
    public mutating func append(row: Int, fields: some Collection<some Collection<UInt8>>) {
        begin(row: row, fieldCount: fields.count)
        for field in fields { append(field: field) }
    }

    /// Begins a row of `fieldCount` fields, each of which must then be appended.
    public mutating func begin(row: Int, fieldCount: Int) {
        withUnsafeBytes(of: UInt64(row).littleEndian) { bytes.append(contentsOf: $0) }
        withUnsafeBytes(of: UInt16(fieldCount).littleEndian) { bytes.append(contentsOf: $0) }
        rowCount += 1
    }

    /// Adds the next field of the row that was begun.
    public mutating func append(field: some Collection<UInt8>) {
        withUnsafeBytes(of: UInt32(field.count).littleEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: field)
    }

    /// Adds a field from memory; the way to take where rows are many.
    public mutating func append(field: UnsafeRawBufferPointer) {
        withUnsafeBytes(of: UInt32(field.count).littleEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: field)
    }

    /// Adds the next field of the row that was begun: one that has no value.
    public mutating func appendNoValue() {
        withUnsafeBytes(of: Self.noValue) { bytes.append(contentsOf: $0) }
    }

    /// Empties the batch for the next rows; its memory is kept.
    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        rowCount = 0
    }

    /// Checks every length; whether text is UTF-8 is for the reader to see.
    init(validating payload: ArraySlice<UInt8>) throws(WireError) {
        bytes = Array(payload)
        rowCount = try bytes.withUnsafeBufferPointer { bytes throws(WireError) in
            var walker = RowWalker(UnsafeRawBufferPointer(bytes))
            var count = 0
            while try walker.next() { count += 1 }
            return count
        }
    }

    /// Calls `body` once a row, with the record number and its fields; the buffers live no longer
    /// than the call.
    public func forEachRow(
        _ body: (_ row: Int, _ fields: [UnsafeRawBufferPointer?]) throws -> Void
    ) rethrows {
        try bytes.withUnsafeBytes { raw in
            var walker = RowWalker(raw)
            while walker.nextOfWhole() { try body(walker.row, walker.fields) }
        }
    }
}

extension RowWalker {
    /// Steps to the next row of a batch whose lengths were checked, or written by this process.
    fileprivate mutating func nextOfWhole() -> Bool {
        do {
            return try next()
        } catch {
            preconditionFailure("a row was begun and not all of its fields appended: \(error)")
        }
    }
}
