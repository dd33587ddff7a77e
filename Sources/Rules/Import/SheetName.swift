/// The name of a workbook's sheet.
///
/// Rule: docs/formats.md, "Workbooks".
public enum SheetName {
    /// Whether two names mean the same sheet: Excel too leaves case out of account, and nobody sees
    /// white space at the ends.
    public static func isSame(_ one: String, _ other: String) -> Bool {
        one.trimmingWhitespace().lowercased() == other.trimmingWhitespace().lowercased()
    }
}
