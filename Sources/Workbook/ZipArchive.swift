/// Where the files of a ZIP archive lie: as much of the format as workbooks need.
///
/// Sizes and places are what the archive says; whoever reads a file finds out whether they are true.
/// Rule: APPNOTE.TXT 6.3.10, sections 4.3.12 to 4.3.16 and 4.5.3.
struct ZipArchive {
    struct File {
        /// 0 for stored, 8 for deflated.
        var method: Int
        var checksum: Int
        var packedLength: Int
        var length: Int
        /// Where its own header begins.
        var offset: Int
        var isEncrypted: Bool
    }

    private static let attempt = "read archive's directory"
    private static let endLength = 22
    private static let locatorLength = 20
    /// An archive may end with a comment.
    private static let commentLimit = 0xffff
    private static let entryLength = 46
    /// How much of the directory is read at once; an entry takes at most four times 64 KiB.
    private static let pieceLength = 256 << 10

    let bytes: WorkbookBytes
    private var files: [String: File] = [:]

    init(_ bytes: WorkbookBytes) throws(WorkbookError) {
        self.bytes = bytes
        let (start, end) = try Self.directory(of: bytes)
        try readDirectory(from: start, to: end)
    }

    /// Names are compared without regard to case, as Excel does it.
    subscript(name: String) -> File? { files[name.lowercased()] }

    // MARK: - The end of the archive

    private static func directory(
        of bytes: WorkbookBytes
    ) throws(WorkbookError) -> (start: Int, end: Int) {
        let tailLength = min(bytes.length, endLength + commentLimit)
        let tailStart = bytes.length - tailLength
        let tail = try bytes.bytes(at: tailStart, count: tailLength, attempt: attempt)
        var place = tailLength - endLength
        while place >= 0 {
            if isSignature(tail, place, 0x05, 0x06),
                place + endLength + tail.u16(place + 20) <= tailLength
            {
                break
            }
            place -= 1
        }
        guard place >= 0 else { throw .damaged(attempt: "find the end of the archive") }
        var length = tail.u32(place + 12)
        var start = tail.u32(place + 16)
        if start == 0xffff_ffff || length == 0xffff_ffff || tail.u16(place + 10) == 0xffff {
            (start, length) = try largeDirectory(of: bytes, endAt: tailStart + place)
        }
        guard start <= bytes.length, length <= bytes.length - start else {
            throw .damaged(attempt: attempt)
        }
        return (start, start + length)
    }

    /// The same for an archive that is told in 64 bits.
    private static func largeDirectory(
        of bytes: WorkbookBytes, endAt end: Int
    ) throws(WorkbookError) -> (start: Int, length: Int) {
        let attempt = "read the archive's 64-bit end"
        guard end >= locatorLength else { throw .damaged(attempt: attempt) }
        let locator = try bytes.bytes(
            at: end - locatorLength, count: locatorLength, attempt: attempt)
        guard isSignature(locator, 0, 0x06, 0x07), let place = locator.u64(8) else {
            throw .damaged(attempt: attempt)
        }
        let record = try bytes.bytes(at: place, count: 56, attempt: attempt)
        guard isSignature(record, 0, 0x06, 0x06), let length = record.u64(40),
            let start = record.u64(48)
        else { throw .damaged(attempt: attempt) }
        return (start, length)
    }

    private static func isSignature(
        _ bytes: [UInt8], _ place: Int, _ third: UInt8, _ fourth: UInt8
    ) -> Bool {
        bytes[place] == 0x50 && bytes[place + 1] == 0x4b && bytes[place + 2] == third
            && bytes[place + 3] == fourth
    }

    // MARK: - The directory

    private mutating func readDirectory(from start: Int, to end: Int) throws(WorkbookError) {
        var pieceStart = start
        var piece: [UInt8] = []
        var place = start
        var nameBytes = 0
        while place + Self.entryLength <= end {
            var entry = place - pieceStart
            // An entry that does not lie in the piece as a whole begins the next one.
            let isHere = entry + Self.entryLength <= piece.count
            let length = isHere ? Self.length(piece, entry) : nil
            if length == nil || entry + (length ?? 0) > piece.count {
                pieceStart = place
                entry = 0
                piece = try bytes.bytes(
                    at: place, count: min(Self.pieceLength, end - place), attempt: Self.attempt)
            }
            let whole = Self.length(piece, entry)
            guard Self.isSignature(piece, entry, 0x01, 0x02), entry + whole <= piece.count else {
                throw .damaged(attempt: Self.attempt)
            }
            nameBytes += piece.u16(entry + 28)
            guard files.count < WorkbookLimits.files, nameBytes <= WorkbookLimits.names else {
                throw .damaged(attempt: "\(Self.attempt): more files than a workbook has")
            }
            try add(piece[entry..<(entry + whole)])
            place += whole
        }
    }

    /// How long an entry is in the directory.
    private static func length(_ piece: [UInt8], _ entry: Int) -> Int {
        entryLength + piece.u16(entry + 28) + piece.u16(entry + 30) + piece.u16(entry + 32)
    }

    private mutating func add(_ slice: ArraySlice<UInt8>) throws(WorkbookError) {
        let entry = Array(slice)
        var file = File(
            method: entry.u16(10), checksum: entry.u32(16), packedLength: entry.u32(20),
            length: entry.u32(24), offset: entry.u32(42), isEncrypted: entry.u16(8) & 1 != 0)
        let nameEnd = Self.entryLength + entry.u16(28)
        let extraEnd = nameEnd + entry.u16(30)
        try Self.widen(&file, by: Array(entry[nameEnd..<extraEnd]))
        let raw = entry[Self.entryLength..<nameEnd].map { $0 == UInt8(ascii: "\\") ? 0x2f : $0 }
        let name = String(decoding: raw, as: UTF8.self).lowercased()
        files[name.hasPrefix("/") ? String(name.dropFirst()) : name] = file
    }

    /// Takes what does not fit into 32 bits from the extra field.
    private static func widen(_ file: inout File, by extra: [UInt8]) throws(WorkbookError) {
        var place = 0
        while place + 4 <= extra.count {
            let end = place + 4 + extra.u16(place + 2)
            guard extra.u16(place) == 1 else {
                place = end
                continue
            }
            var next = place + 4
            for field in [\File.length, \.packedLength, \.offset]
            where file[keyPath: field] == 0xffff_ffff {
                guard next + 8 <= min(end, extra.count), let value = extra.u64(next) else {
                    throw .damaged(attempt: "read a file's 64-bit size in the archive")
                }
                file[keyPath: field] = value
                next += 8
            }
            return
        }
    }
}
