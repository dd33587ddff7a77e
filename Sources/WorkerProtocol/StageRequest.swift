import Rules

/// What the daemon asks of a worker: one stage over the blob on descriptor 0.
public enum StageRequest: Sendable, Hashable {
    /// Frame kind of every request.
    public static let frameKind: UInt8 = 1

    /// A document with more pages is refused.
    case info(pageLimit: Int)
    /// The text of the first pages, up to so many of them and so many bytes.
    case text(pageLimit: Int, byteLimit: Int)
    case thumbnail(ThumbnailSettings)
    /// Pictures of some of the pages.
    case pages(PageRequest)
    case tableImport(TableRequest)

    public var stage: StageName {
        switch self {
        case .info: .info
        case .text: .text
        case .thumbnail: .thumbnail
        case .pages: .pages
        case .tableImport: .tableImport
        }
    }

    /// The request as a whole frame.
    public func encoded() -> [UInt8] {
        var wire = WireWriter()
        switch self {
        case .info(let pageLimit):
            wire.put(UInt8(1))
            wire.put(pageLimit)
        case .text(let pageLimit, let byteLimit):
            wire.put(UInt8(2))
            wire.put(pageLimit)
            wire.put(byteLimit)
        case .thumbnail(let settings):
            wire.put(UInt8(3))
            for number in [settings.page, settings.width, settings.height, settings.quality] {
                wire.put(number)
            }
        case .tableImport(let request):
            wire.put(UInt8(4))
            request.write(to: &wire)
        case .pages(let request):
            wire.put(UInt8(5))
            request.write(to: &wire)
        }
        return Frame.encode(kind: Self.frameKind, payload: wire.bytes)
    }

    public init(payload: ArraySlice<UInt8>) throws(WireError) {
        var wire = WireReader(payload)
        switch try wire.byte() {
        case 1:
            self = .info(pageLimit: try wire.count())
        case 2:
            self = .text(pageLimit: try wire.count(), byteLimit: try wire.count())
        case 3:
            self = .thumbnail(
                ThumbnailSettings(
                    page: try wire.count(), width: try wire.count(), height: try wire.count(),
                    quality: try wire.count()))
        case 4:
            self = .tableImport(try TableRequest(&wire))
        case 5:
            self = .pages(try PageRequest(&wire))
        default:
            throw WireError("no such stage")
        }
        try wire.finish()
    }
}

/// Tells a worker to turn to another document: the blob comes as a descriptor beside the frame's first byte.
///
/// Only documents of one account follow each other in a worker.
public enum DocumentTurn {
    /// Frame kind; there is no payload.
    public static let frameKind: UInt8 = 2

    /// The whole frame.
    public static func encoded() -> [UInt8] { Frame.encode(kind: frameKind, payload: []) }
}

/// How a table is to be read.
public struct TableRequest: Sendable, Hashable {
    public var choice: SchemaChoice
    /// The schemas that may be chosen; the first whose required columns are all there wins under `auto`.
    public var schemas: [TableSchema]
    public var fallbackEncoding: String
    public var columnLimit: Int
    /// The sheet of a workbook that is asked for by name; nil where its header tells.
    public var sheet: String?

    /// SQLite has room for 2,000 columns in a table, and one of them is ours.
    public static let standardColumnLimit = 1999

    public init(
        choice: SchemaChoice, schemas: [TableSchema], fallbackEncoding: String,
        columnLimit: Int = Self.standardColumnLimit, sheet: String? = nil
    ) {
        self.choice = choice
        self.schemas = schemas
        self.fallbackEncoding = fallbackEncoding
        self.columnLimit = columnLimit
        self.sheet = sheet
    }

    fileprivate func write(to wire: inout WireWriter) {
        switch choice {
        case .auto: wire.put("auto")
        case .infer: wire.put("infer")
        case .named(let name): wire.put(name)
        }
        wire.put(fallbackEncoding)
        wire.put(columnLimit)
        wire.put(sheet)
        wire.put(schemas) { wire, schema in
            wire.put(schema.name)
            wire.put(schema.keyColumn)
            wire.put(schema.columns) { wire, column in
                wire.put(column.name)
                wire.put(column.aliases) { $0.put($1) }
                wire.put(column.isRequired)
                wire.put(column.rule.wireCode)
            }
        }
    }

    fileprivate init(_ wire: inout WireReader) throws(WireError) {
        choice = SchemaChoice(try wire.text())
        fallbackEncoding = try wire.text()
        columnLimit = try wire.count()
        sheet = try wire.optionalText()
        schemas = try wire.list(limit: 100) { wire throws(WireError) in
            let name = try wire.text()
            let keyColumn = try wire.text()
            let columns = try wire.list(limit: 1000) { wire throws(WireError) in
                TableSchema.Column(
                    name: try wire.text(),
                    aliases: try wire.list(limit: 100) { wire throws(WireError) in try wire.text()
                    },
                    isRequired: try wire.flag(), rule: try ValueRule(wireCode: try wire.byte()))
            }
            return TableSchema(name: name, columns: columns, keyColumn: keyColumn)
        }
    }
}

extension ValueRule {
    fileprivate var wireCode: UInt8 {
        switch self {
        case .text: 1
        case .personName: 2
        case .email: 3
        }
    }

    fileprivate init(wireCode: UInt8) throws(WireError) {
        switch wireCode {
        case 1: self = .text
        case 2: self = .personName
        case 3: self = .email
        default: throw WireError("no such value rule")
        }
    }
}
