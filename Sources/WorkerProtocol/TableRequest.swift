import Rules

/// How a table is to be read.
public struct TableRequest: Sendable, Hashable {
    public var choice: SchemaChoice
    /// The schemas that may be chosen; the first whose required columns are all there wins under `auto`.
    public var schemas: [TableSchema]
    public var fallbackEncoding: String
    /// How many rows may be rejected.
    public var allowance: ErrorAllowance
    public var columnLimit: Int
    /// Whether the daemon took the file for a workbook: what was not taken for a text must not be read
    /// as one.
    public var isWorkbook: Bool
    /// The sheet of a workbook that is asked for by name; nil where its header tells.
    public var sheet: String?

    /// SQLite has room for 2,000 columns in a table, and one of them is ours.
    public static let standardColumnLimit = 1999

    public init(
        choice: SchemaChoice, schemas: [TableSchema], fallbackEncoding: String,
        allowance: ErrorAllowance = ErrorAllowance(), columnLimit: Int = Self.standardColumnLimit,
        isWorkbook: Bool = false, sheet: String? = nil
    ) {
        self.choice = choice
        self.schemas = schemas
        self.fallbackEncoding = fallbackEncoding
        self.allowance = allowance
        self.columnLimit = columnLimit
        self.isWorkbook = isWorkbook
        self.sheet = sheet
    }

    func write(to wire: inout WireWriter) {
        switch choice {
        case .auto: wire.put("auto")
        case .infer: wire.put("infer")
        case .named(let name): wire.put(name)
        }
        wire.put(fallbackEncoding)
        wire.put(allowance.count)
        wire.put(allowance.millionths)
        wire.put(columnLimit)
        wire.put(isWorkbook)
        wire.put(sheet)
        wire.put(schemas) { wire, schema in schema.write(to: &wire) }
    }

    init(_ wire: inout WireReader) throws(WireError) {
        choice = SchemaChoice(try wire.text())
        fallbackEncoding = try wire.text()
        allowance = ErrorAllowance(
            count: try wire.optionalCount(), millionths: try wire.optionalCount())
        columnLimit = try wire.count()
        isWorkbook = try wire.flag()
        sheet = try wire.optionalText()
        schemas = try wire.list(limit: TableSchema.countLimit) { wire throws(WireError) in
            try TableSchema(&wire)
        }
    }
}

extension TableSchema {
    fileprivate func write(to wire: inout WireWriter) {
        wire.put(name)
        wire.put(table)
        wire.put(key) { $0.put($1) }
        wire.put(duplicates.rawValue)
        wire.put(hasTokens)
        wire.put(columns) { wire, column in
            wire.put(column.name)
            wire.put(column.aliases) { $0.put($1) }
            wire.put(column.isRequired)
            column.rule.write(to: &wire)
        }
    }

    fileprivate init(_ wire: inout WireReader) throws(WireError) {
        let name = try wire.text()
        let table = try wire.text()
        let key = try wire.list(limit: Self.columnLimit) { wire throws(WireError) in
            try wire.text()
        }
        let duplicates = try wire.word(of: Duplicates.self)
        let hasTokens = try wire.flag()
        let columns = try wire.list(limit: Self.columnLimit) { wire throws(WireError) in
            Column(
                name: try wire.text(),
                aliases: try wire.list(limit: Self.aliasLimit) { wire throws(WireError) in
                    try wire.text()
                },
                isRequired: try wire.flag(), rule: try ValueRule(&wire))
        }
        self.init(
            name: name, table: table, columns: columns, key: key, duplicates: duplicates,
            hasTokens: hasTokens)
        let names = Set(columns.map(\.name))
        guard !columns.isEmpty, names.count == columns.count, names.isSuperset(of: key) else {
            throw WireError("a schema's columns do not fit together")
        }
    }
}

extension ValueRule {
    fileprivate func write(to wire: inout WireWriter) {
        wire.put(type.rawValue)
        wire.put(ValueTransform.allCases.filter(transforms.contains)) { $0.put($1.rawValue) }
        wire.put(length.least)
        wire.put(length.greatest)
        wire.put(pattern)
        wire.put(range.least)
        wire.put(range.greatest)
        wire.put(allowed) { $0.put($1) }
        wire.put(standard)
    }

    fileprivate init(_ wire: inout WireReader) throws(WireError) {
        let type = try wire.word(of: ValueType.self)
        let transforms = try wire.list(limit: ValueTransform.allCases.count) {
            wire throws(WireError) in try wire.word(of: ValueTransform.self)
        }
        self.init(
            type: type, transforms: Set(transforms),
            length: ValueBounds(
                least: try wire.optionalCount(), greatest: try wire.optionalCount()),
            pattern: try wire.optionalText(),
            range: ValueBounds(least: try wire.optionalText(), greatest: try wire.optionalText()),
            allowed: try wire.list(limit: Self.allowedLimit) { wire throws(WireError) in
                try wire.text()
            },
            standard: try wire.optionalText())
    }
}

extension WireWriter {
    /// Writes a flag, and where it is set a count.
    fileprivate mutating func put(_ count: Int?) {
        put(count != nil)
        if let count { put(count) }
    }
}

extension WireReader {
    /// A flag, and where it is set a count.
    fileprivate mutating func optionalCount() throws(WireError) -> Int? {
        try flag() ? try count() : nil
    }

    /// A text that is one of a few words.
    fileprivate mutating func word<Word: RawRepresentable>(
        of type: Word.Type
    ) throws(WireError) -> Word where Word.RawValue == String {
        guard let word = Word(rawValue: try text()) else { throw WireError("no such word") }
        return word
    }
}
