/// Reads the records of an XLS one by one.
///
/// Rule: [MS-XLS], section 2.1.4.
final class BIFFReader {
    /// A record has at most 64 KiB, whatever it says.
    private static let windowLength = 256 << 10
    /// How much is read at a place that was jumped to: mostly one cell is wanted there, and cells that
    /// are out of order are jumped to one by one.
    private static let jumpLength = 1024
    /// How many times as much is read each time that reading goes on.
    private static let growth = 4
    static let headerLength = 4

    private let stream: CompoundStream
    private let window: UnsafeMutableRawBufferPointer
    /// Where the window begins in the stream, and how much of it is filled.
    private var windowStart = 0
    private var filled = 0
    /// Where the next record begins.
    private(set) var place = 0

    init(_ stream: CompoundStream) {
        self.stream = stream
        window = .allocate(byteCount: Self.windowLength, alignment: 16)
    }

    deinit { window.deallocate() }

    var length: Int { stream.length }

    func seek(to place: Int) { self.place = place }

    /// The next record, valid until another is read; nil at the end of the stream.
    func next() throws(WorkbookError) -> BIFFRecord? {
        guard try has(Self.headerLength) else { return nil }
        let head = window.baseAddress.unsafelyUnwrapped + (place - windowStart)
        let kind = head.loadUnaligned(as: UInt16.self).littleEndian
        let length = Int(head.loadUnaligned(fromByteOffset: 2, as: UInt16.self).littleEndian)
        guard try has(Self.headerLength + length) else {
            throw .damaged(attempt: "read the record at \(place): it is cut short")
        }
        let start = place - windowStart + Self.headerLength
        let record = BIFFRecord(
            kind: kind, place: place,
            body: UnsafeRawBufferPointer(rebasing: window[start..<(start + length)]))
        place += Self.headerLength + length
        return record
    }

    /// The next record where it is of this kind; else it waits.
    func next(ifOf kind: UInt16) throws(WorkbookError) -> BIFFRecord? {
        let start = place
        if let record = try next(), record.kind == kind { return record }
        place = start
        return nil
    }

    /// Sees that so many bytes from the place on are in the window.
    private func has(_ count: Int) throws(WorkbookError) -> Bool {
        guard place >= 0, place <= length - count else { return false }
        if place >= windowStart, place + count <= windowStart + filled { return true }
        let goesOn = place >= windowStart && place <= windowStart + filled
        // Grown step by step: a record that is longer than a jump reads costs no whole window.
        let wanted = min(
            window.count, max(count, Self.jumpLength, goesOn ? Self.growth * filled : 0))
        windowStart = place
        filled = 0
        filled = try stream.read(
            at: place, into: UnsafeMutableRawBufferPointer(rebasing: window[..<wanted]))
        return filled >= count
    }
}

/// One record: its kind and its bytes.
struct BIFFRecord {
    static let fileBegin: UInt16 = 0x0809
    static let end: UInt16 = 0x000a
    static let filePass: UInt16 = 0x002f
    static let codePage: UInt16 = 0x0042
    static let dateMode: UInt16 = 0x0022
    static let sheet: UInt16 = 0x0085
    static let format: UInt16 = 0x041e
    static let cellFormat: UInt16 = 0x00e0
    static let sharedTexts: UInt16 = 0x00fc
    static let more: UInt16 = 0x003c
    static let sharedText: UInt16 = 0x00fd
    static let label: UInt16 = 0x0204
    static let richLabel: UInt16 = 0x00d6
    static let number: UInt16 = 0x0203
    static let packedNumber: UInt16 = 0x027e
    static let packedNumbers: UInt16 = 0x00bd
    static let formula: UInt16 = 0x0006
    static let formulaText: UInt16 = 0x0207
    static let boolean: UInt16 = 0x0205

    let kind: UInt16
    let place: Int
    let body: UnsafeRawBufferPointer

    /// Whether it puts something into a cell; all such begin with row and column.
    var isCell: Bool {
        switch kind {
        case Self.sharedText, Self.label, Self.richLabel, Self.number, Self.packedNumber,
            Self.packedNumbers, Self.formula, Self.boolean:
            true
        default: false
        }
    }

    func u8(_ offset: Int) throws(WorkbookError) -> Int {
        guard offset < body.count else { throw tooShort }
        return Int(body[offset])
    }

    func u16(_ offset: Int) throws(WorkbookError) -> Int {
        guard offset + 2 <= body.count else { throw tooShort }
        return Int(body.loadUnaligned(fromByteOffset: offset, as: UInt16.self).littleEndian)
    }

    func u32(_ offset: Int) throws(WorkbookError) -> Int {
        guard offset + 4 <= body.count else { throw tooShort }
        return Int(body.loadUnaligned(fromByteOffset: offset, as: UInt32.self).littleEndian)
    }

    func double(_ offset: Int) throws(WorkbookError) -> Double {
        guard offset + 8 <= body.count else { throw tooShort }
        let bits = body.loadUnaligned(fromByteOffset: offset, as: UInt64.self).littleEndian
        return Double(bitPattern: bits)
    }

    /// A number in 30 bits: whole or the upper half of a double, perhaps a hundredfold.
    ///
    /// Rule: [MS-XLS], section 2.5.217.
    func packedDouble(_ offset: Int) throws(WorkbookError) -> Double {
        let bits = UInt32(truncatingIfNeeded: try u32(offset))
        let value =
            bits & 2 != 0
            ? Double(Int32(bitPattern: bits) >> 2)
            : Double(bitPattern: UInt64(bits & ~3) << 32)
        return bits & 1 != 0 ? value / 100 : value
    }

    private var tooShort: WorkbookError {
        .damaged(attempt: "read the record at \(place): it is too short")
    }
}
