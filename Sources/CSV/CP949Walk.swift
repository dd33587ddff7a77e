/// Reads bytes as CP949 and looks for Korean among them.
///
/// Much that is not Korean is valid CP949 by chance: Latin words whose accented letter is followed
/// by another letter, Japanese and Chinese in encodings of the same shape. So validity alone proves
/// nothing.
struct CP949Walk: Sendable {
    /// Whether all pairs so far are assigned; what is not valid need not be walked on.
    private(set) var isValid = true
    private var lead: UInt8?
    /// The byte before the pair at hand, and whether the pair before this byte awaits its
    /// neighbour.
    private var last: UInt8 = 0
    private var awaitsNeighbour = false

    /// Pairs that are letters of some script.
    private var letters = 0
    /// Syllables of KS X 1001, and those that only CP949 has.
    private var syllables = 0
    private var extensions = 0
    /// Extension pairs with an ASCII letter beside them.
    private var extensionsInWords = 0
    /// Extension pairs that would be kana in Shift JIS.
    private var kana = 0

    /// Whether an ASCII word may be passed without looking at each byte.
    var isBetweenCharacters: Bool { lead == nil }

    /// A text of CP949 with Korean in it.
    ///
    /// Hangul are four fifths of the letters or more. Where most of it is made of extension pairs,
    /// which are rare in Korean, few of them may stand in Latin words, and few may be kana.
    var isKorean: Bool {
        let hangul = syllables + extensions
        guard isValid, hangul > 0, hangul * 5 >= letters * 4 else { return false }
        guard extensions > syllables else { return true }
        return extensionsInWords * 5 < extensions && kana * 2 < extensions
    }

    /// Takes a run of ASCII of which only its first and last byte matter.
    mutating func passASCII(last byte: UInt8, first: UInt8) {
        settleNeighbour(first)
        last = byte
    }

    mutating func append(_ byte: UInt8) {
        guard isValid else { return }
        if let begun = lead {
            lead = nil
            take(begun, byte)
            return
        }
        settleNeighbour(byte)
        if byte >= 0x80 {
            lead = byte
        } else {
            last = byte
        }
    }

    private mutating func take(_ lead: UInt8, _ trail: UInt8) {
        guard CP949Table.shared.character(lead, trail) != 0 else {
            isValid = false
            return
        }
        if trail < 0xa1 || lead < 0xa1 {
            letters += 1
            extensions += 1
            if Self.isLetter(last) { extensionsInWords += 1 } else { awaitsNeighbour = true }
            if (lead == 0x82 && trail >= 0x9f) || (lead == 0x83 && trail <= 0x96) { kana += 1 }
        } else {
            switch lead {
            case 0xb0...0xc8:
                letters += 1
                syllables += 1
            // Jamo, Latin and Greek, kana, Cyrillic, Hanja; the rest are signs.
            case 0xa4, 0xa5, 0xaa...0xac, 0xca...0xfd: letters += 1
            default: break
            }
        }
        last = 0
    }

    private mutating func settleNeighbour(_ next: UInt8) {
        if awaitsNeighbour, Self.isLetter(next) { extensionsInWords += 1 }
        awaitsNeighbour = false
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "z")
    }
}
