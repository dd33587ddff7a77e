import Testing

@testable import Workers

@Suite struct ArtifactNameTests {
    @Test(arguments: [
        "text.txt", "0001.jpg", "rejects.csv", "a", "_", "original",
        String(repeating: "a", count: 100),
    ])
    func `plain names are safe`(name: String) {
        #expect(ArtifactName.isSafe(name))
    }

    @Test(arguments: [
        "", ".", "..", ".hidden", "-rf", "a/b", "a\\b", "a b", "a\0", "a\n", "é", "original.pdf",
        String(repeating: "a", count: 101),
    ])
    func `other names are not`(name: String) {
        #expect(!ArtifactName.isSafe(name))
    }

    @Test(arguments: [
        ("text/plain", true), ("image/svg+xml", true), ("application/vnd.a-b", true),
        ("text", false), ("text/", false), ("/plain", false), ("a/b/c", false),
        ("text/plain; charset=utf-8", true), ("text/plain;charset", false),
        ("text/plain; charset=\"x\"", false), ("text/plain; ", false), ("text/pl\nain", false),
        ("", false),
    ])
    func `a media type is a type and a subtype, and parameters in plain words`(
        text: String, isOne: Bool
    ) {
        #expect(ArtifactName.isMediaType(text) == isOne)
    }
}
