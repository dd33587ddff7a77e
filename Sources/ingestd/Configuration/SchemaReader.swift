import Rules
import Yams

/// Reads what `schemas` says.
///
/// Rule: docs/formats.md, "Schemas".
struct SchemaReader {
    private(set) var schemas: [TableSchema] = []
    private(set) var reader: ConfigReader
    /// Names that are taken, without regard to case: of schemas, and of their tables.
    private var names: Set<String>
    private var tables: Set<String>

    var problems: [ConfigProblem] { reader.problems }

    /// - Parameters:
    ///   - reader: whose problems go before those that are found here.
    ///   - taken: schemas that there are already.
    init(_ reader: ConfigReader = ConfigReader(), besides taken: [TableSchema] = []) {
        self.reader = reader
        names = Set(["auto", "infer"] + taken.map { $0.name.lowercased() })
        tables = Set(["import"] + taken.map { $0.table.lowercased() })
    }

    /// Reads a mapping of schemas by their names.
    mutating func read(_ node: Node) {
        guard let entries = reader.entries(node, "schemas") else { return }
        guard entries.count <= TableSchema.countLimit else {
            return reader.report(
                node,
                "schemas has \(entries.count) entries; at most \(TableSchema.countLimit) are allowed"
            )
        }
        for (name, key, value) in entries {
            let what = "schemas.\(name)"
            guard isName(name, key, what) else { continue }
            guard names.insert(name.lowercased()).inserted else {
                reader.report(key, "\(what): this name has a meaning already; choose another")
                continue
            }
            schema(name, at: key, value, what)
        }
    }

    private mutating func schema(_ name: String, at place: Node, _ node: Node, _ what: String) {
        let keys = reader.section(node, what, keys: SchemaKey.self)
        guard let columnsNode = keys[.columns] else {
            if node.mapping != nil || reader.isNothing(node) {
                reader.report(place, "\(what) has no columns")
            }
            return
        }
        let columns = columns(columnsNode, "\(what).columns")
        let key = self.key(keys[.key], "\(what).key", columns)
        let tableNode = keys[.table] ?? place
        let table = reader.text(keys[.table], "\(what).table") ?? name
        if isName(table, tableNode, "\(what).table") { take(table, tableNode, what) }
        var schema = TableSchema(name: name, table: table, columns: columns.map(\.column), key: key)
        if let duplicates = reader.choice(
            keys[.duplicates], "\(what).duplicates", of: TableSchema.Duplicates.self)
        {
            schema.duplicates = duplicates
        }
        schema.hasTokens = reader.flag(keys[.tokens], "\(what).tokens") ?? false
        if keys[.key] == nil {
            for (key, node) in [
                (SchemaKey.duplicates, keys[.duplicates]), (.tokens, keys[.tokens]),
            ] {
                guard let node, key == .duplicates || schema.hasTokens else { continue }
                reader.report(node, "\(what).\(key.rawValue) needs a key, which the schema has not")
            }
        }
        checkRules(columns, schema.key, what)
        schemas.append(schema)
    }

    private mutating func take(_ table: String, _ node: Node, _ what: String) {
        let folded = table.lowercased()
        if folded.hasPrefix("sqlite_") || folded.hasPrefix("ingestd_") {
            reader.report(node, "\(what).table “\(table)” begins like names that are taken")
        } else if !tables.insert(folded).inserted {
            reader.report(node, "\(what).table “\(table)” is taken; choose another")
        }
    }

    /// Letters, digits and `_` of any script, the first no digit: fit to stand in SQL as it is.
    private mutating func isName(_ name: String, _ node: Node, _ what: String) -> Bool {
        let isFit =
            name.unicodeScalars.count <= TableSchema.nameLimit && name.first?.isNumber == false
            && name.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
        if !isFit {
            reader.report(
                node,
                "\(what): a name is made of letters, digits and “_”, does not begin with a digit "
                    + "and has at most \(TableSchema.nameLimit) characters, unlike “\(name)”")
        }
        return isFit
    }

    // MARK: - Columns

    /// A column, with the nodes that tell where its mistakes stand.
    private struct ColumnEntry {
        var column: TableSchema.Column
        var place: Node
        var keys: [ColumnKey: Node]
    }

    private mutating func columns(_ node: Node, _ what: String) -> [ColumnEntry] {
        guard let entries = reader.entries(node, what) else { return [] }
        guard (1...TableSchema.columnLimit).contains(entries.count) else {
            reader.report(
                node, "\(what) must have from 1 to \(TableSchema.columnLimit) columns")
            return []
        }
        var headers: [String: String] = [:]
        var found: [ColumnEntry] = []
        for (name, key, value) in entries {
            let what = "\(what).\(name)"
            guard isName(name, key, what) else { continue }
            if ["collection", "token", "import", "row"].contains(name.lowercased()) {
                reader.report(key, "\(what): each table has a column of this name already")
                continue
            }
            let keys = reader.section(value, what, keys: ColumnKey.self)
            let column = column(name, keys, what)
            for (alias, node) in [(name, key)] + zip(column.aliases, aliasNodes(keys)) {
                // Matched as headers are: Swift compares texts by what they mean.
                let other = headers.updateValue(name, forKey: alias.lowercased())
                if let other {
                    reader.report(
                        node, "\(what): “\(alias)” is a name of the column \(other) already")
                }
            }
            found.append(ColumnEntry(column: column, place: key, keys: keys))
        }
        return found
    }

    private func aliasNodes(_ keys: [ColumnKey: Node]) -> [Node] {
        keys[.aliases]?.sequence.map { Array($0) } ?? []
    }

    private mutating func column(
        _ name: String, _ keys: [ColumnKey: Node], _ what: String
    ) -> TableSchema.Column {
        func key(_ key: ColumnKey) -> String { "\(what).\(key.rawValue)" }
        var rule = ValueRule()
        rule.type = reader.choice(keys[.type], key(.type), of: ValueType.self) ?? .text
        if let node = keys[.transform] {
            let items = reader.list(node, key(.transform), limit: ValueTransform.allCases.count)
            rule.transforms = Set(
                items.compactMap { item in
                    reader.choice(item, key(.transform), of: ValueTransform.self)
                })
        }
        let length = bounds(keys[.length], key(.length))
        let lengths = 0...1_000_000
        rule.length.least = reader.number(length[.min], key(.length) + ".min", in: lengths)
        rule.length.greatest = reader.number(length[.max], key(.length) + ".max", in: lengths)
        rule.pattern = reader.text(keys[.pattern], key(.pattern))
        let range = bounds(keys[.range], key(.range))
        rule.range.least = reader.text(range[.min], key(.range) + ".min")
        rule.range.greatest = reader.text(range[.max], key(.range) + ".max")
        rule.allowed = texts(keys[.allowed], key(.allowed), limit: ValueRule.allowedLimit)
        rule.standard = reader.text(keys[.standard], key(.standard))
        return TableSchema.Column(
            name: name,
            aliases: texts(keys[.aliases], key(.aliases), limit: TableSchema.aliasLimit),
            isRequired: reader.flag(keys[.required], key(.required)) ?? false, rule: rule)
    }

    private mutating func bounds(_ node: Node?, _ what: String) -> [BoundsKey: Node] {
        guard let node else { return [:] }
        return reader.section(node, what, keys: BoundsKey.self)
    }

    private mutating func texts(_ node: Node?, _ what: String, limit: Int) -> [String] {
        guard let node else { return [] }
        return reader.list(node, what, limit: limit).compactMap { reader.text($0, what) }
    }

    /// Whether each rule makes sense; told at the part that does not.
    private mutating func checkRules(_ columns: [ColumnEntry], _ key: [String], _ what: String) {
        for entry in columns {
            let (column, keys) = (entry.column, entry.keys)
            do {
                _ = try ValueCheck(column.rule, isKey: key.contains(column.name))
            } catch {
                let part: ColumnKey =
                    switch error.part {
                    case .length: .length
                    case .pattern: .pattern
                    case .range: .range
                    case .allowed: .allowed
                    case .standard: .standard
                    }
                reader.report(
                    keys[part].map { place(of: error.value, in: $0) } ?? entry.place,
                    "\(what).columns.\(column.name).\(part.rawValue): \(error.message)")
            }
        }
    }

    /// The first node of a list, or of a mapping's values, that says `value`; the whole where
    /// nothing within it is at fault.
    private func place(of value: String?, in node: Node) -> Node {
        guard let value else { return node }
        let nodes = node.sequence.map { Array($0) } ?? node.mapping.map { Array($0.values) } ?? []
        return nodes.first { $0.scalar?.string == value } ?? node
    }

    // MARK: - Key

    /// One column's name, or a list of them.
    private mutating func key(
        _ node: Node?, _ what: String, _ columns: [ColumnEntry]
    ) -> [String] {
        guard let node else { return [] }
        let items =
            node.scalar != nil ? [node] : reader.list(node, what, limit: TableSchema.columnLimit)
        if node.sequence?.isEmpty == true {
            reader.report(node, "\(what) names no column")
        }
        var key: [String] = []
        for item in items {
            guard let name = reader.text(item, what) else { continue }
            guard let entry = columns.first(where: { $0.column.name == name }) else {
                let known = columns.map(\.column.name)
                reader.report(
                    item, reader.unknown("column “\(name)” in \(what)", name, known: known))
                continue
            }
            if key.contains(name) {
                reader.report(item, "\(what) names the column \(name) twice")
            } else if !entry.column.isAlwaysFilled {
                reader.report(
                    item,
                    "\(what): the column \(name) must be “required: true” or have a default, "
                        + "so that every row has a key")
            } else {
                key.append(name)
            }
        }
        return key
    }
}
