/// An XLS of our own making: records as they are given, in a container.
struct XLSMaker {
    struct Sheet {
        var name: String
        var records: [UInt8]
        var visibility: UInt8 = 0
        var kind: UInt8 = 0
    }

    /// 0x0600 for Unicode, 0x0500 for bytes in a code page.
    var version = 0x0600
    var sheets: [Sheet] = []
    /// Records that stand before the list of sheets, and after it.
    var globals: [UInt8] = []
    var tail: [UInt8] = []
    var streamName = "Workbook"
    /// Nothing is added behind the last sheet, so that it lies in small sectors.
    var isSmall = false
    /// Changes where sheets are said to begin.
    var changePlaces: @Sendable (inout [Int]) -> Void = { _ in }

    init(_ records: [UInt8]...) {
        sheets = [Sheet(name: "Sheet1", records: records.flatMap { $0 })]
    }

    var stream: [UInt8] {
        var lists: [[UInt8]] = sheets.map { sheet in
            let name =
                version == 0x0600
                ? [UInt8(sheet.name.utf16.count), 1] + Self.wide(sheet.name)
                : [UInt8(sheet.name.utf8.count)] + Array(sheet.name.utf8)
            return Self.record(0x85, [0, 0, 0, 0, sheet.visibility, sheet.kind] + name)
        }
        let begin = Self.record(0x809, Self.words(version, 5, 0, 0))
        let end = Self.record(0x0a, [])
        let head = begin + globals
        let length = head.count + lists.joined().count + tail.count + end.count
        var bodies: [UInt8] = []
        var places: [Int] = []
        for index in sheets.indices {
            places.append(length + bodies.count)
            bodies += Self.record(0x809, Self.words(version, 0x10, 0, 0))
            bodies += sheets[index].records + end
        }
        changePlaces(&places)
        for (index, place) in places.enumerated() {
            var bytes: [UInt8] = []
            bytes.put32(place)
            lists[index].replaceSubrange(4..<8, with: bytes)
        }
        let stream = head + lists.joined() + tail + end + bodies
        return isSmall ? stream : stream + [UInt8](repeating: 0, count: 4096)
    }

    var bytes: [UInt8] { CompoundMaker([(streamName, stream)]).bytes }

    // MARK: - Records

    static func record(_ kind: Int, _ body: [UInt8]) -> [UInt8] { words(kind, body.count) + body }

    static func words(_ values: Int...) -> [UInt8] {
        var bytes: [UInt8] = []
        for value in values { bytes.put16(value) }
        return bytes
    }

    static func wide(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        for unit in text.utf16 { bytes.put16(Int(unit)) }
        return bytes
    }

    static func double(_ value: Double) -> [UInt8] {
        withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
    }

    static func number(_ row: Int, _ column: Int, _ value: Double, format: Int = 0) -> [UInt8] {
        record(0x203, words(row, column, format) + double(value))
    }

    static func shared(_ row: Int, _ column: Int, _ text: Int) -> [UInt8] {
        record(0xfd, words(row, column, 0, text, text >> 16))
    }

    /// A text in two bytes a character, where they are not told otherwise.
    static func label(_ row: Int, _ column: Int, _ text: String) -> [UInt8] {
        record(0x204, words(row, column, 0, text.utf16.count) + [1] + wide(text))
    }

    /// A number in 30 bits.
    static func packed(_ bits: UInt32) -> [UInt8] {
        withUnsafeBytes(of: bits.littleEndian) { Array($0) }
    }

    /// The table of shared texts, which goes on in further records wherever a piece ends.
    static func texts(count: Int, _ pieces: [UInt8]...) -> [UInt8] {
        var body: [UInt8] = []
        body.put32(count)
        body.put32(count)
        var records = record(0xfc, body + (pieces.first ?? []))
        for piece in pieces.dropFirst() { records += record(0x3c, piece) }
        return records
    }
}
