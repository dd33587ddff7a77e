import Catalog
import Glibc
import Imports
import Rules
import Store
import WorkerProtocol

/// Takes what a worker hands over in one stage: files into the store, rows into the account's database.
///
/// Belongs to the thread of the worker's slot. Whoever lets go of it unfinished has kept nothing but
/// blobs that no row names.
final class StageSink {
    /// The artifact that the stage `text` makes.
    private static let textName = "text.txt"
    /// More than `import.json` takes but for very wide tables.
    private static let recordSize = ByteCount(64 << 10)

    private let house: House
    private let document: DocumentRecord
    private let account: Account
    private let allowance: ErrorAllowance
    private(set) var artifacts: [ArtifactRecord] = []
    private(set) var warnings: [String] = []
    private(set) var rejects: [RowReject] = []
    private(set) var heading: TableHeading?
    /// Files that are on their way to being durable, on lanes of the store: nobody may be told of what
    /// was made before they are.
    private(set) var keeping: [LaneWork<Blob>] = []
    private var open: (name: String, mediaType: String, writer: BlobWriter)?
    /// The pages of the text that is being taken; nil for anything else.
    private var text: WholePages?
    private var importing: ImportTransaction?
    /// The rejects of a table to which the commit may add some.
    private var openRejects: BlobWriter?

    /// - Parameter allowance: how many rows of a table may be rejected.
    init(
        house: House, document: DocumentRecord, account: Account, allowance: ErrorAllowance
    ) {
        self.house = house
        self.allowance = allowance
        self.document = document
        self.account = account
    }

    /// Takes one reply; progress is not for it.
    func take(_ reply: StageReply) throws {
        switch reply {
        case .progress, .finished, .failed:
            break
        case .artifactBegun(let name, let mediaType):
            open = (name, mediaType, try house.store.begin(sizeHint: .zero))
            text = name == Self.textName ? WholePages() : nil
        case .artifactBytes(let bytes):
            try append(bytes)
        case .artifactEnded:
            guard let file = open else { return }
            try text?.finish { try write($0) }
            text = nil
            open = nil
            if heading?.carriesRecords == true {
                openRejects = file.writer
            } else {
                try beginKeeping(file.writer, name: file.name, mediaType: file.mediaType)
            }
        case .tableBegun(let heading):
            self.heading = heading
            importing = try house.imports.begin(
                account: account, document: document.id, collection: document.collection,
                fileName: document.fileName.description, heading: heading)
        case .rows(let batch):
            try importing?.append(batch)
        case .rejected(let reject):
            if rejects.count < TableSummary.sampleLimit { rejects.append(reject) }
        case .warning(let text):
            warnings.append(text)
        }
    }

    /// Brings the stage to its end: rows are committed, the daemon's own files made.
    ///
    /// - Parameters:
    ///   - ledger: who counts the rows, and admits them beside files that may become so large.
    ///   - onProgress: is told, often, how far rows have come on their way into the database.
    func output(
        of result: StageResult, ledger: (@escaping () -> ByteCount) -> ImportLedger,
        onProgress: @escaping (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws -> StageOutput {
        let members: [JSONValue.Member]
        switch result {
        case .info(let summary): members = StageResults.pdf(summary)
        case .text(let characters): members = StageResults.text(characters: characters)
        case .thumbnail(let count): members = StageResults.thumbnail(count: count)
        case .pages: preconditionFailure("pictures of pages are taken range by range")
        case .table(let summary): members = try importedTable(summary, ledger, onProgress)
        }
        return StageOutput(
            result: StageResults.kept(members), warnings: warnings, artifacts: artifacts)
    }

    /// What is whole of a text that broke off for good: its first pages, and a warning that tells of it.
    ///
    /// Nil where there is no such thing, and the failure is all there is to tell.
    func firstPages(before failure: Failure) throws -> StageOutput? {
        guard let text, let file = open, text.pages > 0, !text.isTorn,
            let why = failure.code.breakingOff
        else { return nil }
        open = nil
        try beginKeeping(file.writer, name: file.name, mediaType: file.mediaType)
        warnings.append(
            "The text ends after page \(text.pages): \(why) (\(failure.code.rawValue)).")
        let members = StageResults.text(characters: text.characters)
        return StageOutput(
            result: StageResults.kept(members), warnings: warnings, artifacts: artifacts)
    }

    private func importedTable(
        _ summary: TableSummary, _ ledger: (@escaping () -> ByteCount) -> ImportLedger,
        _ onProgress: @escaping (_ done: Int, _ total: Int) -> Void
    ) throws -> [JSONValue.Member] {
        guard let heading else {
            preconditionFailure("a worker that finishes a table has begun one: that was checked")
        }
        // Made room for beforehand: a store that is found full only then would have all rows committed
        // anew at each attempt.
        let record = try house.store.begin(sizeHint: Self.recordSize)
        let tokens = try beginTokens()
        for file in keeping { _ = try file.value() }
        keeping = []
        let files = artifacts.map(\.size).reduce(Self.recordSize + roomForTokens, +)
        // Rows that come again are added to the rejects before the commit.
        let rejects = openRejects
        let counts = try commitRows(
            summary, ledger { files + (rejects?.size ?? .zero) }, onProgress)
        try endRejects(of: summary.errorCount + counts.duplicatesRejected)
        let members = StageResults.table(summary, counts, heading: heading, rejects: self.rejects)
        let whole = JSONValue.object([.init("schema", .string("ingestd/import/1"))] + members)
        try append(whole.keyPerLine, to: record)
        keep(try record.finish(), name: "import.json", mediaType: "application/json")
        if counts.tokens > 0, let tokens { try addTokens(counts.tokens, to: tokens) }
        return members
    }

    /// Commits the rows; all of them are imported when this returns.
    private func commitRows(
        _ summary: TableSummary, _ ledger: ImportLedger,
        _ onProgress: @escaping (_ done: Int, _ total: Int) -> Void
    ) throws -> ImportCounts {
        guard let importing else { preconditionFailure("a table that was begun is being imported") }
        var errors = summary.errorCount
        let counts = try importing.commit(
            totalRows: summary.totalRows, errorCount: summary.errorCount, types: summary.types,
            now: house.surroundings.now(), ledger: ledger,
            onRepeated: { row in
                errors += 1
                try reject(row)
                if allowance.isPassed(by: errors) { try checkErrors(errors, of: summary) }
            },
            onAllRepeated: { try checkErrors(errors, of: summary) }, onProgress: onProgress)
        self.importing = nil
        house.surroundings.checkpoint(.rowsImported, document.path)
        return counts
    }

    /// Takes a row that the database did not.
    private func reject(_ row: RepeatedRow) throws {
        guard let heading, let openRejects else {
            throw ImportError.rowsRefused(reason: "rows came again that have no file to go to")
        }
        if rejects.count < TableSummary.sampleLimit {
            rejects.append(
                RowReject(row: row.row, field: row.field, message: row.message, value: ""))
        }
        let delimiter: Character =
            heading.delimiter == "tab" ? "\t" : heading.delimiter?.first ?? ","
        let field = CSVField(ours: row.field, delimiter: delimiter).text
        let message = CSVField(ours: row.message, delimiter: delimiter).text
        try row.record.withUnsafeBytes { try openRejects.append($0) }
        try append("\(row.row)\(delimiter)\(field)\(delimiter)\(message)\r\n", to: openRejects)
    }

    private func checkErrors(_ errors: Int, of summary: TableSummary) throws {
        let examples = rejects.prefix(3).map { reject in
            "Row \(reject.row): \(reject.field.isEmpty ? "it" : reject.field) \(reject.message)"
        }
        try allowance.check(errors: errors, of: summary.totalRows, examples: Array(examples))
    }

    /// Keeps the rejects to which the commit added some, if there are any.
    private func endRejects(of count: Int) throws {
        guard let openRejects else { return }
        self.openRejects = nil
        guard count > 0 else { return openRejects.discard() }
        keep(try openRejects.finish(), name: RowReject.artifactName, mediaType: "text/csv")
    }

    /// Which tokens the plan has drawn, and the list of them names.
    private var codes: CodeSettings? {
        document.stage(.qr).flatMap { CodeSettings(parameters: $0.plan.parameters) }
    }

    private var roomForTokens: ByteCount {
        guard let importing, let codes else { return importing?.roomForTokens ?? .zero }
        let drawn = min(codes.limit, importing.rowCount)
        // Rows without a picture have a comma.
        return importing.roomForTokens
            + ByteCount(drawn * TokensFile.codeNameRoom + importing.rowCount)
    }

    /// Begins `tokens.csv`, with room on disk for all of it; nil for a table without tokens.
    private func beginTokens() throws -> BlobWriter? {
        let size = roomForTokens
        guard size > .zero, let key = importing?.keyColumns else { return nil }
        let writer = try house.store.begin(sizeHint: size)
        try append(TokensFile.header(keyColumns: key, hasCodes: codes != nil), to: writer)
        return writer
    }

    /// Writes the rest of it: one line for each row that this document brought in.
    ///
    /// - Parameter count: how many those were at the commit; later there are no more of them.
    private func addTokens(_ count: Int, to writer: BlobWriter) throws {
        var file = TokensFile(writer, hasCodes: codes != nil)
        // Which rows come first is asked only where not all are drawn.
        let limit = codes.flatMap { $0.limit < count ? $0.limit : nil }
        try house.imports.forEachToken(account: account, document: document.id, first: limit) {
            try file.add($0)
        }
        try file.end()
        keep(try writer.finish(), name: TokensFile.name, mediaType: "text/csv")
    }

    /// Ends an import that does not come to its commit.
    func abandon() {
        importing?.cancel()
        importing = nil
        open?.writer.discard()
        open = nil
        openRejects?.discard()
        openRejects = nil
    }

    private func append(_ bytes: [UInt8]) throws {
        guard text != nil else { return try write(bytes[...]) }
        try text?.take(bytes) { try write($0) }
    }

    private func write(_ bytes: ArraySlice<UInt8>) throws {
        try bytes.withUnsafeBytes { try open?.writer.append($0) }
    }

    private func append(_ text: String, to writer: BlobWriter) throws {
        try Array(text.utf8).withUnsafeBytes { try writer.append($0) }
    }

    /// Begins to make a whole file durable; the slot's worker goes on meanwhile.
    private func beginKeeping(_ writer: BlobWriter, name: String, mediaType: String) throws {
        guard let digest = writer.digest else {
            preconditionFailure("a SHA-256 has its length")
        }
        keep(Blob(digest: digest, size: writer.size), name: name, mediaType: mediaType)
        // The disk has it by the time it is asked to sync.
        writer.beginWriteback()
        keeping.append(house.lanes.begin { try writer.finish() })
    }

    private func keep(_ blob: Blob, name: String, mediaType: String) {
        artifacts.append(
            ArtifactRecord(name: name, digest: blob.digest, size: blob.size, mediaType: mediaType))
    }
}
