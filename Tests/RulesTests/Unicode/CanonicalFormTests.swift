import Foundation
import TestSupport
import Testing

@testable import Rules

@Suite struct CanonicalFormTests {
    private func scalars(_ text: String) -> [UInt32] { text.unicodeScalars.map(\.value) }

    @Test(arguments: [
        ("홍길동", "홍길동"), ("\u{1112}\u{1169}\u{11bc}", "홍"), ("\u{1112}\u{1169}", "호"),
        ("\u{d638}\u{11bc}", "홍"), ("\u{ac00}\u{11a8}", "각"), ("e\u{301}", "é"),
        ("e\u{323}\u{302}", "ệ"),
        ("e\u{302}\u{323}", "ệ"), ("\u{212b}", "Å"), ("\u{958}", "\u{915}\u{93c}"),
        ("\u{301}", "\u{301}"), ("", ""), ("a\u{301}\u{301}", "á\u{301}"), ("\u{f900}", "豈"),
        // A tail that stands behind no open syllable stays.
        ("\u{d64d}\u{11bc}", "\u{d64d}\u{11bc}"), ("\u{1112}\u{11bc}", "\u{1112}\u{11bc}"),
    ])
    func `parts are put together`(text: String, composed: String) {
        #expect(scalars(CanonicalForm.of(text)) == composed.unicodeScalars.map(\.value))
    }

    @Test func `every character, alone and taken apart, becomes what the system makes of it`() {
        for value in (UInt32(0)...0x2fa1d) where !(0xd800...0xdfff).contains(value) {
            // Later versions of Unicode than the table's know more characters there.
            if (0x11380...0x11400).contains(value) || (0x105c0...0x10600).contains(value) {
                continue
            }
            if (0x16120...0x16140).contains(value) || (0x16d60...0x16d80).contains(value) {
                continue
            }
            guard let scalar = Unicode.Scalar(value) else { continue }
            let text = String(scalar)
            let expected = scalars(text.precomposedStringWithCanonicalMapping)
            #expect(scalars(CanonicalForm.of(text)) == expected, "\(String(value, radix: 16))")
            let parts = text.decomposedStringWithCanonicalMapping
            #expect(scalars(CanonicalForm.of(parts)) == expected, "\(String(value, radix: 16))")
        }
    }

    @Test func `texts of letters and marks in any order become what the system makes of them`() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = Dice(seed: seed)
        // No syllable without its tail: what the system makes of one and a tail is not Unicode's.
        let pieces: [Unicode.Scalar] = [
            "a", "e", "o", "u", "A", "\u{301}", "\u{302}", "\u{308}", "\u{323}", "\u{327}",
            "\u{304}",
            "\u{1100}", "\u{1161}", "\u{11a8}", "\u{3099}", "\u{304b}", "\u{93c}",
            "\u{915}",
            "\u{1ea1}", "\u{0345}", "\u{3b1}", "\u{313}",
        ]
        for _ in 0..<20_000 {
            var text = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 1...7, using: &random) {
                text.append(pieces.randomElement(using: &random)!)
            }
            let expected = scalars(String(text).precomposedStringWithCanonicalMapping)
            #expect(
                scalars(CanonicalForm.of(String(text))) == expected,
                "seed \(seed): \(text.map { String($0.value, radix: 16) })")
        }
    }
}
