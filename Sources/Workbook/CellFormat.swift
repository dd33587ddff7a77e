/// What a cell's number format makes of its number, as far as it is told in a text.
struct CellFormat: Hashable {
    enum Kind {
        case number, date, time, dateTime
        /// Hours that go on past a day.
        case elapsed
    }

    var kind: Kind
    /// Whether parts of a second are shown.
    var showsFraction = false

    static let general = CellFormat(kind: .number)

    /// The format of a number that every program knows.
    ///
    /// What depends on the language is as Korean has it. Rule: ECMA-376 part 1, section 18.8.30.
    init(builtIn number: Int) {
        switch number {
        case 14...17, 27...31, 34...36, 50...58: self.init(kind: .date)
        case 18...21, 32, 33, 45: self.init(kind: .time)
        case 22: self.init(kind: .dateTime)
        case 46: self.init(kind: .elapsed)
        case 47: self.init(kind: .time, showsFraction: true)
        default: self.init(kind: .number)
        }
    }

    init(kind: Kind, showsFraction: Bool = false) {
        self.kind = kind
        self.showsFraction = showsFraction
    }

    /// Reads a format as people write it: `yyyy"년" m"월" d"일"`, `#,##0`, `[h]:mm:ss`.
    ///
    /// Only the section for positive numbers counts. Rule: ECMA-376 part 1, section 18.8.31.
    init(code: String) {
        var reading = FormatReading()
        var scalars = Array(code.unicodeScalars.prefix(FormatReading.lengthLimit))
            .map { $0.isASCII ? Unicode.Scalar(UInt8($0.value).lowercasedASCII) : $0 }[...]
        while let scalar = scalars.popFirst(), scalar != ";" {
            reading.take(scalar, &scalars)
        }
        self.init(kind: reading.kind, showsFraction: reading.showsFraction)
    }
}

/// What the signs of a number format have told so far.
private struct FormatReading {
    /// Excel takes no longer ones.
    static let lengthLimit = 255

    /// What can stand behind a word for `General`, such as `G/표준`: a text, or the next section.
    private static let endsWord: Set<Unicode.Scalar> = ["\"", "\\", "_", "*", "[", ";"]

    private var hasDate = false
    private var hasTime = false
    private var isElapsed = false
    private var hasDigits = false
    private(set) var showsFraction = false
    /// A run of `m` whose meaning the next letters tell: months, or minutes before seconds.
    private var hasOpenMonths = false
    private var lastLetter: Unicode.Scalar = " "

    var kind: CellFormat.Kind {
        if hasDigits { return .number }
        if isElapsed { return .elapsed }
        switch (hasDate || hasOpenMonths, hasTime) {
        case (true, true): return .dateTime
        case (true, false): return .date
        case (false, true): return .time
        case (false, false): return .number
        }
    }

    mutating func take(_ scalar: Unicode.Scalar, _ rest: inout ArraySlice<Unicode.Scalar>) {
        switch scalar {
        case "\"":
            while let next = rest.popFirst(), next != "\"" {}
        case "\\", "_", "*":
            _ = rest.popFirst()
        case "[":
            takeBracket(&rest)
        case "m":
            // Behind hours they are minutes.
            if lastLetter == "h" { hasTime = true } else { hasOpenMonths = true }
            while rest.first == "m" { rest.removeFirst() }
            lastLetter = "m"
        case "h":
            settleMonths()
            hasTime = true
            lastLetter = "h"
        // As German has `General`.
        case "s" where rest.starts(with: "tandard".unicodeScalars):
            rest.removeFirst("tandard".unicodeScalars.count)
        case "s":
            // Before seconds they are minutes.
            hasOpenMonths = hasOpenMonths && lastLetter != "m"
            settleMonths()
            hasTime = true
            lastLetter = "s"
        case "g" where rest.starts(with: "eneral".unicodeScalars):
            rest.removeFirst("eneral".unicodeScalars.count)
        // `G/표준`, `G/標準`: some languages have a word of their own for it.
        case "g" where rest.first == "/":
            rest = rest.drop { !Self.endsWord.contains($0) }
        case "y", "d", "g", "b":
            settleMonths()
            hasDate = true
            lastLetter = scalar
        case "e":
            takeE(&rest)
        case "a":
            takeA(&rest)
        case "0", "#", "?":
            if lastLetter == "." { showsFraction = true } else { hasDigits = true }
        case ".":
            if lastLetter == "s" { lastLetter = "." }
        default:
            break
        }
    }

    private mutating func settleMonths() {
        if hasOpenMonths { hasDate = true }
        hasOpenMonths = false
    }

    /// `[h]` counts on past its bound; colours, conditions and languages tell nothing.
    private mutating func takeBracket(_ rest: inout ArraySlice<Unicode.Scalar>) {
        var inside: [Unicode.Scalar] = []
        while let next = rest.popFirst(), next != "]" { inside.append(next) }
        guard let first = inside.first, inside.allSatisfy({ $0 == first }) else { return }
        guard first == "h" || first == "m" || first == "s" else { return }
        isElapsed = true
        lastLetter = first
    }

    /// An exponent, or the year of an era.
    private mutating func takeE(_ rest: inout ArraySlice<Unicode.Scalar>) {
        guard rest.first == "+" || rest.first == "-" else {
            settleMonths()
            hasDate = true
            lastLetter = "e"
            return
        }
        hasDigits = true
    }

    /// `AM/PM`, `A/P`, or a day of the week.
    private mutating func takeA(_ rest: inout ArraySlice<Unicode.Scalar>) {
        for half in ["m/pm", "/p"] where rest.starts(with: half.unicodeScalars) {
            rest.removeFirst(half.unicodeScalars.count)
            hasTime = true
            return
        }
        guard rest.starts(with: "aa".unicodeScalars) else { return }
        while rest.first == "a" { rest.removeFirst() }
        settleMonths()
        hasDate = true
        lastLetter = "a"
    }
}

extension UInt8 {
    /// The small letter for a capital of ASCII; else itself.
    var lowercasedASCII: UInt8 {
        self >= UInt8(ascii: "A") && self <= UInt8(ascii: "Z") ? self | 0x20 : self
    }
}
