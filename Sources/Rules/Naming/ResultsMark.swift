/// The file by which a folder is known as one that ingestd filled, whatever it is called and wherever
/// it lies by now.
///
/// It names the document, so that the results of one are never mixed with those of another.
///
/// Rule: docs/formats.md, "The mark of a results folder".
public enum ResultsMark {
    public static let name = FileName(literal: ".ingestd-results")
    /// Longer than any mark.
    public static let sizeLimit = 256

    private static let opening = #"{"schema":"ingestd/results/1","document_id":""#
    private static let closing = "\"}\n"
    private static let pages = FileName(literal: "pages")
    private static let codes = FileName(literal: "qr")
    private static let original = Array("original.".utf8)
    /// Names of results beside the original.
    private static let names = Set(
        ["info.json", "text.txt", "thumbnail.jpg", "import.json", "rejects.csv", "tokens.csv"]
            .map { FileName(literal: $0) })

    /// What the mark of a document's results holds.
    public static func text(of document: DocumentID) -> String {
        "\(opening)\(document)\(closing)"
    }

    /// The document that a mark names; nil where it names none, as after a power cut.
    public static func document(in bytes: [UInt8]) -> DocumentID? {
        guard let text = String(validating: bytes, as: UTF8.self), text.hasPrefix(opening),
            text.hasSuffix(closing)
        else { return nil }
        return DocumentID(text: String(text.dropFirst(opening.count).dropLast(closing.count)))
    }

    /// Where a mark would lie that makes what stands at `path` one of ingestd's own results; nil where
    /// no result has such a name.
    ///
    /// The inbox itself is no folder of results, though one may be emptied into it with its mark.
    public static func place(for path: BeneathPath) -> BeneathPath? {
        guard let last = path.name, !path.parent.isRoot else { return nil }
        if isResult(last) { return path.sibling(name) }
        let folder = path.parent
        guard !folder.parent.isRoot,
            folder.name == pages && isNumbered(last, digits: 4, ".jpg")
                || folder.name == codes && isNumbered(last, digits: 6, ".png")
        else { return nil }
        return folder.sibling(name)
    }

    private static func isResult(_ name: FileName) -> Bool {
        if names.contains(name) { return true }
        return name.bytes.starts(with: original) && DropExtension(of: name) != nil
    }

    /// `0001.jpg`, `000002.png`
    private static func isNumbered(
        _ name: FileName, digits least: Int, _ ending: String
    ) -> Bool {
        let digits = name.bytes.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return digits.count >= least
            && name.bytes.dropFirst(digits.count).elementsEqual(ending.utf8)
    }
}
