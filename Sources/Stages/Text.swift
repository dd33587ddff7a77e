import Rules
import WorkerProtocol

/// The stage that writes all text of a PDF: `text.txt`, a form feed after each page.
///
/// Memory holds one page at a time.
enum Text {
    /// How many pages a warning names one by one.
    static let namedPageLimit = 10
    /// The first pages are handed over one by one: should a later one be this process's end, they are kept.
    static let singlePageLimit = 16
    /// Later ones wait for no longer than this.
    static let handOverInterval = Duration.milliseconds(10)

    static func run(
        on document: PDFDocument, pageLimit: Int, byteLimit: Int, limits: StageLimits,
        send: (StageReply) throws -> Void
    ) throws -> Int {
        document.reader.setDeadline(limits.softDeadline)
        defer { document.reader.setDeadline(nil) }
        return try withoutActuallyEscaping(send) { send in
            var extraction = Extraction(
                document: document, pageLimit: pageLimit, byteLimit: byteLimit,
                gate: ProgressGate(interval: limits.progressInterval))
            return try extraction.run(send: send)
        }
    }

    /// Pages with one kind of fault.
    private struct Faults {
        /// The first of them, counted from one.
        private var pages: [Int] = []
        private(set) var count = 0

        mutating func note(_ page: Int) {
            count += 1
            if pages.count < Text.namedPageLimit { pages.append(page + 1) }
        }

        /// A sentence about them; nil where there are none.
        func warning(of pageCount: Int, _ what: String) -> String? {
            guard count > 0 else { return nil }
            let more = count > pages.count ? " and others" : ""
            return "The text of \(count) of \(pageCount) pages \(what): page "
                + "\(pages.map(String.init).joined(separator: ", "))\(more)."
        }
    }

    /// One run over the pages.
    private struct Extraction {
        let document: PDFDocument
        let pageLimit: Int
        let byteLimit: Int
        var gate: ProgressGate
        var handOverGate = ProgressGate(interval: Text.handOverInterval)
        var characters = 0
        var bytes = 0
        /// Pages that are not whole.
        var faulty = Faults()
        /// Pages for which memory did not do.
        var tooLarge = Faults()
        /// How many of all those gave nothing but an error.
        var unreadPageCount = 0
        var lastError: StageError?

        mutating func run(send: @escaping (StageReply) throws -> Void) throws -> Int {
            var artifact = try ArtifactSender(
                name: "text.txt", mediaType: "text/plain; charset=utf-8", send: send)
            for page in 0..<document.pageCount {
                guard page < pageLimit else {
                    let limit = "more are not read (pdf_too_many_pages)"
                    try send(.warning(end(after: page) + ": " + limit + "."))
                    break
                }
                let error = document.reader.readText(page: page)
                if document.reader.deadlinePassed {
                    try send(.warning(cut(after: page, because: "took too long to read (timeout)")))
                    break
                }
                if let error { note(error, on: page) }
                guard try take(page: page, into: &artifact) else {
                    let limit = "is more than is kept (output_too_large)"
                    try send(.warning(cut(after: page, because: limit)))
                    break
                }
                if page < Text.singlePageLimit || handOverGate.opens() { try artifact.handOver() }
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
            if case .memoryExceeded = error { tooLarge.note(page) } else { faulty.note(page) }
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
            let warnings = [
                faulty.warning(
                    of: document.pageCount,
                    "may not be whole, since they are damaged or too large"),
                tooLarge.warning(
                    of: document.pageCount,
                    "may not be whole, since they take more memory than is allowed "
                        + "(memory_exceeded)"),
            ]
            for case let warning? in warnings { try send(.warning(warning)) }
        }

        private func end(after pages: Int) -> String {
            "The text ends after page \(pages) of \(document.pageCount)"
        }

        private func cut(after pages: Int, because reason: String) -> String {
            "\(end(after: pages)): that of page \(pages + 1) \(reason)."
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
