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

        public init(
            name: String, aliases: [String] = [], isRequired: Bool = false,
            rule: ValueRule = ValueRule()
        ) {
            self.name = name
            self.aliases = aliases
            self.isRequired = isRequired
            self.rule = rule
        }

        /// Whether every row that is taken has a value in the column.
        public var isAlwaysFilled: Bool { isRequired || rule.standard != nil }
    }

    /// What becomes of a row whose key is there already.
    public enum Duplicates: String, Sendable, Hashable, CaseIterable {
        /// It is left out and counted.
        case skip
        /// It takes the place of the one that is there.
        case update
        /// It is one of the rows that were not taken.
        case reject
    }

    public var name: String
    /// The table of the account's database that the rows go to.
    public var table: String
    public var columns: [Column]
    /// The columns that together make a row unique within its collection; none where every row
    /// counts.
    public var key: [String]
    public var duplicates: Duplicates
    /// Whether each row gets a token.
    public var hasTokens: Bool

    /// SQLite has room for 2,000 columns in a table, some of which are ours.
    public static let columnLimit = 1000
    public static let aliasLimit = 100
    /// How many schemas one config may have.
    public static let countLimit = 100
    /// Scalar values of a name.
    public static let nameLimit = 100

    /// - Parameter table: nil for one of the schema's name.
    public init(
        name: String, table: String? = nil, columns: [Column], key: [String],
        duplicates: Duplicates = .skip, hasTokens: Bool = false
    ) {
        self.name = name
        self.table = table ?? name
        self.columns = columns
        self.key = key
        self.duplicates = duplicates
        self.hasTokens = hasTokens
    }
}
