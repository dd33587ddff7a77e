/// Reads bytes as CP949 and looks for Korean among them.
///
/// Much that is not Korean is valid CP949 by chance: Latin words whose accented letter is followed
/// by another letter, Japanese and Chinese in encodings of the same shape. So validity alone proves
/// nothing.
struct CP949Walk: Sendable {
    /// Damage from which on it is asked whether the walk is worth its while.
    private static let patience = 32

    /// Whether the text is so far from CP949 that it need not be walked on.
    private(set) var isHopeless = false
    private var lead: UInt8?
    /// Pairs that are not assigned, and leads before what is no second byte.
    private var damageCount = 0
    /// The byte before the pair at hand.
    private var last: UInt8 = 0
    /// What the pair before this byte will be if an ASCII letter follows.
    private var awaited: Neighbour?

    /// Pairs that are letters of some script.
    private var letters = 0
    /// Syllables of KS X 1001, and those that only CP949 has.
    private var syllables = 0
    private var extensions = 0
    /// Syllables with an ASCII letter on both sides: `I팀` is Korean, `CONCEIÇÃO` is not.
    private var syllablesInWords = 0
    /// Extension pairs with an ASCII letter beside them, or that may be a sign and a letter.
    private var extensionsInWords = 0
    /// Extension pairs that would be kana in Shift JIS.
    private var kana = 0

    private enum Neighbour {
        case syllable, extensionPair
        /// An extension pair with ASCII before it that would be a sign and a letter in Windows-1252.
        case lonePair
    }

    /// Whether an ASCII word may be passed without looking at each byte.
    var isBetweenCharacters: Bool { lead == nil }

    /// A text of CP949 with Korean in it and no damage, though its last character may be cut off.
    var isKorean: Bool { damageCount == 0 && hasKorean }

    /// The same with damage at no more than one place in a hundred letters: names that a program
    /// has cut to so many bytes, for one.
    var isHardlyDamagedKorean: Bool {
        !isHopeless && letters >= 100 * max(damageCount, 1) && hasKorean
    }

    /// Hangul are four fifths of the letters or more, and most do not stand in Latin words. Where
    /// most of it is made of extension pairs, which are rare in Korean, few of them may stand
    /// there, and few may be kana.
    private var hasKorean: Bool {
        let hangul = syllables + extensions
        let inWords = syllablesInWords + extensionsInWords
        guard hangul > 0, hangul * 5 >= letters * 4, inWords * 2 < hangul else { return false }
        guard extensions > syllables else { return true }
        return extensionsInWords * 5 < extensions && kana * 2 < extensions
    }

    /// Takes a run of ASCII of which only its first and last byte matter.
    mutating func passASCII(last byte: UInt8, first: UInt8) {
        settleNeighbour(first)
        last = byte
    }

    mutating func append(_ byte: UInt8) {
        guard !isHopeless else { return }
        if let begun = lead {
            lead = nil
            guard take(begun, byte) else { return damage(before: byte) }
            return
        }
        settleNeighbour(byte)
        if byte >= 0x80 {
            lead = byte
        } else {
            last = byte
        }
    }

    /// Steps over a pair that is none, as ``UTF8Sink`` does: a second byte in ASCII is a character
    /// of its own.
    private mutating func damage(before trail: UInt8) {
        damageCount += 1
        isHopeless = damageCount >= Self.patience && letters < 10 * damageCount
        last = trail < 0x80 ? trail : 0
    }

    /// Takes a pair; false where it is not assigned.
    private mutating func take(_ lead: UInt8, _ trail: UInt8) -> Bool {
        guard CP949Table.shared.character(lead, trail) != 0 else { return false }
        if trail < 0xa1 || lead < 0xa1 {
            letters += 1
            extensions += 1
            if Self.isLetter(last) {
                extensionsInWords += 1
            } else {
                // Beside ASCII this may be `°C` or `µm`.
                let isSignAndLetter = lead >= 0xa1 && lead <= 0xbf && trail < 0x80
                awaited = isSignAndLetter && last != 0 ? .lonePair : .extensionPair
            }
            if (lead == 0x82 && trail >= 0x9f) || (lead == 0x83 && trail <= 0x96) { kana += 1 }
        } else {
            switch lead {
            case 0xb0...0xc8:
                letters += 1
                syllables += 1
                if Self.isLetter(last) { awaited = .syllable }
            // Jamo, Latin and Greek, kana, Cyrillic, Hanja; the rest are signs.
            case 0xa4, 0xa5, 0xaa...0xac, 0xca...0xfd: letters += 1
            default: break
            }
        }
        last = 0
        return true
    }

    private mutating func settleNeighbour(_ next: UInt8) {
        guard let pair = awaited else { return }
        awaited = nil
        switch pair {
        case .syllable where Self.isLetter(next): syllablesInWords += 1
        case .extensionPair where Self.isLetter(next): extensionsInWords += 1
        case .lonePair where next < 0x80: extensionsInWords += 1
        case .syllable, .extensionPair, .lonePair: break
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "z")
    }
}
