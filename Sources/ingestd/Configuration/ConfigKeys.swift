/// The keys at the top of the file.
enum ConfigKey: String, CaseIterable {
    case state, inboxes, limits, workers, stages
    case stopTimeout = "stop_timeout"
    case trash, log
}

/// The keys of one inbox.
enum InboxKey: String, CaseIterable {
    case path, settle
    case settleWithoutProof = "settle_without_proof"
    case openWriterTimeout = "open_writer_timeout"
    case rescan, poll, ignore, recursive
    case pdfSizeLimit = "pdf_size_limit"
    case tableSizeLimit = "table_size_limit"
    case thumbnail, pages, schema, originals
    case fallbackEncoding = "fallback_encoding"
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
    case users
}

/// The keys of one limit.
enum LimitKey: String, CaseIterable {
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
