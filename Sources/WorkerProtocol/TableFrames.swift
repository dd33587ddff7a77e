import Rules

/// Which table the rows that follow go to, and how the file was read.
public struct TableHeading: Sendable, Hashable {
    /// The name of the schema that was chosen; nil for a table taken as it is.
    public var schema: String?
    /// The columns of the rows that follow, in order: a schema's canonical names, or the header's
    /// own made safe and distinct.
    public var columns: [String]
    /// Those of the columns that the file lacks: all their values are defaults, or none.
    public var lacking: [String]
    /// As docs/formats.md names them: `utf-8`, `utf-8-sig`, `cp949` …; nil for a workbook.
    public var encoding: String?
    /// `,` `;` `|` or `tab`; nil for a workbook.
    public var delimiter: String?
    /// The sheet of a workbook that the rows stand on; nil for a text.
    public var sheet: String?
    /// Whether each row has one field more than columns: its record as `rejects.csv` would have it,
    /// without a reason. Only the database can tell which rows come in vain.
    public var carriesRecords: Bool

    public init(
        schema: String?, columns: [String], lacking: [String] = [], encoding: String?,
        delimiter: String?, sheet: String? = nil, carriesRecords: Bool = false
    ) {
        self.schema = schema
        self.columns = columns
        self.lacking = lacking
        self.encoding = encoding
        self.delimiter = delimiter
        self.sheet = sheet
        self.carriesRecords = carriesRecords
    }

    /// How many fields each row has.
    public var fieldCount: Int { columns.count + (carriesRecords ? 1 : 0) }

    func write(to wire: inout WireWriter) {
        wire.put(schema)
        wire.put(columns) { $0.put($1) }
        wire.put(lacking) { $0.put($1) }
        wire.put(encoding)
        wire.put(delimiter)
        wire.put(sheet)
        wire.put(carriesRecords)
    }

    init(_ wire: inout WireReader) throws(WireError) {
        schema = try wire.optionalText()
        columns = try wire.list(limit: 10_000) { wire throws(WireError) in try wire.text() }
        lacking = try wire.list(limit: columns.count) { wire throws(WireError) in
            try wire.text()
        }
        encoding = try wire.optionalText()
        delimiter = try wire.optionalText()
        sheet = try wire.optionalText()
        carriesRecords = try wire.flag()
    }
}

/// One row that was not taken.
public struct RowReject: Sendable, Hashable {
    /// The artifact that holds all of them.
    public static let artifactName = "rejects.csv"

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
    /// What each column of an inferred table turned out to be; none for a table of a schema.
    public var types: [InferredType]

    public init(totalRows: Int, errorCount: Int, types: [InferredType] = []) {
        self.totalRows = totalRows
        self.errorCount = errorCount
        self.types = types
    }

    func write(to wire: inout WireWriter) {
        wire.put(totalRows)
        wire.put(errorCount)
        wire.put(types) { $0.put($1.wireCode) }
    }

    init(_ wire: inout WireReader) throws(WireError) {
        totalRows = try wire.count()
        errorCount = try wire.count()
        types = try wire.list(limit: 10_000) { wire throws(WireError) in
            try InferredType(wireCode: try wire.byte())
        }
    }
}

extension InferredType {
    private static let codes: [InferredType] = [
        .text, .integer, .decimal(isKeptAsNumber: true), .decimal(isKeptAsNumber: false), .date,
        .datetime, .boolean,
    ]

    fileprivate var wireCode: UInt8 {
        guard let code = Self.codes.firstIndex(of: self) else {
            preconditionFailure("every type has a code")
        }
        return UInt8(code)
    }

    fileprivate init(wireCode: UInt8) throws(WireError) {
        guard Int(wireCode) < Self.codes.count else { throw WireError("no such type of a column") }
        self = Self.codes[Int(wireCode)]
    }
}

/// Valid rows as they go over the wall, many to a frame.
///
/// A row is: 64-bit record number, 16-bit count of fields, then each field as a 32-bit length and
/// its UTF-8 bytes. A length of 2^32 − 1 is no value at all. All integers little-endian.
public struct RowBatch: Sendable, Hashable {
    /// A batch is sent once it has grown past this many bytes.
    public static let fullLength = 64 << 10
    /// The length of a field that has no value.
    public static let noValue = UInt32.max

    public private(set) var bytes: [UInt8] = []
    public private(set) var rowCount = 0
    /// How many fields its rows have, at least and at most; of no meaning where there is no row.
    public private(set) var leastFieldCount = Int.max
    public private(set) var greatestFieldCount = 0

    public init() {}

    init(bytes: [UInt8], rowCount: Int, leastFieldCount: Int, greatestFieldCount: Int) {
        self.bytes = bytes
        self.rowCount = rowCount
        self.leastFieldCount = leastFieldCount
        self.greatestFieldCount = greatestFieldCount
    }

    /// Adds a row. Fields are UTF-8 already; nil is no value.
    public mutating func append(row: Int, fields: some Collection<some Collection<UInt8>>) {
        begin(row: row, fieldCount: fields.count)
        for field in fields { append(field: field) }
    }

    /// Begins a row of `fieldCount` fields, each of which must then be appended.
    public mutating func begin(row: Int, fieldCount: Int) {
        withUnsafeBytes(of: UInt64(row).littleEndian) { bytes.append(contentsOf: $0) }
        withUnsafeBytes(of: UInt16(fieldCount).littleEndian) { bytes.append(contentsOf: $0) }
        count(rowOf: fieldCount)
    }

    private mutating func count(rowOf fieldCount: Int) {
        rowCount += 1
        leastFieldCount = min(leastFieldCount, fieldCount)
        greatestFieldCount = max(greatestFieldCount, fieldCount)
    }

    /// Adds the next field of the row that was begun.
    public mutating func append(field: some Collection<UInt8>) {
        withUnsafeBytes(of: UInt32(field.count).littleEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: field)
    }

    /// Adds the next field of the row that was begun: one that has no value.
    public mutating func appendNoValue() {
        withUnsafeBytes(of: Self.noValue) { bytes.append(contentsOf: $0) }
    }

    /// Checks every length; whether text is UTF-8 is for the reader to see.
    init(validating payload: ArraySlice<UInt8>) throws(WireError) {
        let copy = Array(payload)
        try copy.withUnsafeBufferPointer { bytes throws(WireError) in
            var walker = RowWalker(UnsafeRawBufferPointer(bytes))
            while let fieldCount = try walker.skip() { count(rowOf: fieldCount) }
        }
        bytes = copy
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
