/// Office's older container: a small file system of sectors in chains.
///
/// Chains are followed only as far as the file itself is long, so neither a loop nor a size that is
/// a lie costs more than the file. Rule: [MS-CFB], sections 2.2 to 2.6.
final class CompoundFile {
    static let signature: [UInt8] = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]

    /// Sectors of the largest file that is read: 2 GiB of the usual ones, whose table takes 16 MiB.
    private static let sectorLimit = 4 << 20
    private static let headerLength = 512
    private static let entryLength = 128
    /// Numbers from here on are marks and no sectors.
    private static let firstMark: UInt32 = 0xffff_fffa
    private static let endOfChain: UInt32 = 0xffff_fffe
    private static let noEntry = 0xffff_ffff
    /// Streams that are shorter lie in small sectors.
    private static let smallStreamLimit = 4096

    let bytes: WorkbookBytes
    private let sectorShift: Int
    /// Which sector follows each.
    private var table: [UInt32] = []
    private var smallTable: [UInt32] = []
    private var smallStreams: CompoundStream?
    /// Those of the names that anybody asks for.
    private var entries: [String: (start: UInt32, length: Int)] = [:]
    private static let wantedNames: Set = ["workbook", "book", "encryptedpackage"]

    init(_ bytes: WorkbookBytes) throws(WorkbookError) {
        let header = try bytes.bytes(
            at: 0, count: Self.headerLength, attempt: "read the container's header")
        sectorShift = header.u16(30)
        guard sectorShift == 9 || sectorShift == 12, header.u16(32) == 6 else {
            throw .damaged(attempt: "read the container's header: sizes that are not in use")
        }
        self.bytes = bytes
        guard sectorCount <= Self.sectorLimit else { throw .tooLarge(.unpacked) }
        try readTable(header)
        let directory = try stream(
            chain(from: UInt32(header.u32(48)), in: table), length: nil, shift: sectorShift)
        try readDirectory(directory, smallTableStart: UInt32(header.u32(60)))
    }

    /// The stream of this name in the outermost folder, whatever its case; nil where there is none.
    ///
    /// - Parameter name: `Workbook`, `Book` or `EncryptedPackage`.
    func stream(_ name: String) throws(WorkbookError) -> CompoundStream? {
        guard let entry = entries[name.lowercased()] else { return nil }
        if entry.length < Self.smallStreamLimit, let smallStreams {
            let chain = try chain(from: entry.start, in: smallTable)
            return CompoundStream(
                chain, shift: 6, origin: 0, length: try checked(entry.length, chain, 6)
            ) { offset, buffer throws(WorkbookError) in
                try smallStreams.read(at: offset, into: buffer)
            }
        }
        let chain = try chain(from: entry.start, in: table)
        return try stream(chain, length: entry.length, shift: sectorShift)
    }

    func has(_ name: String) -> Bool { entries[name.lowercased()] != nil }

    // MARK: - Sectors

    /// Sectors behind the header, which takes the room of one; the last may be cut.
    private var sectorCount: Int {
        max(0, (bytes.length - 1) >> sectorShift)
    }

    private func readTable(_ header: [UInt8]) throws(WorkbookError) {
        var next = UInt32(header.u32(68))
        var list = (0..<109).map { UInt32(header.u32(76 + 4 * $0)) }
        var listSectors = 0
        while true {
            for sector in list where sector < Self.firstMark {
                // What would tell of sectors behind the end of the file tells nothing.
                guard table.count < sectorCount else { return }
                table += try numbers(in: sector)
            }
            guard next < Self.firstMark, listSectors <= sectorCount else { return }
            list = try numbers(in: next)
            next = list.removeLast()
            listSectors += 1
        }
    }

    private func numbers(in sector: UInt32) throws(WorkbookError) -> [UInt32] {
        let length = 1 << sectorShift
        guard Int(sector) < sectorCount else {
            throw .damaged(attempt: "read the container's table: no such sector")
        }
        let raw = try bytes.bytes(
            at: (Int(sector) + 1) << sectorShift, count: length,
            attempt: "read the container's table")
        return (0..<(length / 4)).map { UInt32(raw.u32(4 * $0)) }
    }

    private func chain(
        from start: UInt32, in table: [UInt32]
    ) throws(WorkbookError) -> [UInt32] {
        var chain: [UInt32] = []
        var sector = start
        while sector < Self.firstMark {
            guard Int(sector) < table.count, chain.count < table.count else {
                throw .damaged(attempt: "follow a chain of sectors")
            }
            chain.append(sector)
            sector = table[Int(sector)]
        }
        guard sector == Self.endOfChain || chain.isEmpty else {
            throw .damaged(attempt: "follow a chain of sectors: it does not end")
        }
        return chain
    }

    private func stream(
        _ chain: [UInt32], length: Int?, shift: Int
    ) throws(WorkbookError) -> CompoundStream {
        let bytes = bytes
        let length = try length.map { length throws(WorkbookError) in
            try checked(length, chain, shift)
        }
        return CompoundStream(
            chain, shift: shift, origin: 1 << shift, length: length ?? chain.count << shift
        ) { offset, buffer throws(WorkbookError) in try bytes.read(at: offset, into: buffer) }
    }

    private func checked(
        _ length: Int, _ chain: [UInt32], _ shift: Int
    ) throws(WorkbookError) -> Int {
        guard length <= chain.count << shift else {
            throw .damaged(attempt: "open a stream: it is shorter than it says")
        }
        return length
    }

    // MARK: - The directory

    private func readDirectory(
        _ directory: CompoundStream, smallTableStart: UInt32
    ) throws(WorkbookError) {
        let root = try entry(0, in: directory)
        smallStreams = try stream(
            chain(from: UInt32(root.u32(116)), in: table), length: nil, shift: sectorShift)
        for sector in try chain(from: smallTableStart, in: table) {
            smallTable += try numbers(in: sector)
        }
        let entryCount = directory.length / Self.entryLength
        var isSeen = [Bool](repeating: false, count: entryCount)
        var waiting = [root.u32(76)]
        // What stands in inner folders belongs to documents within the document.
        while let next = waiting.popLast() {
            guard next != Self.noEntry else { continue }
            guard next < entryCount, !isSeen[next] else {
                throw .damaged(attempt: "read the container's directory: it goes in circles")
            }
            isSeen[next] = true
            let entry = try entry(next, in: directory)
            waiting += [entry.u32(68), entry.u32(72)]
            guard entry[66] == 2 else { continue }
            let nameLength = max(0, min(64, entry.u16(64)) / 2 - 1)
            let units = (0..<nameLength).map { UInt16(entry.u16(2 * $0)) }
            let name = String(decoding: units, as: UTF16.self).lowercased()
            guard Self.wantedNames.contains(name) else { continue }
            // The upper half of a length is not to be relied on where sectors are small.
            entries[name] = (UInt32(entry.u32(116)), entry.u32(120))
        }
    }

    private func entry(
        _ number: Int, in directory: CompoundStream
    ) throws(WorkbookError) -> [UInt8] {
        var entry = [UInt8](repeating: 0, count: Self.entryLength)
        let count = try entry.withUnsafeMutableBufferPointer { buffer throws(WorkbookError) in
            try directory.read(
                at: number * Self.entryLength, into: UnsafeMutableRawBufferPointer(buffer))
        }
        guard count == Self.entryLength else {
            throw .damaged(attempt: "read the container's directory")
        }
        return entry
    }
}

/// A stream of a container, read by place.
final class CompoundStream {
    typealias Source = (Int, UnsafeMutableRawBufferPointer) throws(WorkbookError) -> Int

    /// Bytes.
    let length: Int
    private let chain: [UInt32]
    private let shift: Int
    private let origin: Int
    private let source: Source

    /// - Parameters:
    ///   - origin: where the source's first sector begins.
    ///   - length: at most as long as the chain.
    init(_ chain: [UInt32], shift: Int, origin: Int, length: Int, source: @escaping Source) {
        self.chain = chain
        self.shift = shift
        self.origin = origin
        self.length = length
        self.source = source
    }

    /// Fills the buffer from a place on, as far as there are bytes; returns how many there were.
    func read(
        at offset: Int, into buffer: UnsafeMutableRawBufferPointer
    ) throws(WorkbookError) -> Int {
        guard offset >= 0, offset < length else { return 0 }
        let end = min(length, offset + buffer.count)
        var place = offset
        while place < end {
            // Sectors that follow each other in the file are read at once.
            let first = place >> shift
            var last = first
            while (last + 1) << shift < end, chain[last + 1] == chain[last] &+ 1 { last += 1 }
            let stop = min(end, (last + 1) << shift)
            let from = origin + Int(chain[first]) << shift + (place - first << shift)
            let piece = UnsafeMutableRawBufferPointer(
                rebasing: buffer[(place - offset)..<(stop - offset)])
            let count = try source(from, piece)
            guard count == piece.count else {
                throw .damaged(attempt: "read a stream: the file ends too early")
            }
            place = stop
        }
        return end - offset
    }
}
