/// A streaming reader of CSV: bytes in, records of fields out. Owns no file and allocates nothing
/// per field.
///
/// The text must be UTF-8 or at least ASCII-compatible; no byte but the delimiter, the quote, CR
/// and LF has a meaning. Departures from RFC 4180, all of them lenient:
/// - A record ends at CR, LF or CRLF, mixed as they come; the last one may lack its end.
/// - Records without a byte are skipped and not counted; a record of one quoted empty field counts.
/// - Records may differ in their number of fields; the caller decides.
/// - A quote inside an unquoted field is a character like any other. What follows a closing quote
///   is
///   appended to the field, quotes included.
/// - NUL and other control characters are characters.
///
/// Rule: RFC 4180, section 2.
public struct CSVReader: ~Copyable {
    /// What the byte at the cursor belongs to.
    enum Mode {
        /// A field begins here, quoted or not.
        case fieldStart
        case unquoted
        case quoted
        /// Behind a quote in a quoted field: its end, or half of a doubled one.
        case quoteInQuoted
        /// Behind a closing quote, though the field goes on.
        case tail
    }

    let limits: CSVLimits
    let delimiter: UInt8
    let delimiterWord: UInt64

    /// The text not yet given out; ``padding`` bytes more are allocated, so that words can be
    /// loaded at its end.
    var storage: UnsafeMutableRawPointer
    private var capacity: Int
    /// How much of the storage is text.
    var end = 0
    /// Bytes of text that were dropped before the storage's first.
    private var dropped = 0
    private var isFinished = false

    var mode = Mode.fieldStart
    var recordStart = 0
    var fieldStart = 0
    var cursor = 0
    /// Where the next byte of a quoted field goes: behind the cursor once a quote was left out.
    var write = 0
    /// Where the field's opening quote stands.
    var opening = 0
    let places: UnsafeMutablePointer<CSVRecord.Place>
    var placeCount = 0

    /// How many records were given out.
    public private(set) var recordCount = 0
    /// How many quoted fields went on behind their closing quote; many of them speak against the
    /// delimiter.
    public internal(set) var tailCount = 0

    private static let padding = 8

    /// - Parameter delimiter: any ASCII character but the quote, CR and LF.
    public init(delimiter: UInt8, limits: CSVLimits = CSVLimits()) {
        precondition(
            delimiter < 0x80 && delimiter != Self.quote && !Self.endsLine(delimiter),
            "not a delimiter")
        self.delimiter = delimiter
        self.delimiterWord = WordScan.spread(delimiter)
        self.limits = limits
        capacity = 0
        storage = .allocate(byteCount: Self.padding, alignment: 16)
        storage.initializeMemory(as: UInt8.self, repeating: 0, count: Self.padding)
        places = .allocate(capacity: limits.columns)
    }

    deinit {
        storage.deallocate()
        places.deallocate()
    }

    /// Adds text: `body` writes at most `room` bytes and returns how many it wrote.
    public mutating func fill<Fault: Error>(
        room: Int, _ body: (UnsafeMutableRawBufferPointer) throws(Fault) -> Int
    ) throws(Fault) {
        precondition(!isFinished, "text after its end")
        reserve(room)
        let free = UnsafeMutableRawBufferPointer(start: storage + end, count: room)
        let count = try body(free)
        precondition(count >= 0 && count <= room, "more text than there was room for")
        end += count
    }

    /// Adds text.
    public mutating func append(_ text: UnsafeRawBufferPointer) {
        fill(room: text.count) { free in
            free.copyMemory(from: text)
            return text.count
        }
    }

    /// Says that no more text comes: the last record may now end without a line's end.
    public mutating func finish() { isFinished = true }

    /// The next whole record; nil until more text has come, or at the end.
    ///
    /// - Throws: ``CSVError``, after which the reader is of no more use.
    public mutating func next() throws(CSVError) -> CSVRecord? {
        if placeCount == 0, mode == .fieldStart { skipLineEnds() }
        guard try scan() else {
            try checkUnfinished()
            return isFinished ? try lastRecord() : nil
        }
        return try takeRecord()
    }

    // MARK: - Records

    private mutating func takeRecord() throws(CSVError) -> CSVRecord {
        guard cursor - recordStart <= limits.record else {
            throw .recordTooLong(record: recordCount + 1, offset: dropped + recordStart)
        }
        recordCount += 1
        let record = CSVRecord(
            number: recordCount, count: placeCount, base: UnsafeRawPointer(storage + recordStart),
            places: UnsafePointer(places))
        placeCount = 0
        recordStart = cursor
        fieldStart = cursor
        mode = .fieldStart
        return record
    }

    private mutating func lastRecord() throws(CSVError) -> CSVRecord? {
        switch mode {
        case .fieldStart:
            guard placeCount > 0 else { return nil }
            try addField(from: end, to: end)
        case .unquoted:
            try addField(from: fieldStart, to: end)
        case .quoted:
            throw .unterminatedQuote(record: recordCount + 1, offset: dropped + opening)
        case .quoteInQuoted, .tail:
            try addField(from: fieldStart, to: write)
        }
        return try takeRecord()
    }

    /// The end of a record's line, and blank lines: none of them is worth a record.
    private mutating func skipLineEnds() {
        while cursor < end, Self.endsLine(storage.load(fromByteOffset: cursor, as: UInt8.self)) {
            cursor += 1
        }
        recordStart = cursor
        fieldStart = cursor
    }

    /// Ends a record that is too long before its end has come.
    private func checkUnfinished() throws(CSVError) {
        guard end - recordStart <= limits.record else {
            throw .recordTooLong(record: recordCount + 1, offset: dropped + recordStart)
        }
        let fieldEnd =
            switch mode {
            case .fieldStart: fieldStart
            case .unquoted: end
            case .quoted, .quoteInQuoted, .tail: write
            }
        guard fieldEnd - fieldStart <= limits.field else { throw tooLong(from: fieldStart) }
    }

    @inline(__always)
    mutating func addField(from start: Int, to end: Int) throws(CSVError) {
        guard placeCount < limits.columns else {
            throw .tooManyColumns(record: recordCount + 1, offset: dropped + start)
        }
        guard end - start <= limits.field else { throw tooLong(from: start) }
        places[placeCount] = CSVRecord.Place(
            start: UInt32(truncatingIfNeeded: start - recordStart),
            length: UInt32(truncatingIfNeeded: end - start))
        placeCount += 1
    }

    private func tooLong(from start: Int) -> CSVError {
        .fieldTooLong(record: recordCount + 1, offset: dropped + start)
    }

    // MARK: - Storage

    /// Makes room behind the text: first by dropping what was given out, then by growing.
    private mutating func reserve(_ room: Int) {
        guard capacity - end < room else { return }
        let kept = end - recordStart
        if recordStart > 0 {
            storage.copyMemory(from: storage + recordStart, byteCount: kept)
            shift(by: recordStart)
        }
        guard capacity - end < room else { return }
        let grown = max(capacity * 2, kept + room)
        let larger = UnsafeMutableRawPointer.allocate(
            byteCount: grown + Self.padding, alignment: 16)
        larger.initializeMemory(as: UInt8.self, repeating: 0, count: grown + Self.padding)
        larger.copyMemory(from: storage, byteCount: kept)
        storage.deallocate()
        storage = larger
        capacity = grown
    }

    private mutating func shift(by count: Int) {
        dropped += count
        end -= count
        cursor -= count
        fieldStart -= count
        write -= count
        opening -= count
        recordStart -= count
    }
}

extension CSVReader {
    static let quote = UInt8(ascii: "\"")

    @inline(__always)
    static func endsLine(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
    }
}
