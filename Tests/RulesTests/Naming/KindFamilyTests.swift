import Rules
import Testing

@Suite struct KindFamilyTests {
    @Test(
        arguments: [
            ("a.pdf", [KindFamily.pdf], nil), ("a.pdf", [.table], "takes only tables"),
            ("a.CSV", [.table], nil), ("a.csv", [.pdf], "takes only PDFs"),
            ("a.xlsx", [.pdf], "takes only PDFs"), ("a.tab", [.pdf, .table], nil),
            // Taken nowhere: that is told in other words.
            ("a.txt", [.pdf], nil),
        ] as [(String, Set<KindFamily>, String?)])
    func `an inbox refuses by name what it does not take`(
        name: String, families: Set<KindFamily>, words: String?
    ) throws {
        let settings = InboxSettings(families: families)
        let refusal = settings.refusal(
            ofName: try #require(BeneathPath(bytes: Array(name.utf8))?.name))
        #expect((refusal == nil) == (words == nil))
        if let refusal, let words {
            #expect(refusal.code == .unsupportedType)
            #expect(refusal.message.contains(words))
        }
    }
}
