/// Text of unknown origin, made fit for a terminal.
///
/// File names and messages come from whoever dropped the file: an escape sequence in them must not move the cursor,
/// and a right-to-left override must not show `fdp.exe` as `exe.pdf`.
enum TerminalText {
    /// The text on one line: what moves, hides or reorders is shown as `�`.
    static func line(_ text: String) -> String { cleaned(text) { _ in false } }

    /// The same, but line feeds stay.
    static func block(_ text: String) -> String { cleaned(text) { $0 == "\n" } }

    /// JSON with what a terminal would obey written as `\u` escapes; the same JSON to a program.
    ///
    /// Such characters can only stand within strings, where the escape means the same.
    static func json(_ text: String) -> String {
        var cleaned = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if scalar != "\n", scalar != "\t", scalar != "\r", isUnfit(scalar) {
                for unit in String(scalar).utf16 {
                    let hex = String(unit, radix: 16)
                    let digits = String(repeating: "0", count: 4 - hex.count) + hex
                    cleaned.append(contentsOf: "\\u\(digits)".unicodeScalars)
                }
            } else {
                cleaned.append(scalar)
            }
        }
        return String(cleaned)
    }

    /// The columns a text takes: two for East Asian wide characters and emoji, none for marks that stand on others.
    static func width(_ text: String) -> Int {
        text.unicodeScalars.reduce(0) { $0 + width($1) }
    }

    private static func cleaned(
        _ text: String, keeping isKept: (Unicode.Scalar) -> Bool
    ) -> String {
        var cleaned = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            cleaned.append(isUnfit(scalar) && !isKept(scalar) ? "\u{FFFD}" : scalar)
        }
        return String(cleaned)
    }

    private static func isUnfit(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .surrogate:
            true
        case .format:
            // Joiners shape scripts and emoji; the others only deceive.
            scalar != "\u{200C}" && scalar != "\u{200D}"
        default:
            false
        }
    }

    private static func width(_ scalar: Unicode.Scalar) -> Int {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control: return 0
        default: break
        }
        switch scalar.value {
        // Rule: Unicode Standard Annex 11: Hangul, kana, ideographs, full-width forms, emoji.
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97C, 0xAC00...0xD7A3,
            0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6,
            0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
            return 2
        default:
            return 1
        }
    }
}
