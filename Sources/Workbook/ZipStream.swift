import CWorkbook

/// Reads one file of an archive from its beginning to its end, unpacked.
///
/// What comes out is held against what the archive said of it: length and checksum.
final class ZipStream {
    private static let pieceLength = 64 << 10

    private let bytes: WorkbookBytes
    private let file: ZipArchive.File
    private let name: String
    private let limit: Int
    private let budget: UnpackingBudget
    private var place: Int
    private let end: Int
    private let start: Int
    private let input: UnsafeMutableRawBufferPointer
    /// What of the input waits to be unpacked.
    private var waiting = 0..<0
    private let inflater: UnsafeMutablePointer<z_stream>?
    private var checksum: UInt = 0
    private var produced = 0
    private var isAtEnd = false
    /// Whether zlib has seen the end of what was packed.
    private var hasEnded = false

    /// - Parameter limit: bytes that may come out.
    init(
        _ file: ZipArchive.File, name: String, in archive: ZipArchive, limit: Int,
        budget: UnpackingBudget
    ) throws(WorkbookError) {
        guard !file.isEncrypted else { throw .encrypted }
        guard file.method == 0 || file.method == 8 else {
            throw .damaged(attempt: "unpack \(name): method \(file.method)")
        }
        let attempt = "find \(name) in the archive"
        let header = try archive.bytes.bytes(at: file.offset, count: 30, attempt: attempt)
        guard header.starts(with: [0x50, 0x4b, 0x03, 0x04]) else {
            throw .damaged(attempt: attempt)
        }
        start = file.offset + 30 + header.u16(26) + header.u16(28)
        guard start <= archive.bytes.length, file.packedLength <= archive.bytes.length - start
        else { throw .damaged(attempt: attempt) }
        place = start
        end = start + file.packedLength
        bytes = archive.bytes
        self.file = file
        self.name = name
        self.limit = limit
        self.budget = budget
        inflater = file.method == 8 ? try Self.makeInflater() : nil
        input = .allocate(byteCount: Self.pieceLength, alignment: 16)
    }

    deinit {
        input.deallocate()
        guard let inflater else { return }
        inflateEnd(inflater)
        inflater.deallocate()
    }

    /// Packed bytes read so far, and all there are.
    var progress: (done: Int, total: Int) { (place - start, end - start) }

    /// Fills the buffer as far as there is anything left; returns how many bytes came.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(WorkbookError) -> Int {
        guard !isAtEnd else { return 0 }
        let count =
            if let inflater {
                try unpack(inflater, into: buffer)
            } else {
                try copy(into: buffer)
            }
        checksum = crc32(
            checksum, buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt32(count))
        produced += count
        guard produced <= limit, budget.take(count) else { throw .tooLarge(.unpacked) }
        if count < buffer.count {
            isAtEnd = true
            guard produced == file.length, Int(checksum) == file.checksum else {
                throw .damaged(attempt: "unpack \(name): length or checksum is another")
            }
        }
        return count
    }

    // MARK: - Unpacking

    private static func makeInflater() throws(WorkbookError) -> UnsafeMutablePointer<z_stream> {
        let inflater = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        inflater.initialize(to: z_stream())
        // Without a header of its own. Rule: zlib.h, `inflateInit2`.
        let code = inflateInit2_(
            inflater, -MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard code == Z_OK else {
            inflater.deallocate()
            throw .tooLarge(.unpacked)
        }
        return inflater
    }

    private func copy(
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(WorkbookError) -> Int {
        let wanted = min(buffer.count, end - place)
        let count = try bytes.read(
            at: place, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]))
        place += count
        return count
    }

    private func unpack(
        _ inflater: UnsafeMutablePointer<z_stream>, into buffer: UnsafeMutableRawBufferPointer
    ) throws(WorkbookError) -> Int {
        inflater.pointee.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
        inflater.pointee.avail_out = UInt32(buffer.count)
        while !hasEnded, inflater.pointee.avail_out > 0 {
            if waiting.isEmpty { try refill() }
            inflater.pointee.next_in = input.baseAddress?
                .assumingMemoryBound(to: UInt8.self).advanced(by: waiting.lowerBound)
            inflater.pointee.avail_in = UInt32(waiting.count)
            let code = inflate(inflater, Z_NO_FLUSH)
            waiting = (waiting.upperBound - Int(inflater.pointee.avail_in))..<waiting.upperBound
            hasEnded = code == Z_STREAM_END
            guard code == Z_OK || hasEnded else { throw .damaged(attempt: "unpack \(name)") }
        }
        return buffer.count - Int(inflater.pointee.avail_out)
    }

    /// Where nothing is left, zlib may still have the last of it; else it says that it lacks more.
    private func refill() throws(WorkbookError) {
        let wanted = min(input.count, end - place)
        let count = try bytes.read(
            at: place, into: UnsafeMutableRawBufferPointer(rebasing: input[..<wanted]))
        place += count
        waiting = 0..<count
    }
}

/// How many bytes may still be unpacked of a workbook.
final class UnpackingBudget {
    private var left: Int

    init(_ bytes: Int) { left = bytes }

    /// False once there is no room left.
    func take(_ count: Int) -> Bool {
        left -= count
        return left >= 0
    }
}
