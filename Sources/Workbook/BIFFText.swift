import CSV

/// Reads texts from a record and from those that go on with it.
///
/// Where a text goes on in another record, that one tells anew whether its characters take one byte
/// or two. Rule: [MS-XLS], sections 2.5.293 and 2.4.58.
struct BIFFText {
    private let reader: BIFFReader
    private var rest: UnsafeRawBufferPointer
    /// The upper half of a pair whose lower one has not come.
    private var highHalf: UInt32?

    init(_ record: BIFFRecord, from offset: Int, in reader: BIFFReader) {
        self.reader = reader
        rest = UnsafeRawBufferPointer(rebasing: record.body.dropFirst(offset))
    }

    /// Whether anything is left in the record at hand or one that goes on with it.
    mutating func isAtEnd() throws(WorkbookError) -> Bool {
        while rest.isEmpty {
            guard let more = try reader.next(ifOf: BIFFRecord.more) else { return true }
            rest = more.body
        }
        return false
    }

    mutating func u8() throws(WorkbookError) -> Int {
        guard try !isAtEnd() else { throw .damaged(attempt: "read a text: it is cut short") }
        let byte = rest[0]
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst())
        return Int(byte)
    }

    mutating func u16() throws(WorkbookError) -> Int {
        let low = try u8()
        return low | (try u8()) << 8
    }

    mutating func u32() throws(WorkbookError) -> Int {
        let low = try u16()
        return low | (try u16()) << 16
    }

    /// Reads a text behind its count of characters, with what belongs to it and is not read.
    mutating func text(count: Int, into text: TextCollector) throws(WorkbookError) {
        text.begin()
        let flags = try u8()
        let runCount = flags & 0x08 != 0 ? try u16() : 0
        let spokenLength = flags & 0x04 != 0 ? try u32() : 0
        try characters(count, areWide: flags & 1 != 0, into: text)
        try skip(4 * runCount)
        try skip(spokenLength)
    }

    private mutating func characters(
        _ count: Int, areWide: Bool, into text: TextCollector
    ) throws(WorkbookError) {
        var left = count
        var areWide = areWide
        highHalf = nil
        while left > 0 {
            if rest.isEmpty {
                guard let more = try reader.next(ifOf: BIFFRecord.more) else {
                    throw .damaged(attempt: "read a text: it is cut short")
                }
                rest = more.body
                areWide = try u8() & 1 != 0
                continue
            }
            let width = areWide ? 2 : 1
            let here = min(left, rest.count / width)
            guard here > 0 else { throw .damaged(attempt: "read a text: half a character") }
            guard take(here, areWide: areWide, into: text) else {
                throw .tooLarge(.text)
            }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(here * width))
            left -= here
        }
        if highHalf != nil { _ = text.append("\u{fffd}") }
    }

    private mutating func take(_ count: Int, areWide: Bool, into text: TextCollector) -> Bool {
        let piece = UnsafeRawBufferPointer(rebasing: rest[..<(areWide ? 2 * count : count)])
        if !areWide, highHalf == nil, piece.allSatisfy({ $0 < 0x80 }) { return text.append(piece) }
        var hasRoom = true
        for place in 0..<count where hasRoom {
            let unit =
                areWide
                ? UInt32(piece[2 * place]) | UInt32(piece[2 * place + 1]) << 8
                : UInt32(piece[place])
            hasRoom = take(unit, into: text)
        }
        return hasRoom
    }

    private mutating func take(_ unit: UInt32, into text: TextCollector) -> Bool {
        if let high = highHalf {
            highHalf = nil
            if unit & 0xfc00 == 0xdc00 {
                let value = 0x10000 + (high & 0x3ff) << 10 + (unit & 0x3ff)
                return text.append(Unicode.Scalar(value) ?? "\u{fffd}")
            }
            guard text.append("\u{fffd}") else { return false }
        }
        if unit & 0xfc00 == 0xd800 {
            highHalf = unit
            return true
        }
        return text.append(Unicode.Scalar(unit) ?? "\u{fffd}")
    }

    private mutating func skip(_ count: Int) throws(WorkbookError) {
        var left = count
        while left > 0 {
            guard try !isAtEnd() else { throw .damaged(attempt: "read a text: it is cut short") }
            let here = min(left, rest.count)
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(here))
            left -= here
        }
    }
}

/// The encodings of texts in workbooks that are older than Unicode in them.
enum CodePage {
    /// Nil for one that is not known.
    static func encoding(_ number: Int) -> TextEncoding? {
        switch number {
        case 367, 1252, 0x8001: .windows1252
        case 949: .cp949
        case 1200: .utf16LittleEndian
        case 65001: .utf8
        default: nil
        }
    }

    /// Reads a text of single bytes.
    static func decode(
        _ bytes: UnsafeRawBufferPointer, _ encoding: TextEncoding, into text: TextCollector
    ) -> Bool {
        text.begin()
        if bytes.allSatisfy({ $0 < 0x80 }) { return text.append(bytes) }
        var transcoder = Transcoder(encoding)
        var output = [UInt8](repeating: 0, count: Transcoder.room(for: bytes.count))
        let count = output.withUnsafeMutableBytes {
            transcoder.transcode(bytes, isLast: true, into: $0)
        }
        return output.withUnsafeBytes {
            text.append(UnsafeRawBufferPointer(rebasing: $0[..<count]))
        }
    }
}
