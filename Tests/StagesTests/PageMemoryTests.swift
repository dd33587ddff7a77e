import Glibc
import Rules
import TestSupport
import Testing

@testable import Stages

@Suite struct PageMemoryTests {
    /// MuPDF counts but a fifth of what such fonts take.
    @Test func `memory does not grow with the pages, though each brings a font of its own`() throws
    {
        let folder = try TemporaryFolder()
        let book = bookWithFonts(pages: 2000)
        try folder.write("fonts.pdf", book)
        let descriptor = open(folder("fonts.pdf"), O_RDONLY)
        try #require(descriptor >= 0)
        defer { close(descriptor) }

        let reader = try PDFReader(memoryLimit: StageLimits().memory)
        try reader.open(descriptor: descriptor, length: ByteCount(book.utf8.count))
        try reader.loadPageTree()
        var most = reader.memoryUsed
        for page in 0..<2000 {
            #expect(reader.readText(page: page) == nil)
            most = max(most, reader.memoryUsed)
        }
        #expect(most < ByteCount(64 << 20))
    }

    private func bookWithFonts(pages: Int) -> String {
        var objects = ["<</Type/Catalog/Pages 2 0 R>>", ""]
        for page in 0..<pages {
            let content = "BT /F 12 Tf 72 720 Td (Page \(page + 1) of many) Tj ET"
            objects += [
                "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents \(4 + 3 * page) 0 R"
                    + "/Resources<</Font<</F \(5 + 3 * page) 0 R>>>>>>",
                "<</Length \(content.utf8.count)>>stream\n\(content)\nendstream",
                "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
            ]
        }
        let kids = (0..<pages).map { "\(3 + 3 * $0) 0 R" }.joined(separator: " ")
        objects[1] = "<</Type/Pages/Count \(pages)/Kids[\(kids)]>>"
        var file = "%PDF-1.4\n"
        var table = "xref\n0 \(objects.count + 1)\n0000000000 65535 f \n"
        for (number, object) in objects.enumerated() {
            let offset = String(file.utf8.count)
            table += String(repeating: "0", count: 10 - offset.utf8.count) + offset + " 00000 n \n"
            file += "\(number + 1) 0 obj\(object)endobj\n"
        }
        table += "trailer<</Size \(objects.count + 1)/Root 1 0 R>>\n"
        return file + table + "startxref\n\(file.utf8.count)\n%%EOF\n"
    }
}
