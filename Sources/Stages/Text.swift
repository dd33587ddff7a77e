import Rules
import WorkerProtocol

/// The stage that writes all text of a PDF: `text.txt`, a form feed after each page.
///
/// Memory holds one page at a time.
enum Text {
    /// How many pages a warning names one by one.
    static let namedPageLimit = 10

    static func run(
        on document: PDFDocument, byteLimit: Int, limits: StageLimits,
        send: (StageReply) throws -> Void
    ) throws -> Int {
        document.reader.setDeadline(limits.softDeadline)
        defer { document.reader.setDeadline(nil) }
        return try withoutActuallyEscaping(send) { send in
            var extraction = Extraction(
                document: document, byteLimit: byteLimit,
                gate: ProgressGate(interval: limits.progressInterval))
            return try extraction.run(send: send)
        }
    }

    /// One run over the pages.
    private struct Extraction {
        let document: PDFDocument
        let byteLimit: Int
        var gate: ProgressGate
        var characters = 0
        var bytes = 0
        /// The first pages that are not whole, counted from one.
        var faultyPages: [Int] = []
        var faultyPageCount = 0
        /// How many of those gave nothing but an error.
        var unreadPageCount = 0
        var lastError: StageError?

        mutating func run(send: @escaping (StageReply) throws -> Void) throws -> Int {
            var artifact = try ArtifactSender(
                name: "text.txt", mediaType: "text/plain; charset=utf-8", send: send)
            for page in 0..<document.pageCount {
                let error = document.reader.readText(page: page)
                if document.reader.deadlinePassed {
                    try send(.warning(cut(after: page, because: "took too long to read")))
                    break
                }
                if let error { note(error, on: page) }
                guard try take(page: page, into: &artifact) else {
                    try send(.warning(cut(after: page, because: "is more than is kept")))
                    break
                }
                if gate.opens() {
                    try send(.progress(done: page + 1, total: document.pageCount))
                }
            }
            try artifact.end()
            try report(send: send)
            return characters
        }

        /// Appends the page in the reader's output; false where it no longer fits.
        private mutating func take(page: Int, into artifact: inout ArtifactSender) throws -> Bool {
            let text = document.reader.withOutput(PageText.init(cleaning:))
            guard bytes + text.bytes.count <= byteLimit else { return false }
            try artifact.append(text.bytes)
            bytes += text.bytes.count
            characters += text.characters
            return true
        }

        private mutating func note(_ error: StageError, on page: Int) {
            faultyPageCount += 1
            if faultyPages.count < Text.namedPageLimit { faultyPages.append(page + 1) }
            if case .incomplete = error { return }
            unreadPageCount += 1
            lastError = error
        }

        /// Tells of pages that are not whole. Where none could be read at all, the stage has
        /// failed.
        private func report(send: (StageReply) throws -> Void) throws {
            if let lastError, unreadPageCount == document.pageCount, characters == 0 {
                throw lastError
            }
            guard faultyPageCount > 0 else { return }
            let pages = faultyPages.map(String.init).joined(separator: ", ")
            let more = faultyPageCount > faultyPages.count ? " and others" : ""
            try send(
                .warning(
                    "The text of \(faultyPageCount) of \(document.pageCount) pages may not be "
                        + "whole, since they are damaged or too large: page \(pages)\(more)."))
        }

        private func cut(after pages: Int, because reason: String) -> String {
            "The text ends after page \(pages) of \(document.pageCount): "
                + "that of page \(pages + 1) \(reason)."
        }
    }
}

/// The text of one page, ready to be written: a form feed stands at its end and nowhere else.
struct PageText {
    private(set) var bytes: [UInt8]
    /// The form feed at the end is not counted.
    private(set) var characters = 0

    /// Takes text in UTF-8; form feeds in it become spaces, and NULs go.
    init(cleaning text: UnsafeBufferPointer<UInt8>) {
        let formFeed: UInt8 = 0x0c
        bytes = []
        bytes.reserveCapacity(text.count + 1)
        for byte in text where byte != 0 {
            bytes.append(byte == formFeed ? 0x20 : byte)
            // Every byte but a continuation begins a character.
            if byte & 0xc0 != 0x80 { characters += 1 }
        }
        bytes.append(formFeed)
    }
}
