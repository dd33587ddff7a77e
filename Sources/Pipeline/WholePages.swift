import Rules
import Store

/// Takes a PDF's text as it comes and writes it page by page, so that what is written is whole if no more comes.
///
/// A form feed stands at the end of each page and nowhere else.
struct WholePages {
    /// Text of one page that is longer is written before its end has come.
    private static let tailLimit = 1 << 20
    private static let formFeed: UInt8 = 0x0c

    /// Pages that were written to their end.
    private(set) var pages = 0
    /// Characters of these pages, form feeds not counted.
    private(set) var characters = 0
    /// Whether a page was begun to be written and has not ended.
    private(set) var isTorn = false
    private var tail: [UInt8] = []

    /// Writes what ends in whole pages, and keeps the rest.
    mutating func take(_ bytes: [UInt8], write: (ArraySlice<UInt8>) throws -> Void) throws {
        guard let end = bytes.lastIndex(of: Self.formFeed) else {
            tail += bytes
            guard tail.count > Self.tailLimit else { return }
            isTorn = true
            return try flush(write)
        }
        isTorn = false
        try flush(write)
        try put(bytes[...end], write)
        tail += bytes[(end + 1)...]
    }

    /// Writes the rest, whole or not.
    mutating func finish(write: (ArraySlice<UInt8>) throws -> Void) throws { try flush(write) }

    private mutating func flush(_ write: (ArraySlice<UInt8>) throws -> Void) throws {
        guard !tail.isEmpty else { return }
        try put(tail[...], write)
        tail.removeAll(keepingCapacity: true)
    }

    private mutating func put(
        _ bytes: ArraySlice<UInt8>, _ write: (ArraySlice<UInt8>) throws -> Void
    ) throws {
        var ends = 0
        var beginnings = 0
        // Without a branch for each byte, the processor counts many at a time.
        for byte in bytes {
            ends += byte == Self.formFeed ? 1 : 0
            // Every byte but a continuation begins a character.
            beginnings += byte & 0xc0 != 0x80 ? 1 : 0
        }
        pages += ends
        characters += beginnings - ends
        try write(bytes)
    }
}

extension ErrorCode {
    /// How the reading of a PDF's text broke off, where the pages before are none the worse for it.
    var breakingOff: String? {
        switch self {
        case .timeout: "reading on took too long"
        case .workerCrashed: "the program that reads such files broke down over the next page"
        case .memoryExceeded: "reading on took more memory than is allowed"
        case .outputTooLarge: "more is not kept"
        case .tooLarge, .emptyFile, .unsupportedType, .typeMismatch, .quotaExceeded, .notReadable,
            .notRemovable, .linkRefused, .notAFile, .nameRefused, .pdfCorrupt, .pdfEncrypted,
            .pdfNoPages, .pdfTooManyPages, .csvEncoding, .csvMalformed, .csvNoRows,
            .csvMissingColumns, .csvTooWide, .csvTooManyErrors, .excelCorrupt, .excelEncrypted,
            .storeFull, .storeIO,
            .internalError:
            nil
        }
    }
}
