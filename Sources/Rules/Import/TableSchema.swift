/// What a table must look like to be imported under a name.
///
/// Rule: docs/formats.md, "Schemas".
public struct TableSchema: Sendable, Hashable {
    /// One column: its canonical name, the other names a header may use, and the rules of its
    /// values.
    public struct Column: Sendable, Hashable {
        public var name: String
        /// Further header names, compared like the name: trimmed and without regard to case.
        public var aliases: [String]
        /// Whether the header must have the column and each row a value in it.
        public var isRequired: Bool
        public var rule: ValueRule

        public init(name: String, aliases: [String] = [], isRequired: Bool = false, rule: ValueRule)
        {
            self.name = name
            self.aliases = aliases
            self.isRequired = isRequired
            self.rule = rule
        }
    }

    public var name: String
    public var columns: [Column]
    /// The column that makes a row unique within its collection.
    public var keyColumn: String

    public init(name: String, columns: [Column], keyColumn: String) {
        self.name = name
        self.columns = columns
        self.keyColumn = keyColumn
    }

    /// The schema that comes with ingestd.
    public static let participants = TableSchema(
        name: "participants",
        columns: [
            Column(name: "name", isRequired: true, rule: .personName),
            Column(name: "email", isRequired: true, rule: .email),
            Column(name: "phone", rule: .text),
            Column(name: "department", rule: .text),
            Column(name: "position", rule: .text),
        ],
        keyColumn: "email")
}
