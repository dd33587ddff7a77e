import Testing

@testable import Rules

@Suite struct GlobTests {
    @Test(arguments: [
        ("*.pdf", "a.pdf", true), ("*.pdf", "a.pdfx", false), ("*", "", true), ("", "", true),
        ("", "a", false), ("a*b*c", "axxbyyc", true), ("a*b*c", "axxbyy", false),
        ("?.csv", "표.csv", true), ("??.csv", "표.csv", false), ("표*", "표.csv", true),
        ("[a-c]1", "b1", true), ("[a-c]1", "d1", false), ("[!a-c]1", "d1", true),
        ("[]]", "]", true), ("[ab", "[ab", true), ("\\*", "*", true), ("\\*", "x", false),
        ("a/*/c", "a/b/c", true), ("a/*/c", "a/b/b/c", false), ("a/**/c", "a/b/b/c", true),
        ("a/**", "a/b", true), ("*a", "aaab", false), ("***", "abc", true),
    ])
    func `a pattern matches what it says and nothing else`(
        pattern: String, name: String, isMatch: Bool
    ) {
        #expect(Glob(pattern).matches(Array(name.utf8)) == isMatch)
    }

    @Test func `a wicked pattern is no more work than a kind one`() {
        let pattern = String(repeating: "*a", count: 60) + "b"
        #expect(!Glob(pattern).matches([UInt8](repeating: UInt8(ascii: "a"), count: 250)))
    }

    @Test func `bytes that are no UTF-8 are characters of their own`() {
        #expect(Glob("a?.pdf").matches([0x61, 0xff] + Array(".pdf".utf8)))
        #expect(!Glob("a?.pdf").matches([0x61, 0xff, 0xfe] + Array(".pdf".utf8)))
    }
}
