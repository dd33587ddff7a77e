import Glibc
import Rules
import WorkerProtocol

/// A reader of PDFs that was tried out on a sample of our own and has its fonts loaded, but no document.
///
/// Made before there is anybody's document, so that every process that is forked afterwards has it.
public final class PDFReadiness {
    /// A page with a line of text in a font that is not embedded.
    public static let sample: [UInt8] = {
        var text = "%PDF-1.4\n"
        var offsets: [Int] = []
        let content = "BT /F 24 Tf 20 100 Td (ready) Tj ET 20 20 80 40 re f"
        let objects = [
            "<</Type/Catalog/Pages 2 0 R>>",
            "<</Type/Pages/Count 1/Kids[3 0 R]>>",
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 4 0 R"
                + "/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>",
            "<</Length \(content.utf8.count)>>stream\n\(content)\nendstream",
            "<</Title(Sample)/CreationDate(D:20260101000000Z)>>",
        ]
        for (number, object) in objects.enumerated() {
            offsets.append(text.utf8.count)
            text += "\(number + 1) 0 obj\(object)endobj\n"
        }
        let table = text.utf8.count
        text += "xref\n0 \(objects.count + 1)\n0000000000 65535 f \n"
        for offset in offsets {
            let digits = String(offset)
            text += String(repeating: "0", count: 10 - digits.utf8.count) + digits + " 00000 n \n"
        }
        text += "trailer<</Size \(objects.count + 1)/Root 1 0 R/Info 5 0 R>>\n"
        text += "startxref\n\(table)\n%%EOF\n"
        return Array(text.utf8)
    }()

    let reader: PDFReader

    /// Runs every stage over the sample on `descriptor`, and throws away what they make.
    ///
    /// Nil where memory is short: documents are then read without.
    public init?(sample descriptor: Int32) {
        do {
            reader = try PDFReader(memoryLimit: StageLimits().memory)
            try reader.loadFonts()
        } catch {
            return nil
        }
        let table = StageTable(descriptor: descriptor, readiness: self)
        let requests: [StageRequest] = [
            .info(pageLimit: StageTable.pageLimit),
            .text(pageLimit: StageTable.pageLimit, byteLimit: 1 << 20),
            .thumbnail(ThumbnailSettings()),
        ]
        for request in requests {
            do {
                // Encoding is tried out as well.
                try table.run(request) { reply in _ = reply.encoded() }
            } catch {
                return nil
            }
        }
        reader.close()
    }
}
