/// What the operator decided for one inbox; the defaults are those of a bare `--inbox DIR`.
///
/// Rule: etc/ingestd.yaml, which documents every key.
public struct InboxSettings: Sendable, Hashable {
    /// How long nothing about a drop may change before it is taken.
    public var settle: Duration
    /// The same where no lease can be had, or where no event told that a writer had finished.
    public var settleWithoutProof: Duration
    /// How long a drop must lie unchanged to be taken though a program has it open for writing; nil
    /// where that is waited for without end.
    public var openWriterTimeout: Duration?
    public var rescan: Duration
    /// How often an inbox is looked through where the kernel reports no events.
    public var poll: Duration
    /// Globs of names that are never drops.
    public var ignore: [String]
    public var isRecursive: Bool
    public var pdfSizeLimit: ByteCount
    public var tableSizeLimit: ByteCount
    public var thumbnail: ThumbnailSettings
    /// Whether every page of a PDF gets a picture, drawn like the cover.
    public var drawsPages: Bool
    public var schema: SchemaChoice
    public var originals: OriginalsPolicy
    /// The encoding taken where a table's bytes do not tell; one of ``fallbackEncodings``.
    public var fallbackEncoding: String
    /// What becomes of imported rows when the document that brought them in is deleted.
    public var rowsOnDeletion: RowsPolicy
    public var retention: RetentionSettings

    /// The encodings that bytes cannot prove, so that only a person can choose among them.
    public static let fallbackEncodings = ["windows-1252", "cp949"]

    public init(
        settle: Duration = .seconds(2), settleWithoutProof: Duration = .seconds(10),
        openWriterTimeout: Duration? = nil, rescan: Duration = .seconds(600),
        poll: Duration = .seconds(10), ignore: [String] = [],
        isRecursive: Bool = true, pdfSizeLimit: ByteCount = .megabytes(100),
        tableSizeLimit: ByteCount = .megabytes(50),
        thumbnail: ThumbnailSettings = ThumbnailSettings(), drawsPages: Bool = false,
        schema: SchemaChoice = .auto, originals: OriginalsPolicy = .auto,
        fallbackEncoding: String = "windows-1252", rowsOnDeletion: RowsPolicy = .keep,
        retention: RetentionSettings = RetentionSettings()
    ) {
        self.settle = settle
        self.settleWithoutProof = settleWithoutProof
        self.openWriterTimeout = openWriterTimeout
        self.rescan = rescan
        self.poll = poll
        self.ignore = ignore
        self.isRecursive = isRecursive
        self.pdfSizeLimit = pdfSizeLimit
        self.tableSizeLimit = tableSizeLimit
        self.thumbnail = thumbnail
        self.drawsPages = drawsPages
        self.schema = schema
        self.originals = originals
        self.fallbackEncoding = fallbackEncoding
        self.rowsOnDeletion = rowsOnDeletion
        self.retention = retention
    }

    /// The largest drop of a kind that is taken.
    public func sizeLimit(for kind: DropKind) -> ByteCount {
        switch kind {
        case .pdf: pdfSizeLimit
        case .csv, .xls, .xlsx: tableSizeLimit
        }
    }
}

/// How a cover is drawn: fitted into a box, as JPEG.
public struct ThumbnailSettings: Sendable, Hashable {
    /// Counted from one.
    public var page: Int
    /// The box, in pixels; the picture keeps its proportions.
    public var width: Int
    public var height: Int
    /// JPEG quality, 1–100.
    public var quality: Int

    public init(page: Int = 1, width: Int = 300, height: Int = 400, quality: Int = 85) {
        self.page = page
        self.width = width
        self.height = height
        self.quality = quality
    }

    var parameters: String { "page=\(page) box=\(width)x\(height) quality=\(quality)" }

    /// Reads what a stage's parameters say; nil for what this version does not write.
    public init?(parameters: String) {
        let numbers = parameters.split { !("0"..."9").contains($0) }.compactMap { Int($0) }
        guard numbers.count == 4 else { return nil }
        self.init(page: numbers[0], width: numbers[1], height: numbers[2], quality: numbers[3])
        guard self.parameters == parameters else { return nil }
    }
}

/// How pictures of all pages are drawn: as the cover is, which the same box is chosen for.
public struct PageSettings: Sendable, Hashable {
    /// The box, in pixels; a picture keeps its page's proportions.
    public var width: Int
    public var height: Int
    /// JPEG quality, 1–100.
    public var quality: Int

    public init(width: Int, height: Int, quality: Int) {
        self.width = width
        self.height = height
        self.quality = quality
    }

    public init(_ cover: ThumbnailSettings) {
        self.init(width: cover.width, height: cover.height, quality: cover.quality)
    }

    var parameters: String { "box=\(width)x\(height) quality=\(quality)" }

    /// Reads what a stage's parameters say; nil for what this version does not write.
    public init?(parameters: String) {
        let numbers = parameters.split { !("0"..."9").contains($0) }.compactMap { Int($0) }
        guard numbers.count == 3 else { return nil }
        self.init(width: numbers[0], height: numbers[1], quality: numbers[2])
        guard self.parameters == parameters else { return nil }
    }
}

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
        self.init(String(parameters.dropFirst(opening.count)))
    }
}

/// Whether `NAME.results/` holds the original.
public enum OriginalsPolicy: String, Sendable, Hashable, CaseIterable {
    /// A reflink of the blob where the file system can, else a copy.
    case auto
    /// Left out.
    case none
}
