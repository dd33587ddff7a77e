import Rules
import WorkerProtocol

/// Runs the stages that a worker is asked for, one after the other, over one blob.
///
/// The document stays open between them: what one stage has read, the next need not read again.
public final class StageTable {
    /// Pages that a PDF may have where a request does not bound it.
    static let pageLimit = 1_000_000

    private let descriptor: Int32
    private let limits: StageLimits
    private var document: PDFDocument?
    private var readiness: PDFReadiness?
    private let signs = LifeSigns()

    /// Reads `descriptor` by position only, and leaves it open.
    ///
    /// - Parameter readiness: what was made ready for one document; must have served none yet.
    public init(
        descriptor: Int32, limits: StageLimits = StageLimits(), readiness: PDFReadiness? = nil
    ) {
        self.descriptor = descriptor
        self.limits = limits
        self.readiness = readiness
    }

    /// Runs one stage; its last reply is `finished` or `failed`.
    ///
    /// - Throws: what `send` throws, and nothing else.
    public func run(
        _ request: StageRequest, send: (StageReply) throws -> Void
    ) throws {
        let result: StageResult
        do {
            result = try signs.during(send) { try perform(request, send: $0) }
        } catch let error as any DocumentError {
            return try send(.failed(error.failure))
        }
        try send(.finished(result))
    }

    private func perform(
        _ request: StageRequest, send: (StageReply) throws -> Void
    ) throws -> StageResult {
        switch request {
        case .info(let pageLimit):
            return .info(
                try Info.run(on: try opened(pageLimit: pageLimit), limits: limits, send: send))
        case .text(let pageLimit, let byteLimit):
            let document = try opened(pageLimit: Self.pageLimit)
            return .text(
                characters: try Text.run(
                    on: document, pageLimit: pageLimit, byteLimit: byteLimit, limits: limits,
                    send: send))
        case .thumbnail(let settings):
            try Thumbnail.run(
                on: try opened(pageLimit: Self.pageLimit), settings: settings, limits: limits,
                send: send)
            return .thumbnail(count: 1)
        case .pages(let request):
            return .pages(
                try Pages.run(
                    on: try opened(pageLimit: Self.pageLimit), request, limits: limits, send: send))
        case .tableImport(let request):
            return .table(try TableImport.run(request, descriptor: descriptor, send: send))
        }
    }

    private func opened(pageLimit: Int) throws(StageError) -> PDFDocument {
        let document: PDFDocument
        if let open = self.document {
            document = open
        } else {
            // A reader that opened a file in vain is not used again.
            let reader: PDFReader
            if let ready = readiness?.reader {
                readiness = nil
                reader = ready
            } else {
                reader = try PDFReader(memoryLimit: limits.memory)
            }
            reader.tellOfWork(signs, every: limits.signInterval)
            document = try PDFDocument(
                descriptor: descriptor, pageLimit: pageLimit, memoryLimit: limits.memory,
                reader: reader)
            self.document = document
        }
        guard document.pageCount <= pageLimit else {
            throw .tooManyPages(document.pageCount, limit: pageLimit)
        }
        return document
    }
}
