/// A field of a table that ingestd itself writes for people.
struct CSVField {
    let text: String

    /// Quotes what needs it, and keeps a spreadsheet program from taking the value for a formula.
    init(ours value: String, delimiter: Character = ",") {
        let isFormulaLike = value.first.map { "=+-@\t\r".contains($0) } ?? false
        let safe = isFormulaLike ? "'" + value : value
        let needsQuotes = safe.contains { $0 == delimiter || $0 == "\"" || $0.isNewline }
        text = needsQuotes ? "\"" + safe.replacing("\"", with: "\"\"") + "\"" : safe
    }
}
