/// Which schema the tables of an inbox follow.
public enum SchemaChoice: Sendable, Hashable {
    /// The first schema whose required columns are all there, else ``infer``.
    case auto
    /// Any table, its columns as they come.
    case infer
    /// This schema and no other.
    case named(String)

    public init(_ text: String) {
        switch text {
        case "auto": self = .auto
        case "infer": self = .infer
        default: self = .named(text)
        }
    }

    var parameters: String {
        switch self {
        case .auto: "schema=auto"
        case .infer: "schema=infer"
        case .named(let name): "schema=\(name)"
        }
    }

    /// Reads what a stage's parameters say; nil for what this version does not write.
    public init?(parameters: String) {
        let opening = "schema="
        guard parameters.hasPrefix(opening) else { return nil }
        // A schema's name has no space in it; what stands behind one tells definitions apart.
        self.init(String(parameters.dropFirst(opening.count).prefix { $0 != " " }))
    }

    /// Tells the definitions of all schemas that this choice may lead to from any others, in 16
    /// hexadecimal digits; empty where it leads to none.
    public func form(among schemas: [TableSchema]) -> String {
        let eligible =
            switch self {
            case .auto: schemas
            case .infer: [TableSchema]()
            case .named(let name): schemas.filter { $0.name == name }
            }
        guard !eligible.isEmpty else { return "" }
        var mark = DefinitionMark()
        for schema in eligible { mark.take(schema) }
        return mark.text
    }
}

/// FNV-1a, 64 bits, over all that a schema says. Nobody gains by two definitions with one mark: the
/// operator, who writes them, would only fool himself.
private struct DefinitionMark {
    private var hash: UInt64 = 0xcbf2_9ce4_8422_2325

    var text: String {
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    mutating func take(_ schema: TableSchema) {
        take([schema.name, schema.table, schema.duplicates.rawValue, "\(schema.hasTokens)"])
        take(schema.key)
        for column in schema.columns {
            let rule = column.rule
            take([column.name, "\(column.isRequired)", rule.type.rawValue])
            take(column.aliases)
            take(ValueTransform.allCases.filter(rule.transforms.contains).map(\.rawValue))
            take([rule.length.least, rule.length.greatest].map { $0.map(String.init) ?? "" })
            take(
                [rule.pattern, rule.range.least, rule.range.greatest, rule.standard].map {
                    $0 ?? ""
                })
            take(rule.allowed)
        }
    }

    /// Each text behind its length, and all behind how many they are, so that none runs into the next.
    private mutating func take(_ texts: [String]) {
        take("\(texts.count):")
        for text in texts { take("\(text.utf8.count):\(text)") }
    }

    private mutating func take(_ text: String) {
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }
}
