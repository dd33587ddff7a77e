import Rules
import WorkerProtocol

/// The stage that says what a PDF is: `info.json`.
///
/// Rule: docs/formats.md, "info.json".
enum Info {
    /// What a status file and `info.json` hold of one piece of metadata; longer text is cut.
    static let textLimit = 4096
    /// Runs of pages of one size; a document with more has its first ones told.
    static let sizeRunLimit = 1000

    static func run(
        on document: PDFDocument, limits: StageLimits, send: (StageReply) throws -> Void
    ) throws -> PDFSummary {
        document.reader.setDeadline(limits.softDeadline)
        defer { document.reader.setDeadline(nil) }
        for warning in document.warnings { try send(.warning(warning)) }
        let summary = PDFSummary(pages: document.pageCount, metadata: metadata(of: document))
        try withoutActuallyEscaping(send) { send in
            var artifact = try ArtifactSender(
                name: "info.json", mediaType: "application/json", send: send)
            try artifact.append(json(of: document, summary: summary).keyPerLine.utf8)
            try artifact.end()
        }
        return summary
    }

    private static func json(of document: PDFDocument, summary: PDFSummary) -> JSONValue {
        let sizes = sizeRuns(of: document)
        let outline = PDFOutline.entries(of: document)
        let attachments = PDFAttachments.names(in: document)
        let incomplete = [
            ("page_sizes", sizes.isCut), ("outline", outline.isCut),
            ("attachments", attachments.isCut),
        ].filter(\.1).map { JSONValue.string($0.0) }
        let metadata = PDFSummary.metadataKeys.compactMap { key in
            summary.metadata[key].map { JSONValue.Member(key, .string($0)) }
        }
        return .object([
            .init("schema", .string("ingestd/info/1")),
            .init("pages", .count(summary.pages)),
            .init("pdf_version", .text(document.reader.version)),
            .init("metadata", .object(metadata)),
            .init("encryption", encryption(of: document)),
            .init("page_sizes", .array(sizes.list.map(\.json))),
            .init("outline", .array(outline.list.map(\.json))),
            .init("attachments", .array(attachments.list.map(JSONValue.string))),
            // The lists above that are longer in the file than here, or that it garbles.
            .init("incomplete", .array(incomplete)),
        ])
    }

    // MARK: Metadata

    private static let textKeys = [
        ("title", "Title"), ("author", "Author"), ("subject", "Subject"),
        ("keywords", "Keywords"), ("creator", "Creator"), ("producer", "Producer"),
    ]
    private static let dateKeys = [("created", "CreationDate"), ("modified", "ModDate")]

    /// What the PDF says of itself; an entry that cannot be read is as good as absent.
    private static func metadata(of document: PDFDocument) -> [String: String] {
        var metadata: [String: String] = [:]
        for (name, key) in textKeys + dateKeys {
            metadata[name] = leniently(else: nil) { () throws(StageError) in
                try document.reader.trailer()["Info"]?[key]?.text(limit: textLimit)
            }
        }
        for (name, _) in dateKeys {
            metadata[name] = metadata[name].flatMap(PDFDate.rfc3339)
        }
        return metadata
    }

    // MARK: Encryption

    /// The names of the permission bits. Rule: ISO 32000-1, table 22.
    private static let permissions: [(name: String, bit: Int32)] = [
        ("print", 1 << 2), ("modify", 1 << 3), ("copy", 1 << 4), ("annotate", 1 << 5),
        ("fill_forms", 1 << 8), ("accessibility", 1 << 9), ("assemble", 1 << 10),
        ("print_high_quality", 1 << 11),
    ]

    private static func encryption(of document: PDFDocument) -> JSONValue {
        let protection = leniently(else: nil) { () throws(StageError) in
            try document.reader.protection()
        }
        guard let protection else { return .null }
        return .object([
            .init("method", .string(protection.method)),
            .init("key_bits", .count(protection.bits)),
            .init("revision", .count(protection.revision)),
            .init(
                "permissions",
                .object(
                    permissions.map { permission in
                        .init(permission.name, .bool(protection.permissions & permission.bit != 0))
                    })),
        ])
    }

    // MARK: Page sizes

    /// Pages in a row that have the same size.
    private struct SizeRun {
        /// Counted from one.
        var first: Int
        var count = 1
        /// Thousandths of a point; nil where the size cannot be read.
        var size: [Int64]?

        var json: JSONValue {
            let points = size?.map { JSONValue.decimal(Double($0) / 1000) } ?? [.null, .null]
            return .object([
                .init("first", .count(first)), .init("count", .count(count)),
                .init("width", points[0]), .init("height", points[1]),
            ])
        }
    }

    private static func sizeRuns(of document: PDFDocument) -> BoundedList<SizeRun> {
        var runs = BoundedList<SizeRun>()
        for page in 0..<document.pageCount {
            // In a broken tree each page is looked for from the root.
            guard !document.reader.deadlinePassed else {
                runs.isCut = true
                break
            }
            let size = leniently(else: nil) { () throws(StageError) in
                let (width, height) = try document.reader.pageSize(page)
                return [width, height].compactMap(thousandths)
            }.flatMap { $0.count == 2 ? $0 : nil }
            if let last = runs.list.indices.last, runs.list[last].size == size {
                runs.list[last].count += 1
            } else if runs.list.count < sizeRunLimit {
                runs.list.append(SizeRun(first: page + 1, size: size))
            } else {
                runs.isCut = true
                break
            }
        }
        return runs
    }

    private static func thousandths(_ points: Float) -> Int64? {
        let value = (Double(points) * 1000).rounded()
        // Past this a number is no size, and JSON readers would no longer hold it exactly.
        return value.isFinite && abs(value) < 1e15 ? Int64(value) : nil
    }
}

/// A list that stops at its bound, and says so.
struct BoundedList<Element> {
    var list: [Element] = []
    var isCut = false
}

/// Reads something a PDF can well do without: what is damaged there is left out, and the rest goes
/// on.
func leniently<Value>(else fallback: Value, _ read: () throws(StageError) -> Value) -> Value {
    do { return try read() } catch { return fallback }
}
