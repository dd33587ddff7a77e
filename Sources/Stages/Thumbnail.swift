import Rules
import WorkerProtocol

/// The stage that draws a page as a small picture: `thumbnail.jpg`.
enum Thumbnail {
    /// The largest box, in pixels: 4096 × 4096 pixels take 50 MB.
    static let boxLimit = 4096

    static func run(
        on document: PDFDocument, settings: ThumbnailSettings, limits: StageLimits,
        send: (StageReply) throws -> Void
    ) throws {
        guard (1...boxLimit).contains(settings.width), (1...boxLimit).contains(settings.height),
            (1...100).contains(settings.quality)
        else {
            throw StageError.pictureRefused(
                width: settings.width, height: settings.height, quality: settings.quality)
        }
        let page = min(max(1, settings.page), document.pageCount)
        if page != settings.page {
            try send(
                .warning(
                    "The preview shows page \(page): the PDF has no page \(settings.page)."))
        }
        let size = try document.reader.pageSize(page - 1)
        let picture = FittedSize(
            width: size.width, height: size.height, within: (settings.width, settings.height))

        document.reader.setDeadline(limits.softDeadline)
        defer { document.reader.setDeadline(nil) }
        let error = document.reader.draw(
            page: page - 1, width: picture.width, height: picture.height,
            quality: settings.quality)
        if document.reader.deadlinePassed {
            try send(
                .warning(
                    "The preview is unfinished: page \(page) took too long to draw "
                        + "(timeout)."))
        } else if let error {
            guard document.reader.withOutput({ !$0.isEmpty }) else { throw error }
            try send(
                .warning(
                    "The preview is not whole: parts of page \(page) are damaged or too large."))
        }
        try withoutActuallyEscaping(send) { send in
            var artifact = try ArtifactSender(
                name: "thumbnail.jpg", mediaType: "image/jpeg", send: send)
            try document.reader.withOutput { try artifact.append($0) }
            try artifact.end()
        }
    }
}

/// The pixels of a picture that fits into a box and keeps a page's proportions.
///
/// It is known before anything is drawn: pages can be posters of kilometres.
struct FittedSize: Hashable {
    /// At least one pixel each.
    let width: Int
    let height: Int

    /// A page without a measurable size is taken as square.
    init(width: Float, height: Float, within box: (width: Int, height: Int)) {
        let isMeasurable = width.isFinite && height.isFinite && width > 0 && height > 0
        let page = isMeasurable ? (Double(width), Double(height)) : (1, 1)
        let scale = min(Double(box.width) / page.0, Double(box.height) / page.1)
        self.width = min(box.width, max(1, Int((page.0 * scale).rounded())))
        self.height = min(box.height, max(1, Int((page.1 * scale).rounded())))
    }
}
