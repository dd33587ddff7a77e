import Rules
import WorkerProtocol

/// Decides of each reply whether a worker may say that now, after all it said in this stage.
///
/// A worker reads bytes of strangers and may have been taken over by them: nothing it says is
/// passed on unlooked at. Rule: docs/threat-model.md, "What a worker can say".
struct ReplyCheck {
    static let artifactLimit = 25_000
    static let warningLimit = 100
    /// A page or a piece of a table gives one; there are at most 20,000 pages.
    static let progressLimit = 1_000_000
    /// Bytes of a text that is shown to people.
    static let textLimit = 2000

    enum Verdict {
        case pass(StageReply)
        /// True, but of no use to anyone.
        case drop
        /// The stage's last word.
        case last(WorkerOutcome)
    }

    private let request: StageRequest
    private let outputLimit: ByteCount
    private var output: Int64 = 0
    private var artifacts: Set<String> = []
    private var artifactIsOpen = false
    private var heading: TableHeading?
    /// The longest that a reader of ours has is `windows-1252`.
    private static let encodingLimit = 32
    /// Rule: docs/formats.md, "Status files".
    private static let delimiters: Set = [",", ";", "|", "tab"]
    private var rejects = 0
    private var warnings = 0
    private var progressReports = 0

    init(request: StageRequest, outputLimit: ByteCount) {
        self.request = request
        self.outputLimit = outputLimit
    }

    mutating func judge(_ reply: StageReply) throws(WorkerError) -> Verdict {
        switch reply {
        case .progress(let done, let total):
            progressReports += 1
            try demand(progressReports <= Self.progressLimit, "progress without end")
            return .pass(.progress(done: total == 0 ? done : min(done, total), total: total))
        case .artifactBegun(let name, let mediaType):
            try begin(name, mediaType)
        case .artifactBytes(let bytes):
            try demand(artifactIsOpen, "bytes of no artifact")
            try charge(bytes.count)
        case .artifactEnded:
            try demand(artifactIsOpen, "the end of no artifact")
            artifactIsOpen = false
        case .tableBegun(let heading):
            try begin(heading)
        case .rows(let batch):
            try take(batch)
        case .rejected(let reject):
            return .pass(.rejected(try clipped(reject)))
        case .warning(let text):
            warnings += 1
            guard warnings <= Self.warningLimit else { return .drop }
            return .pass(.warning(text.onOneLine.clipped(toBytes: Self.textLimit)))
        case .finished(let result):
            try finish(with: result)
            return .last(.finished(result))
        case .failed(let failure):
            return .last(.failed(try clipped(failure)))
        }
        return .pass(reply)
    }

    private mutating func begin(_ name: String, _ mediaType: String) throws(WorkerError) {
        try demand(!artifactIsOpen, "an artifact within another")
        if case .tableImport = request { try demand(heading != nil, "a file of no table") }
        if case .pages = request {
            try demand(request.makes(name), "a page that was not asked for")
        } else {
            try demand(ArtifactName.isSafe(name), "an artifact's name that is none")
            // Two stages of one document would else lay claim to one name in its results.
            try demand(request.makes(name), "an artifact that is not its stage's own")
        }
        try demand(ArtifactName.isMediaType(mediaType), "a media type that is none")
        try demand(artifacts.count < Self.artifactLimit, "too many artifacts")
        try demand(artifacts.insert(name).inserted, "the same artifact twice")
        artifactIsOpen = true
        try charge(name.utf8.count + mediaType.utf8.count)
    }

    private mutating func begin(_ heading: TableHeading) throws(WorkerError) {
        guard case .tableImport(let table) = request else {
            throw .lied("a table where none was asked for")
        }
        try demand(self.heading == nil, "a second table")
        try demand(!heading.columns.isEmpty, "a table without columns")
        try demand(heading.columns.count <= table.columnLimit, "more columns than are allowed")
        let distinct = Set(heading.columns)
        try demand(distinct.count == heading.columns.count, "the same column twice")
        if let name = heading.schema {
            let schema = table.schemas.first { $0.name == name }
            guard let schema, table.choice == .auto || table.choice == .named(name) else {
                throw .lied("a schema that was not offered")
            }
            let known = Set(schema.columns.map(\.name))
            try demand(distinct.isSubset(of: known), "a column that its schema lacks")
            try demand(
                distinct.isSuperset(of: heading.lacking), "a lack of what it does not have")
            try demand(
                heading.carriesRecords == (schema.duplicates == .reject),
                "records where none are wanted, or none where they are")
        } else {
            let mayInfer = table.choice == .auto || table.choice == .infer
            try demand(mayInfer, "a table without its schema")
            try demand(!heading.carriesRecords, "records where none are wanted")
        }
        if let sheet = heading.sheet {
            try demand(sheet.utf8.count <= Self.textLimit, "a sheet's name without end")
        }
        if let encoding = heading.encoding {
            try demand(encoding.utf8.count <= Self.encodingLimit, "an encoding's name without end")
        }
        if let delimiter = heading.delimiter {
            try demand(Self.delimiters.contains(delimiter), "a delimiter that is none")
        }
        self.heading = heading
        try charge(
            (heading.columns + heading.lacking).reduce(heading.sheet?.utf8.count ?? 0) {
                $0 + $1.utf8.count
            })
    }

    private mutating func take(_ batch: RowBatch) throws(WorkerError) {
        guard let fieldCount = heading?.fieldCount else { throw .lied("rows of no table") }
        let fits =
            batch.leastFieldCount == fieldCount && batch.greatestFieldCount == fieldCount
        try demand(fits || batch.rowCount == 0, "a row with other columns than its table")
        try charge(batch.bytes.count)
    }

    private mutating func clipped(_ reject: RowReject) throws(WorkerError) -> RowReject {
        try demand(heading != nil, "a reject of no table")
        rejects += 1
        try demand(rejects <= TableSummary.sampleLimit, "more rejects than are shown")
        return RowReject(
            row: reject.row, field: reject.field.clipped(toBytes: Self.textLimit),
            message: reject.message.onOneLine.clipped(toBytes: Self.textLimit),
            value: reject.value.clipped(toBytes: Self.textLimit))
    }

    private func finish(with result: StageResult) throws(WorkerError) {
        try demand(!artifactIsOpen, "done in the middle of an artifact")
        switch (request, result) {
        case (.info(let limit), .info(let summary)):
            // Later stages reckon with it: what is past the limit is refused, never counted.
            try demand(
                summary.pages >= 1 && summary.pages <= limit, "a number of pages that cannot be")
        case (.text, .text), (.thumbnail, .thumbnail):
            return
        case (.pages(let pages), .pages(let summary)):
            try check(summary, of: pages)
        case (.tableImport, .table(let summary)):
            guard let heading else { throw .lied("done with no table") }
            try demand(summary.errorCount <= summary.totalRows, "more bad rows than rows")
            let typed = heading.schema == nil ? heading.columns.count : 0
            try demand(summary.types.count == typed, "types of other columns than its table's")
            if heading.carriesRecords {
                try demand(
                    artifacts.contains(RowReject.artifactName), "no file for rows that come again")
            }
        case (.info, _), (.text, _), (.thumbnail, _), (.pages, _), (.tableImport, _):
            throw .lied("the result of another stage")
        }
    }

    /// Each page that was come to has its picture, or a reason why not.
    private func check(_ summary: PageSummary, of pages: PageRequest) throws(WorkerError) {
        try demand(
            (pages.first...(pages.last + 1)).contains(summary.end), "an end past the pages")
        var before = pages.first - 1
        var lost = 0
        for fault in summary.faults {
            try demand(
                fault.page > before && fault.page < summary.end, "a fault of no page")
            before = fault.page
            let isDrawn = artifacts.contains(PageRequest.artifactName(of: fault.page))
            try demand(isDrawn == fault.kind.hasPicture, "a fault that its page denies")
            if !isDrawn { lost += 1 }
        }
        try demand(
            artifacts.count == summary.end - pages.first - lost, "pages without their pictures")
    }

    private func clipped(_ failure: Failure) throws(WorkerError) -> Failure {
        try demand(failure.code.canBeSaid(of: request.stage), "an error code that is not its own")
        return Failure(
            failure.code, message: failure.message.onOneLine.clipped(toBytes: Self.textLimit),
            detail: failure.detail.onOneLine.clipped(toBytes: Self.textLimit))
    }

    private mutating func charge(_ count: Int) throws(WorkerError) {
        output += Int64(count)
        guard output <= outputLimit.bytes else { throw .outputTooLarge(limit: outputLimit) }
    }

    private func demand(_ isTrue: Bool, _ lie: String) throws(WorkerError) {
        guard isTrue else { throw .lied(lie) }
    }
}

extension ErrorCode {
    /// Whether a worker may give this as its reason; the rest is the daemon's to say.
    ///
    /// A worker taken over must not be able to say `store_full`: it would be run again for ever.
    func canBeSaid(of stage: StageName) -> Bool {
        switch self {
        case .timeout, .memoryExceeded, .outputTooLarge, .unsupportedType, .typeMismatch,
            .internalError:
            stage.runsInWorker
        case .pdfCorrupt, .pdfEncrypted, .pdfNoPages, .pdfTooManyPages:
            stage == .info || stage == .text || stage == .thumbnail || stage == .pages
        case .csvEncoding, .csvMalformed, .csvNoRows, .csvMissingColumns, .csvTooWide,
            .csvTooManyErrors, .excelCorrupt, .excelEncrypted, .emptyFile:
            stage == .tableImport
        case .tooLarge, .quotaExceeded, .notReadable, .notRemovable, .linkRefused, .notAFile,
            .nameRefused, .workerCrashed, .storeFull, .storeIO:
            false
        }
    }
}
