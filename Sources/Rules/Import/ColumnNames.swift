/// Names for the columns of a table that goes by no schema: those that its table in the database
/// has.
///
/// Rule: docs/formats.md, "Inferred tables".
public enum ColumnNames {
    /// Characters of a name, as people count them; a header may be a whole paragraph.
    private static let lengthLimit = 64
    /// Scalar values of a name; one character may be made of any number of them.
    private static let scalarLimit = 256
    /// Names that the database gives columns of its own.
    private static let reserved = ["_row"]

    /// Names for `width` columns: safe, distinct without regard to case, and like the header's
    /// where it has any.
    ///
    /// Letters, digits and `_` of any script are kept, in Unicode's composed form, so that they can
    /// be typed; all else becomes `_`. What has no letter and no digit is named `column_N` by its
    /// place, counted from one; a name that is taken gets `_2`, `_3` ….
    public static func safe(_ header: [String], width: Int) -> [String] {
        var taken = Set(reserved)
        var nextSuffix: [String: Int] = [:]
        return (0..<width).map { place in
            let name = safe(place < header.count ? header[place] : "", place: place)
            let key = name.lowercased()
            var distinct = name
            var number = nextSuffix[key] ?? 2
            while !taken.insert(distinct.lowercased()).inserted {
                let suffix = "_\(number)"
                distinct = cut(name, leaving: suffix.count) + suffix
                number += 1
            }
            nextSuffix[key] = number
            return distinct
        }
    }

    /// Whether names are such as ``safe(_:width:)`` gives, byte for byte: made safe once more they
    /// stay what they are.
    public static func areSafe(_ names: [String]) -> Bool {
        zip(names, safe(names, width: names.count)).allSatisfy { name, safe in
            name.utf8.elementsEqual(safe.utf8)
        }
    }

    private static func safe(_ name: String, place: Int) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in CanonicalForm.of(name.trimmingWhitespace()).unicodeScalars {
            scalars.append(isTelling(scalar) || isMark(scalar) ? scalar : "_")
        }
        let name = cut(String(scalars), leaving: 0)
        return name.unicodeScalars.contains(where: isTelling) ? name : "column_\(place + 1)"
    }

    /// The characters at the beginning that are within the limits, less so many for what is to
    /// follow; no character is cut itself.
    private static func cut(_ name: String, leaving rest: Int) -> String {
        var scalarCount = rest
        return String(
            name.prefix(lengthLimit - rest).prefix { character in
                scalarCount += character.unicodeScalars.count
                return scalarCount <= scalarLimit
            })
    }

    /// Whether it is a letter or a digit, of which a name has one at least.
    private static func isTelling(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
            .decimalNumber, .letterNumber, .otherNumber:
            true
        default: false
        }
    }

    /// Whether it is a vowel sign, as many scripts have, or an accent that stands apart from its
    /// letter.
    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: true
        default: false
        }
    }
}
