/// Names for the columns of a table that goes by no schema.
///
/// Rule: docs/formats.md, "Inferred tables".
public enum ColumnNames {
    /// Scalar values of a name; a header may be a whole paragraph.
    static let lengthLimit = 100
    /// Names that the database gives columns of its own.
    static let reserved = ["_row"]

    /// Names for `width` columns: safe, distinct without regard to case, and like the header's
    /// where it has any.
    ///
    /// Letters, digits and `_` of any script are kept, all else becomes `_`; what has no letter and
    /// no digit is named `column_N` by its place, counted from one; a name that is taken gets `_2`,
    /// `_3` ….
    public static func safe(_ header: [String], width: Int) -> [String] {
        var taken = Set(reserved)
        var nextSuffix: [String: Int] = [:]
        return (0..<width).map { place in
            let name = safe(place < header.count ? header[place] : "", place: place)
            let key = name.lowercased()
            var distinct = name
            var suffix = nextSuffix[key] ?? 2
            while !taken.insert(distinct.lowercased()).inserted {
                distinct = "\(name)_\(suffix)"
                suffix += 1
            }
            nextSuffix[key] = suffix
            return distinct
        }
    }

    private static func safe(_ name: String, place: Int) -> String {
        var kept = String.UnicodeScalarView()
        var isTelling = false
        for scalar in name.trimmingWhitespace().unicodeScalars.prefix(lengthLimit) {
            switch scalar.properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter,
                .otherLetter,
                .decimalNumber, .letterNumber, .otherNumber:
                isTelling = true
                kept.append(scalar)
            // Vowel signs of many scripts, and accents that stand apart from their letter.
            case .nonspacingMark, .spacingMark, .enclosingMark:
                kept.append(scalar)
            default:
                kept.append("_")
            }
        }
        return isTelling ? String(kept) : "column_\(place + 1)"
    }
}
