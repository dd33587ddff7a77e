import Rules
import WorkerProtocol

/// The stage that draws every page as a small picture: `pages/0001.jpg` and so on, a range at a time.
///
/// Memory holds one page at a time. A page that cannot be drawn is told of and passed over.
enum Pages {
    /// One page may take this share of the time that the stage has, so that a page without end is not the
    /// end of those behind it.
    private static let pageShare = 6

    static func run(
        on document: PDFDocument, _ request: PageRequest, limits: StageLimits,
        send: (StageReply) throws -> Void
    ) throws -> PageSummary {
        let box = request.settings
        guard (1...Thumbnail.boxLimit).contains(box.width),
            (1...Thumbnail.boxLimit).contains(box.height), (1...100).contains(box.quality)
        else {
            throw StageError.pictureRefused(
                width: box.width, height: box.height, quality: box.quality)
        }
        defer { document.reader.setDeadline(nil) }
        return try withoutActuallyEscaping(send) { send in
            var drawing = Drawing(document: document, request: request, limits: limits, send: send)
            return try drawing.run()
        }
    }

    /// One run over the pages of a request.
    private struct Drawing {
        let document: PDFDocument
        let request: PageRequest
        let limits: StageLimits
        let send: (StageReply) throws -> Void
        var faults: [PageFault] = []

        mutating func run() throws -> PageSummary {
            var gate = ProgressGate(interval: limits.progressInterval)
            let patience = min(limits.softDeadline, .milliseconds(request.softMilliseconds))
            let stopwatch = Stopwatch()
            for page in request.pages {
                let left = patience - stopwatch.elapsed
                guard left > .zero else { return PageSummary(end: page, faults: faults) }
                let share = limits.softDeadline / Pages.pageShare
                document.reader.setDeadline(min(left, share))
                try draw(page)
                // The two clocks may differ by a moment, in which no page can be drawn.
                if document.reader.deadlinePassed, left <= share {
                    return PageSummary(end: page + 1, faults: faults)
                }
                if gate.opens() {
                    try send(
                        .progress(done: page - request.first + 1, total: request.pages.count))
                }
            }
            return PageSummary(end: request.last + 1, faults: faults)
        }

        private mutating func draw(_ page: Int) throws {
            guard let error = picture(of: page) else {
                if document.reader.deadlinePassed { note(.unfinished, on: page) }
                return try hand(page)
            }
            // What was drawn before it went wrong is there still.
            guard document.reader.withOutput({ !$0.isEmpty }) else {
                if case .memoryExceeded = error { return note(.tooLarge, on: page) }
                return note(.damaged, on: page)
            }
            note(document.reader.deadlinePassed ? .unfinished : .partial, on: page)
            try hand(page)
        }

        /// Draws a page into the reader's output; answers with what ended it early.
        private func picture(of page: Int) -> StageError? {
            let size: (width: Float, height: Float)
            do {
                size = try document.reader.pageSize(page - 1)
            } catch {
                document.reader.clearOutput()
                return error
            }
            let box = request.settings
            let picture = FittedSize(
                width: size.width, height: size.height, within: (box.width, box.height))
            return document.reader.draw(
                page: page - 1, width: picture.width, height: picture.height, quality: box.quality)
        }

        private mutating func note(_ kind: PageFault.Kind, on page: Int) {
            faults.append(PageFault(page: page, kind: kind))
        }

        private func hand(_ page: Int) throws {
            var artifact = try ArtifactSender(
                name: PageRequest.artifactName(of: page), mediaType: PageRequest.artifactType,
                send: send)
            try document.reader.withOutput { try artifact.append($0) }
            try artifact.end()
        }
    }
}
