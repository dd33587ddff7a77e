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
    /// What is taken; the rest is refused.
    public var families: Set<KindFamily>
    /// What all documents of the inbox may come to, beside the limit of its account.
    public var limit: QuotaLimit
    public var pdfSizeLimit: ByteCount
    public var tableSizeLimit: ByteCount
    public var thumbnail: ThumbnailSettings
    /// The steps over a PDF that are done beside those that always are.
    public var pdfStages: Set<StageName>
    /// Whether every page of a PDF gets a picture, drawn like the cover.
    public var drawsPages: Bool
    public var schema: SchemaChoice
    /// Tells one definition of the schemas that ``schema`` may lead to from another; see
    /// ``SchemaChoice/form(among:)``.
    public var schemaForm: String
    /// How many rows of a table may be rejected.
    public var errorAllowance: ErrorAllowance
    /// Which tokens of a table's rows are drawn; nil where none are.
    public var codes: CodeSettings?
    public var originals: OriginalsPolicy
    /// Where sidecars stand; nil beside the drops.
    public var results: ResultsPlace?
    /// The encoding taken where a table's bytes do not tell; one of ``fallbackEncodings``.
    public var fallbackEncoding: String
    /// The sheet that is read of a workbook; nil for the first that fits.
    public var sheet: String?
    /// What becomes of imported rows when the document that brought them in is deleted.
    public var rowsOnDeletion: RowsPolicy
    public var retention: RetentionSettings

    /// The steps that an inbox may do without, in their order.
    public static let optionalStages = [StageName.text, .thumbnail]
    /// Bytes of a sheet's name; Excel takes 31 characters.
    public static let sheetNameLimit = 200
    /// The encodings that bytes cannot prove, so that only a person can choose among them.
    public static let fallbackEncodings = ["windows-1252", "cp949"]

    public init(
        settle: Duration = .seconds(2), settleWithoutProof: Duration = .seconds(10),
        openWriterTimeout: Duration? = nil, rescan: Duration = .seconds(600),
        poll: Duration = .seconds(10), ignore: [String] = [],
        isRecursive: Bool = true, families: Set<KindFamily> = Set(KindFamily.allCases),
        limit: QuotaLimit = .unlimited, pdfSizeLimit: ByteCount = .megabytes(100),
        tableSizeLimit: ByteCount = .megabytes(50),
        thumbnail: ThumbnailSettings = ThumbnailSettings(),
        pdfStages: Set<StageName> = Set(optionalStages), drawsPages: Bool = false,
        schema: SchemaChoice = .auto, schemaForm: String = "",
        errorAllowance: ErrorAllowance = ErrorAllowance(), codes: CodeSettings? = nil,
        originals: OriginalsPolicy = .auto, results: ResultsPlace? = nil,
        fallbackEncoding: String = "windows-1252", sheet: String? = nil,
        rowsOnDeletion: RowsPolicy = .keep, retention: RetentionSettings = RetentionSettings()
    ) {
        self.settle = settle
        self.settleWithoutProof = settleWithoutProof
        self.openWriterTimeout = openWriterTimeout
        self.rescan = rescan
        self.poll = poll
        self.ignore = ignore
        self.isRecursive = isRecursive
        self.families = families
        self.limit = limit
        self.pdfSizeLimit = pdfSizeLimit
        self.tableSizeLimit = tableSizeLimit
        self.thumbnail = thumbnail
        self.pdfStages = pdfStages
        self.drawsPages = drawsPages
        self.schema = schema
        self.schemaForm = schemaForm
        self.errorAllowance = errorAllowance
        self.codes = codes
        self.originals = originals
        self.results = results
        self.fallbackEncoding = fallbackEncoding
        self.sheet = sheet
        self.rowsOnDeletion = rowsOnDeletion
        self.retention = retention
    }

    /// What decides how a table is imported, as one line.
    var importParameters: String {
        schema.parameters + (schemaForm.isEmpty ? "" : " form=\(schemaForm)")
            + errorAllowance.parameters
            // The list of tokens names their pictures.
            + (codes.map { " qr=\($0.limit)" } ?? "")
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

/// Whether `NAME.results/` holds the original.
public enum OriginalsPolicy: String, Sendable, Hashable, CaseIterable {
    /// A reflink of the blob where the file system can, else a copy.
    case auto
    /// Left out.
    case none
}
