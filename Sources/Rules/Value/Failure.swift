/// The stable name of a way to fail, as status files, logs and metrics bear it.
///
/// Rule: docs/formats.md, "Error codes".
public enum ErrorCode: String, Sendable, Hashable, CaseIterable {
    // Before the claim.
    case tooLarge = "too_large"
    case emptyFile = "empty_file"
    case unsupportedType = "unsupported_type"
    case typeMismatch = "type_mismatch"
    case quotaExceeded = "quota_exceeded"
    case notReadable = "not_readable"
    case notRemovable = "not_removable"
    case linkRefused = "link_refused"
    case notAFile = "not_a_file"
    case nameRefused = "name_refused"
    // PDF.
    case pdfCorrupt = "pdf_corrupt"
    case pdfEncrypted = "pdf_encrypted"
    case pdfNoPages = "pdf_no_pages"
    case pdfTooManyPages = "pdf_too_many_pages"
    // Import.
    case csvEncoding = "csv_encoding"
    case csvMalformed = "csv_malformed"
    case csvNoRows = "csv_no_rows"
    case csvMissingColumns = "csv_missing_columns"
    case csvTooWide = "csv_too_wide"
    case csvTooManyErrors = "csv_too_many_errors"
    case excelCorrupt = "excel_corrupt"
    case excelEncrypted = "excel_encrypted"
    // Running.
    case timeout
    case workerCrashed = "worker_crashed"
    case memoryExceeded = "memory_exceeded"
    case outputTooLarge = "output_too_large"
    case storeFull = "store_full"
    case storeIO = "store_io"
    case internalError = "internal"

    /// What, if anything, another attempt may change.
    public var remedy: Remedy {
        switch self {
        case .tooLarge, .emptyFile, .unsupportedType, .typeMismatch, .quotaExceeded, .notReadable,
            .notRemovable,
            .linkRefused, .notAFile, .nameRefused, .pdfCorrupt, .pdfEncrypted, .pdfNoPages,
            .pdfTooManyPages,
            .csvEncoding, .csvMalformed, .csvNoRows, .csvMissingColumns, .csvTooWide,
            .csvTooManyErrors, .excelCorrupt, .excelEncrypted, .outputTooLarge:
            .none
        case .timeout, .workerCrashed, .memoryExceeded: .onceMoreAlone
        case .storeFull, .storeIO: .whenStoreRecovers
        case .internalError: .waiting
        }
    }
}

/// How a failed attempt may be mended.
public enum Remedy: Sendable, Hashable {
    /// The content or the owner's action decides; the same attempt would fail again.
    case none
    /// The document took its worker down: one more attempt, with no other beside it.
    case onceMoreAlone
    /// Something of ours was in the way for a moment: backoff, up to the schedule's end.
    case waiting
    /// The store cannot take writes: wait for it, and spend nobody's attempt.
    case whenStoreRecovers
}

/// One failure, told to everybody whom it concerns.
public struct Failure: Error, Sendable, Hashable {
    public var code: ErrorCode
    /// For the owner: what became of the file and what to do next. Names no path but their own.
    public var message: String
    /// For the operator: `<what was attempted>: <why>`, one line, no full stop.
    public var detail: String

    public init(_ code: ErrorCode, message: String, detail: String) {
        self.code = code
        self.message = message
        self.detail = detail
    }

    public var retryable: Bool { code.remedy != .none }
}

/// An error of one room that can say what it means for a document.
public protocol DocumentError: Error, Sendable {
    var failure: Failure { get }
}
extension Failure: DocumentError {
    public var failure: Failure { self }
}
