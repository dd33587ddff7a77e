import Rules
import Testing

@Suite struct ResultsMarkTests {
    @Test(arguments: [
        ("keep/original.pdf", "keep/.ingestd-results"),
        ("a/original.xlsx", "a/.ingestd-results"),
        ("a/b/info.json", "a/b/.ingestd-results"),
        ("a/pages/0001.jpg", "a/.ingestd-results"),
        ("a/pages/12345.jpg", "a/.ingestd-results"),
        ("a/rejects.csv", "a/.ingestd-results"),
        ("a/qr/000002.png", "a/.ingestd-results"),
    ])
    func `what bears the name of a result is one where a mark lies`(_ path: String, _ mark: String)
        throws
    {
        let path = try #require(BeneathPath(bytes: Array(path.utf8)))
        #expect(ResultsMark.place(for: path)?.description == mark)
    }

    @Test(arguments: [
        "", "report.pdf", "keep/report.pdf", "original", "original.doc", "my-original.pdf",
        "a/pages", "pages/notes.pdf", "pages/1.jpg", "0001.jpg", "text.txt/report.pdf",
        "a/qr/00002.png", "a/pages/000002.png",
        // The inbox is no folder of results, though one may have been emptied into it.
        "original.pdf", "rejects.csv", "pages/0001.jpg", "qr/000002.png",
    ])
    func `what no result is called is none, whatever lies beside it`(_ path: String) throws {
        let path = try #require(BeneathPath(bytes: Array(path.utf8)))
        #expect(ResultsMark.place(for: path) == nil)
    }

    @Test func `a mark names its document, unless it lost its bytes`() {
        let id = DocumentID(at: Timestamp(milliseconds: 7), random: .init(repeating: 9, count: 10))
        let bytes = Array(ResultsMark.text(of: id).utf8)
        #expect(bytes.count <= ResultsMark.sizeLimit)
        #expect(ResultsMark.document(in: bytes) == id)
        for length in bytes.indices {
            #expect(ResultsMark.document(in: Array(bytes.prefix(length))) == nil)
        }
        #expect(ResultsMark.document(in: [UInt8](repeating: 0, count: bytes.count)) == nil)
    }
}
