/// Reads bytes as UTF-8 and counts what is none.
///
/// Rule: Unicode Standard, section 3.9, table 3-7.
struct UTF8Walk: Sendable {
    /// How many bytes the character still wants, and how many it wanted behind its first.
    private var wanted = 0
    private var wantedAtFirst = 0
    /// The range of its next byte.
    private var lowest: UInt8 = 0x80
    private var highest: UInt8 = 0xbf

    /// Characters of more than one byte.
    private(set) var characterCount = 0
    /// Places at which the text is not UTF-8.
    private(set) var damageCount = 0

    var isBetweenCharacters: Bool { wanted == 0 }
    var isClean: Bool { damageCount == 0 && wanted == 0 }
    /// The text was cut off in its last character, and nothing else is wrong.
    ///
    /// A single byte at the end of what else is ASCII may be a letter of any other encoding.
    var isCleanButForItsEnd: Bool {
        damageCount == 0 && wanted > 0 && (characterCount > 0 || wanted < wantedAtFirst)
    }
    /// At most one place in a hundred characters: no other encoding would look like that by chance.
    var isHardlyDamaged: Bool { characterCount >= 100 * max(damageCount, 1) }

    mutating func append(_ byte: UInt8) {
        if wanted > 0 {
            if byte >= lowest && byte <= highest {
                wanted -= 1
                lowest = 0x80
                highest = 0xbf
                if wanted == 0 { characterCount += 1 }
                return
            }
            damageCount += 1
            wanted = 0
        }
        begin(byte)
    }

    /// Takes whole characters of three bytes, as Korean is made of, without a look at each state between.
    ///
    /// Returns how many bytes they were; zero where another kind of character stands or one is begun.
    mutating func takeThreeByteCharacters(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        guard wanted == 0 else { return 0 }
        var at = start
        // The leads on which the second byte has its full range.
        while at + 2 < bytes.count, bytes[at] >= 0xe1, bytes[at] <= 0xec,
            bytes[at + 1] & 0xc0 == 0x80, bytes[at + 2] & 0xc0 == 0x80
        {
            at += 3
        }
        characterCount += (at - start) / 3
        return at - start
    }

    private mutating func begin(_ byte: UInt8) {
        lowest = 0x80
        highest = 0xbf
        switch byte {
        case 0..<0x80: break
        case 0xc2...0xdf: wanted = 1
        case 0xe0...0xef:
            wanted = 2
            // Neither overlong forms nor surrogates.
            if byte == 0xe0 { lowest = 0xa0 }
            if byte == 0xed { highest = 0x9f }
        case 0xf0...0xf4:
            wanted = 3
            if byte == 0xf0 { lowest = 0x90 }
            if byte == 0xf4 { highest = 0x8f }
        default: damageCount += 1
        }
        wantedAtFirst = wanted
    }
}
