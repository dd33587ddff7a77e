/// A container of Office's older kind, of our own making: sectors of 512 bytes, small ones of 64.
struct CompoundMaker {
    static let free = 0xffff_ffff
    static let endOfChain = 0xffff_fffe

    struct Entry {
        var name: String
        /// 1 for a folder, 2 for a stream, 5 for the root.
        var kind: UInt8 = 2
        var content: [UInt8] = []
        var left = free
        var right = free
        var child = free
        /// What the directory says, where that is not the truth.
        var claimedLength: Int?
    }

    /// The root comes first; the rest are its own unless they say otherwise.
    var entries = [Entry(name: "Root Entry", kind: 5, child: 1)]
    /// Changes the table of sectors before it is written.
    var changeTable: (inout [Int]) -> Void = { _ in }

    init(_ streams: [(name: String, content: [UInt8])]) {
        for (index, stream) in streams.enumerated() {
            entries.append(
                Entry(
                    name: stream.name, content: stream.content,
                    right: index + 1 < streams.count ? index + 2 : Self.free))
        }
    }

    var bytes: [UInt8] {
        var sectors: [[UInt8]] = []
        var table: [Int] = []
        /// Puts content into sectors that follow each other, and gives the first.
        func place(_ content: [UInt8]) -> Int {
            guard !content.isEmpty else { return Self.endOfChain }
            let first = sectors.count
            for start in stride(from: 0, to: content.count, by: 512) {
                let piece = content[start..<min(start + 512, content.count)]
                sectors.append(Array(piece) + [UInt8](repeating: 0, count: 512 - piece.count))
                table.append(sectors.count)
            }
            table[table.count - 1] = Self.endOfChain
            return first
        }

        var small: [UInt8] = []
        var smallTable: [UInt8] = []
        var starts: [Int] = []
        for entry in entries {
            guard entry.kind == 2, entry.content.count < 4096 else {
                starts.append(entry.kind == 2 ? place(entry.content) : Self.endOfChain)
                continue
            }
            let first = small.count / 64
            starts.append(entry.content.isEmpty ? Self.endOfChain : first)
            small += entry.content
            small += [UInt8](repeating: 0, count: (64 - small.count % 64) % 64)
            let end = small.count / 64
            for number in first..<end {
                smallTable.put32(number + 1 < end ? number + 1 : Self.endOfChain)
            }
        }
        starts[0] = place(small)
        while smallTable.count % 512 != 0 { smallTable.put32(Self.free) }
        let smallTableStart = place(smallTable)

        var directory: [UInt8] = []
        for (entry, start) in zip(entries, starts) {
            let length = entry.kind == 5 ? small.count : entry.content.count
            directory += Self.record(entry, start: start, length: entry.claimedLength ?? length)
        }
        let directoryStart = place(directory)

        let tableStart = sectors.count
        var tableSectors = 1
        var listSectors = 0
        while (sectors.count + tableSectors + listSectors) * 4 > tableSectors * 512 {
            tableSectors += 1
            listSectors = max(0, tableSectors - Self.listedInHeader + 126) / 127
        }
        table += Array(repeating: 0xffff_fffd, count: tableSectors)
        table += Array(repeating: 0xffff_fffc, count: listSectors)
        changeTable(&table)
        var raw: [UInt8] = []
        for next in table { raw.put32(next) }
        while raw.count < tableSectors * 512 { raw.put32(Self.free) }
        let tableEnd = tableStart + tableSectors
        for list in 0..<listSectors {
            for place in 0..<127 {
                let sector = tableStart + Self.listedInHeader + 127 * list + place
                raw.put32(sector < tableEnd ? sector : Self.free)
            }
            raw.put32(list + 1 < listSectors ? tableEnd + list + 1 : Self.endOfChain)
        }
        return Self.header(
            tableStart..<tableEnd, directoryStart, smallTableStart, listSectors: listSectors)
            + sectors.joined() + raw
    }

    /// So many sectors of the table are named in the header, the rest in lists.
    private static let listedInHeader = 109

    private static func record(_ entry: Entry, start: Int, length: Int) -> [UInt8] {
        var record: [UInt8] = []
        for unit in entry.name.utf16 { record.put16(Int(unit)) }
        record += [UInt8](repeating: 0, count: 64 - record.count)
        record.put16(2 * entry.name.utf16.count + 2)
        record += [entry.kind, 1]
        for link in [entry.left, entry.right, entry.child] { record.put32(link) }
        record += [UInt8](repeating: 0, count: 36)
        record.put32(start)
        record.put32(length)
        record.put32(0)
        return record
    }

    private static func header(
        _ table: Range<Int>, _ directoryStart: Int, _ smallTableStart: Int, listSectors: Int
    ) -> [UInt8] {
        var header: [UInt8] = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]
        header += [UInt8](repeating: 0, count: 16)
        for number in [0x3e, 3, 0xfffe, 9, 6, 0, 0, 0] { header.put16(number) }
        for number in [0, table.count, directoryStart, 0, 4096] { header.put32(number) }
        let list = listSectors > 0 ? table.upperBound : endOfChain
        for number in [smallTableStart, 1, list, listSectors] { header.put32(number) }
        for place in 0..<listedInHeader {
            header.put32(place < table.count ? table.lowerBound + place : free)
        }
        return header
    }
}
