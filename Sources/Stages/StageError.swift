import Rules

/// Why a stage could not read what it was given.
enum StageError: DocumentError, Hashable {
    /// `attempt` names the step that met bytes it could not read.
    case corrupt(attempt: String)
    /// Parts of a page were left out.
    case incomplete(attempt: String)
    case encrypted
    case noPages
    case tooManyPages(Int, limit: Int)
    case memoryExceeded(attempt: String)
    /// The descriptor handed to the worker could not be looked at.
    case blobUnreadable(errno: Int32)
    /// The daemon asked for a picture that no document could fill.
    case pictureRefused(width: Int, height: Int, quality: Int)

    var failure: Failure {
        switch self {
        case .corrupt(let attempt):
            Failure(
                .pdfCorrupt,
                message: "The PDF is damaged and cannot be read. Make it anew from its source, "
                    + "or open and save it in a PDF program, and drop it again.",
                detail: "\(attempt): the bytes are not a readable PDF")
        case .incomplete(let attempt):
            Failure(
                .pdfCorrupt,
                message: "Parts of the PDF are damaged and were left out. Make it anew from its "
                    + "source and drop it again.",
                detail: "\(attempt): some of the content was left out")
        case .encrypted:
            Failure(
                .pdfEncrypted,
                message: "The PDF is locked with a password. Save a copy without the password "
                    + "and drop that.",
                detail: "open PDF: encrypted, and not with the empty password")
        case .noPages:
            Failure(
                .pdfNoPages,
                message: "The PDF has no pages. Check the program that made it and drop a new one.",
                detail: "count pages: the page tree is sound and empty")
        case .tooManyPages(let count, let limit):
            Failure(
                .pdfTooManyPages,
                message: "The PDF says that it has \(count) pages; \(limit) are allowed. "
                    + "Split it and drop the parts.",
                detail: "count pages: \(count) is over the limit of \(limit)")
        case .memoryExceeded(let attempt):
            Failure(
                .memoryExceeded,
                message: "Reading the PDF takes more memory than one file may use. "
                    + "Save it again in a PDF program, in parts if it is large, and drop that.",
                detail: "\(attempt): the worker's memory limit is reached")
        case .blobUnreadable(let errno):
            Failure(
                .internalError,
                message: "The file could not be looked at. It is tried again by itself.",
                detail: "look at descriptor 0: errno \(errno)")
        case .pictureRefused(let width, let height, let quality):
            Failure(
                .internalError,
                message: "The preview's settings are out of range. Tell the operator.",
                detail: "draw thumbnail: box \(width)x\(height) at quality \(quality) is refused")
        }
    }
}
