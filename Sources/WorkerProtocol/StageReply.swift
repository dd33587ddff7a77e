import Rules

/// What a worker tells the daemon, in this order: any number of the first seven, then one `finished` or `failed`.
public enum StageReply: Sendable, Hashable {
    /// How much is done, in the stage's own unit (pages, bytes); `total` is zero where it is not known yet.
    case progress(done: Int, total: Int)
    /// A file of the stage's begins; one is open at a time.
    case artifactBegun(name: String, mediaType: String)
    case artifactBytes([UInt8])
    case artifactEnded
    /// Before any row: which table the rows go to.
    case tableBegun(TableHeading)
    case rows(RowBatch)
    /// A row that was not taken; only the first ``TableSummary/sampleLimit`` are told one by one.
    case rejected(RowReject)
    /// Something the owner should know though the stage goes on.
    case warning(String)
    case finished(StageResult)
    case failed(Failure)

    private enum Kind: UInt8 {
        case progress = 16
        case artifactBegun, artifactBytes, artifactEnded, tableBegun, rows, rejected, warning,
            finished, failed
    }

    /// The reply as a whole frame.
    public func encoded() -> [UInt8] {
        var wire = WireWriter()
        switch self {
        case .progress(let done, let total):
            wire.put(done)
            wire.put(total)
            return frame(.progress, wire)
        case .artifactBegun(let name, let mediaType):
            wire.put(name)
            wire.put(mediaType)
            return frame(.artifactBegun, wire)
        case .artifactBytes(let bytes):
            return Frame.encode(kind: Kind.artifactBytes.rawValue, payload: bytes)
        case .artifactEnded:
            return frame(.artifactEnded, wire)
        case .tableBegun(let heading):
            heading.write(to: &wire)
            return frame(.tableBegun, wire)
        case .rows(let batch):
            return Frame.encode(kind: Kind.rows.rawValue, payload: batch.bytes)
        case .rejected(let reject):
            reject.write(to: &wire)
            return frame(.rejected, wire)
        case .warning(let text):
            wire.put(text)
            return frame(.warning, wire)
        case .finished(let result):
            result.write(to: &wire)
            return frame(.finished, wire)
        case .failed(let failure):
            wire.put(failure.code.rawValue)
            wire.put(failure.message)
            wire.put(failure.detail)
            return frame(.failed, wire)
        }
    }

    public init(kind: UInt8, payload: ArraySlice<UInt8>) throws(WireError) {
        guard let kind = Kind(rawValue: kind) else { throw WireError("no such reply") }
        var wire = WireReader(payload)
        switch kind {
        case .progress: self = .progress(done: try wire.count(), total: try wire.count())
        case .artifactBegun:
            self = .artifactBegun(name: try wire.text(), mediaType: try wire.text())
        case .artifactBytes:
            self = .artifactBytes(Array(payload))
            return
        case .artifactEnded: self = .artifactEnded
        case .tableBegun: self = .tableBegun(try TableHeading(&wire))
        case .rows:
            self = .rows(try RowBatch(validating: payload))
            return
        case .rejected: self = .rejected(try RowReject(&wire))
        case .warning: self = .warning(try wire.text())
        case .finished: self = .finished(try StageResult(&wire))
        case .failed:
            guard let code = ErrorCode(rawValue: try wire.text()) else {
                throw WireError("no such error code")
            }
            self = .failed(Failure(code, message: try wire.text(), detail: try wire.text()))
        }
        try wire.finish()
    }

    private func frame(_ kind: Kind, _ wire: WireWriter) -> [UInt8] {
        Frame.encode(kind: kind.rawValue, payload: wire.bytes)
    }
}

/// What a stage found out, beside the files it made.
public enum StageResult: Sendable, Hashable {
    case info(PDFSummary)
    /// Characters of text, form feeds not counted.
    case text(characters: Int)
    case thumbnail(count: Int)
    case table(TableSummary)
    case pages(PageSummary)

    fileprivate func write(to wire: inout WireWriter) {
        switch self {
        case .info(let summary):
            wire.put(UInt8(1))
            summary.write(to: &wire)
        case .text(let characters):
            wire.put(UInt8(2))
            wire.put(characters)
        case .thumbnail(let count):
            wire.put(UInt8(3))
            wire.put(count)
        case .table(let summary):
            wire.put(UInt8(4))
            summary.write(to: &wire)
        case .pages(let summary):
            wire.put(UInt8(5))
            summary.write(to: &wire)
        }
    }

    fileprivate init(_ wire: inout WireReader) throws(WireError) {
        switch try wire.byte() {
        case 1: self = .info(try PDFSummary(&wire))
        case 2: self = .text(characters: try wire.count())
        case 3: self = .thumbnail(count: try wire.count())
        case 4: self = .table(try TableSummary(&wire))
        case 5: self = .pages(try PageSummary(&wire))
        default: throw WireError("no such result")
        }
    }
}

/// What a status file says of a PDF; `info.json` has the rest.
public struct PDFSummary: Sendable, Hashable {
    /// The keys that ``metadata`` may have, in the order in which they are written.
    public static let metadataKeys = [
        "title", "author", "subject", "keywords", "creator", "producer", "created", "modified",
    ]

    public var pages: Int
    /// Only keys of ``metadataKeys``; what the PDF does not say is absent. Dates are RFC 3339.
    public var metadata: [String: String]

    public init(pages: Int, metadata: [String: String]) {
        self.pages = pages
        self.metadata = metadata
    }

    fileprivate func write(to wire: inout WireWriter) {
        wire.put(pages)
        for key in Self.metadataKeys { wire.put(metadata[key]) }
    }

    fileprivate init(_ wire: inout WireReader) throws(WireError) {
        pages = try wire.count()
        metadata = [:]
        for key in Self.metadataKeys { metadata[key] = try wire.optionalText() }
    }
}
