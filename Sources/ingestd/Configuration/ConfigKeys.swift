/// The keys at the top of the file.
enum ConfigKey: String, CaseIterable {
    case state, inboxes, schemas, limits, workers, stages
    case stopTimeout = "stop_timeout"
    case trash, log
}

/// The keys of one inbox.
enum InboxKey: String, CaseIterable {
    case path, settle
    case settleWithoutProof = "settle_without_proof"
    case openWriterTimeout = "open_writer_timeout"
    case rescan, poll, ignore, recursive, kinds, limits
    case pdfSizeLimit = "pdf_size_limit"
    case tableSizeLimit = "table_size_limit"
    case thumbnail, pages, stages, schema
    case maxErrors = "max_errors"
    case maxErrorRatio = "max_error_ratio"
    case qr
    case qrLimit = "qr_limit"
    case originals, results
    case fallbackEncoding = "fallback_encoding"
    case sheet
    case onDelete = "on_delete"
    case keep
    case keepVersions = "keep_versions"
    case keepStatus = "keep_status"
}

/// The keys of an inbox's `thumbnail`.
enum ThumbnailKey: String, CaseIterable {
    case page, width, height, quality
}

/// The keys of `limits`.
enum LimitsKey: String, CaseIterable {
    case standard = "default"
    case users, groups
}

/// The keys of one limit.
enum LimitKey: String, CaseIterable {
    case bytes, files, derived
}

/// The keys of an inbox's limits.
enum InboxLimitKey: String, CaseIterable {
    case bytes, files
}

/// The keys of `workers`.
enum WorkersKey: String, CaseIterable {
    case count, program, user
    case requireLandlock = "require_landlock"
}

/// The keys of `stages`: those that run in a worker.
enum StagesKey: String, CaseIterable {
    case info, text, thumbnail, pages
    case tableImport = "import"
}

/// The keys of one stage.
enum StageKey: String, CaseIterable {
    case soft, hard, memory, output, pages
}

/// The keys of `log`.
enum LogKey: String, CaseIterable {
    case format, level
}

/// The keys of one schema.
enum SchemaKey: String, CaseIterable {
    case table, columns, key, duplicates, tokens
}

/// The keys of one column of a schema.
enum ColumnKey: String, CaseIterable {
    case aliases, type, required, transform, length, pattern, range, allowed
    case standard = "default"
}

/// The keys of a column's `length` and `range`.
enum BoundsKey: String, CaseIterable {
    case min, max
}
