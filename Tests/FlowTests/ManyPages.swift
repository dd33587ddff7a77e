import Foundation

/// A PDF of as many pages as are wanted, each different.
enum ManyPages {
    /// - Parameter strokes: how much there is to draw on a page; twenty take a few milliseconds.
    static func pdf(_ count: Int, strokes: Int = 10) -> Data {
        var text = "%PDF-1.4\n"
        var offsets: [Int] = []
        func add(_ object: String) {
            offsets.append(text.utf8.count)
            text += "\(offsets.count) 0 obj\(object)endobj\n"
        }
        let kids = (0..<count).map { "\(4 + 2 * $0) 0 R" }.joined(separator: " ")
        add("<</Type/Catalog/Pages 2 0 R>>")
        add("<</Type/Pages/Count \(count)/Kids[\(kids)]>>")
        add("<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>")
        let lines = (0..<strokes).map { "\($0 * 7 % 500) 40 m \($0 * 11 % 500) 700 l S" }
            .joined(separator: "\n")
        for page in 1...count {
            let content = "BT /F 24 Tf 60 740 Td (page \(page)) Tj ET\n\(lines)"
            add(
                "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents \(offsets.count + 2) 0 R"
                    + "/Resources<</Font<</F 3 0 R>>>>>>")
            add("<</Length \(content.utf8.count)>>stream\n\(content)\nendstream")
        }
        let table = text.utf8.count
        text += "xref\n0 \(offsets.count + 1)\n0000000000 65535 f \n"
        for offset in offsets {
            let digits = String(offset)
            text += String(repeating: "0", count: 10 - digits.utf8.count) + digits + " 00000 n \n"
        }
        text += "trailer<</Size \(offsets.count + 1)/Root 1 0 R>>\nstartxref\n\(table)\n%%EOF\n"
        return Data(text.utf8)
    }

    /// What the pictures of so many pages are called.
    static func names(_ count: Int) -> [String] {
        (1...count).map { String(format: "%04d.jpg", $0) }
    }
}
