/// Names of tables and columns that come from people: any text, made fit for SQLite without making
/// it strange.
///
/// Rule: https://sqlite.org/lang_keywords.html; SQLite compares names without regard to ASCII case.
enum SQLName {
    /// The longest name, in characters.
    static let lengthLimit = 64

    /// The name between double quotes, as it stands in a statement.
    static func quoted(_ name: String) -> String {
        "\"" + name.replacing("\"", with: "\"\"") + "\""
    }

    /// The name of a table for what a file holds: letters, digits and `_`, different from all that
    /// are `taken`.
    ///
    /// - Parameter taken: names in the form that ``folded(_:)`` gives.
    static func table(forFile fileName: String, taken: Set<String>) -> String {
        let dot = fileName.lastIndex(of: ".").flatMap { $0 == fileName.startIndex ? nil : $0 }
        var name = ""
        for character in fileName[..<(dot ?? fileName.endIndex)].prefix(lengthLimit) {
            name.append(character.isLetter || character.isNumber ? character : "_")
        }
        let first = name.first
        // A leading digit needs quotes, and SQLite keeps `sqlite_` for itself.
        if first == nil || first?.isNumber == true || folded(name).hasPrefix("sqlite_") {
            name = "table_" + name
        }
        return distinct(name, taken: taken)
    }

    /// The columns' names as they came wherever SQLite can bear them, all different, and none of
    /// those `taken`.
    static func columns(_ names: [String], taken: Set<String>) -> [String] {
        var taken = taken
        return names.enumerated().map { index, name in
            let scalars = name.unicodeScalars.map { scalar in
                scalar.value < 0x20 || scalar.value == 0x7f ? "_" : Character(scalar)
            }
            let legible = String(String(scalars).prefix(lengthLimit))
            let unique = distinct(legible.isEmpty ? "column_\(index + 1)" : legible, taken: taken)
            taken.insert(folded(unique))
            return unique
        }
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
