import CSV
import Rules
import WorkerProtocol

/// The stage `import`: reads a table and sends its rows.
///
/// The file is read twice, in pieces: once to tell its encoding, once to parse. Memory is flat in
/// its length.
public enum TableImport {
    /// Bytes between two reports of progress.
    private static let progressStep = 1 << 20

    /// Runs the stage over the blob on `descriptor`.
    ///
    /// - Parameter send: takes each reply in order; what it throws ends the stage.
    /// - Returns: the summary, for the caller to send as the result.
    /// - Throws: ``Failure`` with a code of docs/formats.md, "Error codes", and what `send` throws.
    public static func run(
        _ request: TableRequest, descriptor: Int32, send: (StageReply) throws -> Void
    ) throws -> TableSummary {
        guard let fallback = TextEncoding(name: request.fallbackEncoding) else {
            throw TableError.unknownEncoding(name: request.fallbackEncoding).failure
        }
        let source = try TableSource(descriptor: descriptor)
        if request.isWorkbook {
            return try WorkbookImport.run(request, source: source, fallback: fallback, send: send)
        }
        var text = try TableText(source, fallback: fallback)
        do {
            let summary = try importRows(&text, request, send: send)
            for warning in warnings(text) { try send(.warning(warning)) }
            return summary
        } catch let error as CSVError {
            let place = try text.place(ofTextByte: error.offset)
            throw TableError.unreadable(error, place: place, columnLimit: limits(request).columns)
                .failure
        } catch let error as SchemaError {
            throw error.failure
        }
    }

    private static func importRows(
        _ text: inout TableText, _ request: TableRequest, send: (StageReply) throws -> Void
    ) throws -> TableSummary {
        let sample = try text.sample()
        let isWhole = text.end <= TableSource.chunkLength
        let dialect = sample.withUnsafeBytes {
            CSVDialect.sniff($0, isWhole: isWhole, limits: limits(request))
        }
        text.skipPrefix(dialect.prefixLength)

        var reader = CSVReader(delimiter: dialect.delimiter, limits: limits(request))
        var layout: TableLayout?
        var rows: TableRows?
        var reported = 0
        while !text.isAtEnd {
            try text.feed(&reader)
            while let record = try reader.next() {
                guard let layout else {
                    layout = try TableLayout(
                        header: TableHeader(record), request: request,
                        reading: TableLayout.Reading(
                            widest: dialect.widest, encoding: text.verdict.encoding.rawValue,
                            delimiter: dialect.name))
                    continue
                }
                if rows == nil {
                    if layout.passesOver(record) { continue }
                    for warning in layout.warnings { try send(.warning(warning)) }
                    rows = TableRows(
                        layout: layout, delimiter: dialect.delimiter, allowance: request.allowance)
                    try rows?.begin(send: send)
                }
                try rows?.take(record, send: send)
            }
            if text.offset - reported >= progressStep || text.isAtEnd {
                reported = text.isAtEnd ? text.source.length : text.offset
                try send(.progress(done: reported, total: text.source.length))
            }
        }
        guard layout != nil else { throw TableError.noRecords.failure }
        guard rows != nil else { throw TableError.noRows.failure }
        try rows?.finish(send: send)
        return rows?.summary ?? TableSummary(totalRows: 0, errorCount: 0)
    }

    /// The names of a heading are bounded by the protocol too.
    static func limits(_ request: TableRequest) -> CSVLimits {
        CSVLimits(columns: min(max(request.columnLimit, 1), 10_000))
    }

    private static func warnings(_ text: TableText) -> [String] {
        var warnings: [String] = []
        if text.verdict.certainty == .guessed {
            warnings.append(
                "The file does not tell its encoding; it was read as "
                    + "\(text.verdict.encoding.rawValue). If letters look wrong, save it as UTF-8 "
                    + "and drop it again.")
        }
        switch text.replacementCount {
        case 0: break
        case 1: warnings.append("One damaged character was replaced by \u{fffd}.")
        case let count: warnings.append("\(count) damaged characters were replaced by \u{fffd}.")
        }
        return warnings
    }
}

extension TableHeader {
    /// The names that the first record of a table holds.
    init(_ record: CSVRecord) {
        self.init((0..<record.count).map { String(decoding: record[$0], as: UTF8.self) })
    }
}
