/// Unicode's composed form, NFC, in which texts that mean the same characters are the same bytes.
///
/// Text from macOS spells Hangul and accents in parts: it looks like any other and compares as
/// different. Rule: UAX #15, section 1.3; the Unicode Standard, section 3.12.
public enum CanonicalForm {
    /// Whether the bytes are in that form for certain: ASCII, Latin letters, CJK ideographs and
    /// Hangul syllables, which nearly all text is made of.
    ///
    /// False says nothing; only all of the rules would.
    static func isPlain(_ text: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        while index < text.count {
            switch text[index] {
            case 0..<0x80: index += 1
            case 0xc2...0xcb: index += 2
            case 0xe4...0xe9, 0xeb, 0xec: index += 3
            case 0xea, 0xed:
                guard index + 1 < text.count else { return false }
                // U+AC00 and above; below U+D780.
                guard text[index] == 0xea ? text[index + 1] >= 0xb0 : text[index + 1] <= 0x9d
                else { return false }
                index += 3
            default: return false
            }
        }
        return true
    }

    /// The text in that form.
    public static func of(_ text: String) -> String {
        var text = text
        if text.withUTF8({ isPlain(UnsafeRawBufferPointer($0)) }) { return text }
        var scalars: [UInt32] = []
        for scalar in text.unicodeScalars { decompose(scalar.value, into: &scalars) }
        order(&scalars)
        var composed = String.UnicodeScalarView()
        for value in compose(scalars) { Unicode.Scalar(value).map { composed.append($0) } }
        return String(composed)
    }

    // MARK: - Taking apart

    private static func decompose(_ value: UInt32, into scalars: inout [UInt32]) {
        if let parts = Hangul.parts(of: value) {
            scalars += parts
        } else if let (first, second) = CanonicalTable.shared.parts[value] {
            // A first part may have parts itself; Unicode's chains are short.
            decompose(first, into: &scalars)
            if second != 0 { scalars.append(second) }
        } else {
            scalars.append(value)
        }
    }

    /// Puts marks behind one letter into the one order in which they are compared.
    private static func order(_ scalars: inout [UInt32]) {
        var start = 0
        while start < scalars.count {
            guard rank(scalars[start]) > 0 else {
                start += 1
                continue
            }
            var end = start
            while end < scalars.count, rank(scalars[end]) > 0 { end += 1 }
            let marks = scalars[start..<end].enumerated().sorted {
                (rank($0.element), $0.offset) < (rank($1.element), $1.offset)
            }
            scalars.replaceSubrange(start..<end, with: marks.map(\.element))
            start = end
        }
    }

    private static func rank(_ value: UInt32) -> UInt8 {
        // No mark stands before U+0300.
        guard value >= 0x300 else { return 0 }
        return Unicode.Scalar(value)?.properties.canonicalCombiningClass.rawValue ?? 0
    }

    // MARK: - Putting together

    private static func compose(_ scalars: [UInt32]) -> [UInt32] {
        var composed: [UInt32] = []
        // Where the last letter stands, and the rank of what came last behind it.
        var starter: Int?
        var lastRank: UInt8 = 0
        for value in scalars {
            let rank = rank(value)
            if let starter {
                let isAdjacent = starter == composed.count - 1
                // A mark of the same rank, or a letter in between, stands in the way.
                let isReachable = isAdjacent || (lastRank < rank && lastRank != 0)
                if isReachable, let whole = whole(composed[starter], value) {
                    composed[starter] = whole
                    continue
                }
            }
            if rank == 0 { starter = composed.count }
            lastRank = rank
            composed.append(value)
        }
        return composed
    }

    private static func whole(_ first: UInt32, _ second: UInt32) -> UInt32? {
        Hangul.whole(first, second)
            ?? CanonicalTable.shared.wholes[UInt64(first) << 32 | UInt64(second)]
    }
}

/// Hangul syllables are computed. Rule: the Unicode Standard, section 3.12.
private enum Hangul {
    private static let leads: Range<UInt32> = 0x1100..<0x1113
    private static let vowels: Range<UInt32> = 0x1161..<0x1176
    /// The first stands for no tail at all, and is no character of the kind.
    private static let tails: Range<UInt32> = 0x11a7..<0x11c3
    private static let syllables: Range<UInt32> = 0xac00..<0xd7a4

    static func parts(of syllable: UInt32) -> [UInt32]? {
        guard syllables.contains(syllable) else { return nil }
        let index = syllable - syllables.lowerBound
        let tailCount = UInt32(tails.count)
        let (pair, tail) = index.quotientAndRemainder(dividingBy: tailCount)
        let (lead, vowel) = pair.quotientAndRemainder(dividingBy: UInt32(vowels.count))
        let parts = [leads.lowerBound + lead, vowels.lowerBound + vowel]
        return tail == 0 ? parts : parts + [tails.lowerBound + tail]
    }

    static func whole(_ first: UInt32, _ second: UInt32) -> UInt32? {
        let tailCount = UInt32(tails.count)
        if leads.contains(first), vowels.contains(second) {
            let pair =
                (first - leads.lowerBound) * UInt32(vowels.count) + second - vowels.lowerBound
            return syllables.lowerBound + pair * tailCount
        }
        guard syllables.contains(first), tails.contains(second), second > tails.lowerBound,
            (first - syllables.lowerBound).isMultiple(of: tailCount)
        else { return nil }
        return first + second - tails.lowerBound
    }
}

/// The pairs of ``CanonicalPairs``, both ways.
private struct CanonicalTable: Sendable {
    static let shared = CanonicalTable()

    private(set) var parts: [UInt32: (UInt32, UInt32)] = [:]
    /// By the first part, shifted by 32 bits, and the second.
    private(set) var wholes: [UInt64: UInt32] = [:]

    private init() {
        Self.read(CanonicalPairs.composing) { whole, first, second in
            parts[whole] = (first, second)
            wholes[UInt64(first) << 32 | UInt64(second)] = whole
        }
        Self.read(CanonicalPairs.apart) { whole, first, second in parts[whole] = (first, second) }
    }

    private static func read(_ text: StaticString, _ body: (UInt32, UInt32, UInt32) -> Void) {
        var values: [UInt32] = []
        var digits = 0
        var value: UInt32 = 0
        text.withUTF8Buffer { text in
            for byte in text where byte != UInt8(ascii: "\n") {
                value = value << 6 | UInt32(byte - UInt8(ascii: "0"))
                digits += 1
                guard digits == 3 else { continue }
                values.append(value)
                (digits, value) = (0, 0)
                guard values.count == 3 else { continue }
                body(values[0], values[1], values[2])
                values.removeAll(keepingCapacity: true)
            }
        }
    }
}
