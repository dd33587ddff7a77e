/// Where a schema's columns stand in a header.
public struct HeaderMatch: Sendable, Hashable {
    public let schema: TableSchema
    /// For each of the schema's columns its place in the header, counted from zero; nil where it
    /// lacks.
    public let places: [Int?]
    /// Names of the header that belong to no column, or to one that another name already gave.
    public let ignored: [String]

    /// Compares names without regard to case, and to how Unicode spells a character, which Swift's
    /// comparison of texts passes over; the first of two names for one column counts.
    public init(_ schema: TableSchema, _ header: TableHeader) {
        self.schema = schema
        var columns: [String: Int] = [:]
        for (index, column) in schema.columns.enumerated() {
            for name in [column.name] + column.aliases {
                let key = name.trimmingWhitespace().lowercased()
                if columns[key] == nil { columns[key] = index }
            }
        }
        var places = [Int?](repeating: nil, count: schema.columns.count)
        var ignored: [String] = []
        for (place, name) in header.names.enumerated() {
            if let column = columns[name.lowercased()], places[column] == nil {
                places[column] = place
            } else if !name.isEmpty {
                ignored.append(name)
            }
        }
        self.places = places
        self.ignored = ignored
    }

    /// The required columns that the header lacks.
    public var missing: [String] {
        zip(schema.columns, places).filter { $0.isRequired && $1 == nil }.map(\.0.name)
    }

    /// Whether the header has any of the schema's columns. Without one of them each row would be
    /// nothing but defaults and empty fields, though no column is required.
    public var hasAny: Bool { places.contains { $0 != nil } }

    /// How many required columns the header has.
    public var requiredFound: Int {
        zip(schema.columns, places).count { $0.isRequired && $1 != nil }
    }
}
