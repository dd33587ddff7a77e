/// The two-byte characters of CP949, all of the basic plane.
///
/// The cells of KS X 1001 are on file; Hangul syllables that it lacks fill the remaining ones in
/// Unicode's order.
struct CP949Table: Sendable {
    static let shared = CP949Table()

    private static let trailCount = 256
    /// By lead byte, from 0x80 on, and trail byte; zero where nothing is assigned.
    private let characters: [UInt16]

    /// The character of a pair, `lead` being 0x80 or more; zero for none.
    @inline(__always)
    func character(_ lead: UInt8, _ trail: UInt8) -> UInt16 {
        characters[(Int(lead) - 0x80) * Self.trailCount + Int(trail)]
    }

    private init() {
        var table = [UInt16](repeating: 0, count: 128 * Self.trailCount)
        var isStandard = [Bool](repeating: false, count: 0x10000)
        for (cell, character) in Self.standardCells().enumerated() where character != 0 {
            let (row, column) = cell.quotientAndRemainder(dividingBy: 94)
            table[(row + 0x21) * Self.trailCount + column + 0xa1] = character
            isStandard[Int(character)] = true
        }
        var beyond = (UInt16(0xac00)...0xd7a3).lazy.filter { !isStandard[Int($0)] }.makeIterator()
        for lead in 0x81...0xc6 {
            let lastTrail = lead <= 0xa0 ? 0xfe : 0xa0
            for trails in [0x41...0x5a, 0x61...0x7a, 0x81...lastTrail] {
                for trail in trails {
                    guard let character = beyond.next() else { break }
                    table[(lead - 0x80) * Self.trailCount + trail] = character
                }
            }
        }
        characters = table
    }

    /// Decodes ``CP949Cells``: three digits a cell.
    private static func standardCells() -> [UInt16] {
        var cells: [UInt16] = []
        cells.reserveCapacity(94 * 94)
        var digits = 0
        var value: UInt32 = 0
        CP949Cells.text.withUTF8Buffer { text in
            for byte in text where byte != UInt8(ascii: "\n") {
                value = value << 6 | UInt32(byte - UInt8(ascii: "0"))
                digits += 1
                if digits == 3 {
                    cells.append(UInt16(truncatingIfNeeded: value))
                    digits = 0
                    value = 0
                }
            }
        }
        return cells
    }
}
