import Catalog
import Imports
import Rules
import WorkerProtocol

/// What each stage found out, in the form in which the catalogue keeps it and status files show it.
///
/// Each stage gives members of the document's `result`; a document's result is all of them together.
enum StageResults {
    static func pdf(_ summary: PDFSummary) -> [JSONValue.Member] {
        let metadata = PDFSummary.metadataKeys.map { key in
            JSONValue.Member(key, .text(summary.metadata[key]))
        }
        return [.init("pages", .count(summary.pages)), .init("metadata", .object(metadata))]
    }

    /// How many pages a PDF has, as its `info` was kept; nil for other results.
    static func pageCount(in kept: String?) -> Int? {
        count(pagesKey, in: kept)
    }

    /// How many pictures a stage made, as it was kept; nil for other results.
    static func pictureCount(in kept: String?) -> Int? { count(thumbnailsKey, in: kept) }

    /// They come first, so that nothing the file says stands before them.
    private static let pagesKey = "{\"pages\":"
    private static let thumbnailsKey = "{\"thumbnails\":"
    private static let codesKey = "{\"qr_codes\":"

    /// How many tokens were drawn, as it was kept; nil for other results.
    static func codeCount(in kept: String?) -> Int? { count(codesKey, in: kept) }

    private static func count(_ key: String, in kept: String?) -> Int? {
        guard let kept, kept.hasPrefix(key) else { return nil }
        let number = kept.dropFirst(key.count).drop { $0 == " " }
        return Int(number.prefix { ("0"..."9").contains($0) })
    }

    static func text(characters: Int) -> [JSONValue.Member] {
        [.init("text_characters", .count(characters))]
    }

    static func thumbnail(count: Int) -> [JSONValue.Member] {
        [.init("thumbnails", .count(count))]
    }

    /// Pictures of pages; a document's result counts them together with the cover.
    static func pages(count: Int) -> [JSONValue.Member] { thumbnail(count: count) }

    /// Pictures of tokens.
    static func codes(count: Int) -> [JSONValue.Member] { [.init("qr_codes", .count(count))] }

    static func table(
        _ summary: TableSummary, _ counts: ImportCounts, heading: TableHeading, rejects: [RowReject]
    ) -> [JSONValue.Member] {
        // Nobody says the types of a schema's columns but its definition.
        let types =
            heading.schema == nil
            ? [JSONValue.Member("column_types", .array(summary.types.map { .string($0.name) }))]
            : []
        return [
            .init("table_schema", .string(heading.schema ?? "infer")),
            .init("table", .string(counts.table)),
            .init("columns", .array(heading.columns.map(JSONValue.string))),
        ] + types + [
            .init("total_rows", .count(summary.totalRows)),
            .init("processed_count", .count(counts.processedCount)),
            .init("updated_count", .count(counts.updatedCount)),
            .init("error_count", .count(summary.errorCount + counts.duplicatesRejected)),
            .init("duplicates_skipped", .count(counts.duplicatesSkipped)),
            .init("tokens", .count(counts.tokens)),
            .init("encoding", .text(heading.encoding)),
            .init("delimiter", .text(heading.delimiter)),
            .init("sheet", .text(heading.sheet)),
            .init("errors", .array(rejects.map(reject))),
        ]
    }

    /// The text that a stage's members are kept as.
    static func kept(_ members: [JSONValue.Member]) -> String { JSONValue.object(members).compact }

    /// The whole result of a document: what its stages found out, how long it took, and the files.
    static func document(
        _ record: DocumentRecord, files: [ArtifactRecord], seconds: Double
    ) -> String {
        let pictures = record.stages.compactMap { count(thumbnailsKey, in: $0.result) }
        var found = record.stages.map(\.result).filter { count(thumbnailsKey, in: $0) == nil }
            .compactMap { $0 }
        if !pictures.isEmpty { found.append(kept(thumbnail(count: pictures.reduce(0, +)))) }
        let members = found.map { $0.dropFirst().dropLast() }.filter { !$0.isEmpty }
        let rest = JSONValue.object([
            .init("processing_seconds", .decimal(seconds)),
            .init("files", .array(files.map(file))),
        ]).compact
        return "{" + (members.map(String.init) + [String(rest.dropFirst())]).joined(separator: ", ")
    }

    private static func file(_ artifact: ArtifactRecord) -> JSONValue {
        .object([
            .init("name", .string(artifact.name)),
            .init("size", .integer(artifact.size.bytes)),
            .init("media_type", .string(artifact.mediaType)),
        ])
    }

    private static func reject(_ reject: RowReject) -> JSONValue {
        .object([
            .init("row", .count(reject.row)),
            .init("field", .string(reject.field)),
            .init("message", .string(reject.message)),
            .init("value", .string(reject.value)),
        ])
    }
}
