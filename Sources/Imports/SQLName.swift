import Rules

/// Names in SQL: any text between quotes, and what files are called made fit for a table without
/// making it strange.
///
/// Rule: https://sqlite.org/lang_keywords.html; SQLite compares names without regard to ASCII case.
enum SQLName {
    /// The longest name of a table before anything is added to it, in characters.
    private static let lengthLimit = 64

    /// The name between double quotes, as it stands in a statement.
    static func quoted(_ name: String) -> String {
        "\"" + name.replacing("\"", with: "\"\"") + "\""
    }

    /// The name of a table for what a file holds: letters, digits and `_`, different from all that
    /// are `taken`. In Unicode's composed form: macOS writes names of files in parts, which look the
    /// same and which nobody can type.
    ///
    /// - Parameter taken: names in the form that ``folded(_:)`` gives.
    static func table(forFile fileName: String, taken: Set<String>) -> String {
        let dot = fileName.lastIndex(of: ".").flatMap { $0 == fileName.startIndex ? nil : $0 }
        let stem = CanonicalForm.of(String(fileName[..<(dot ?? fileName.endIndex)]))
        var name = ""
        for character in stem.prefix(lengthLimit) {
            name.append(character.isLetter || character.isNumber ? character : "_")
        }
        let first = name.first
        // A leading digit needs quotes, and SQLite keeps `sqlite_` for itself.
        if first == nil || first?.isNumber == true || folded(name).hasPrefix("sqlite_") {
            name = "table_" + name
        }
        return distinct(name, taken: taken)
    }

    /// The form in which two names that SQLite takes for the same are the same.
    static func folded(_ name: String) -> String { name.lowercased() }

    /// The name itself, else with the first free of `_2`, `_3` ….
    private static func distinct(_ name: String, taken: Set<String>) -> String {
        guard taken.contains(folded(name)) else { return name }
        var number = 2
        while taken.contains(folded("\(name)_\(number)")) { number += 1 }
        return "\(name)_\(number)"
    }
}
