import Glibc
import Rules

/// An opened PDF with a page count that can be relied on; serves all stages over one blob.
final class PDFDocument {
    let reader: PDFReader
    let pageCount: Int
    /// Whether pages are found by number at once, and destinations can be followed.
    let hasPageTree: Bool
    /// What the owner should know of the file as a whole.
    let warnings: [String]

    /// Opens the blob on `descriptor`, with a reader that has nothing open where one is given.
    ///
    /// - Throws: ``StageError``; among them `tooManyPages` where the file has, or claims, more than
    /// `pageLimit`.
    init(
        descriptor: Int32, pageLimit: Int, memoryLimit: ByteCount, reader ready: PDFReader? = nil
    ) throws(StageError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .blobUnreadable(errno: errno) }
        if let ready {
            reader = ready
            reader.setMemoryLimit(memoryLimit)
        } else {
            reader = try PDFReader(memoryLimit: memoryLimit)
        }
        try reader.open(descriptor: descriptor, length: ByteCount(Int64(status.st_size)))

        guard let root = try reader.trailer()["Root"]?["Pages"] else {
            throw .corrupt(attempt: "read page tree")
        }
        let stated = try Self.statedCount(of: root)
        guard stated <= pageLimit else { throw .tooManyPages(stated, limit: pageLimit) }

        switch try PageTree.census(of: root, limit: pageLimit) {
        case .overLimit:
            throw .tooManyPages(pageLimit + 1, limit: pageLimit)
        // What is left of a file that was cut off opens, too: with no pages.
        case .sound(pages: 0):
            throw reader.wasRepaired ? .corrupt(attempt: "count pages") : .noPages
        case .broken(pages: 0) where reader.wasRepaired || stated == 0:
            throw .corrupt(attempt: "count pages")
        case .broken(let pages):
            // The tree's own numbers are all there is to find a page by.
            pageCount = max(stated, pages)
            hasPageTree = false
            warnings = [
                "The PDF is damaged: \(pages) of its \(pageCount) pages were found whole."
            ]
        case .sound(let pages):
            if pages != stated { try reader.setPageCount(pages) }
            try reader.loadPageTree()
            pageCount = pages
            hasPageTree = true
            warnings = [
                pages == stated
                    ? nil : "The PDF says that it has \(stated) pages, but it has \(pages).",
                reader.wasRepaired
                    ? "The PDF is damaged; what could be read of it was kept." : nil,
            ].compactMap { $0 }
        }
    }

    /// The count that the tree's root states; zero where it states none, or nonsense.
    private static func statedCount(of root: PDFObject) throws(StageError) -> Int {
        guard let count = try root["Count"], case .integer(let value) = try count.description().kind
        else { return 0 }
        return Int(max(0, value))
    }
}
