import Foundation
import TestSupport
import Testing

@testable import Rules

@Suite struct PatternTests {
    private func matches(_ pattern: String, _ text: String) throws -> Bool {
        let machine = PatternMachine(try Pattern(pattern))
        return Array(text.utf8).withUnsafeBytes { machine.matches($0) }
    }

    static let cases: [(pattern: String, yes: [String], no: [String])] = [
        ("", ["", "a"], []),
        ("b", ["b", "abc", "bb"], ["", "a"]),
        ("^b", ["b", "bc"], ["ab", ""]),
        ("b$", ["b", "ab"], ["bc", ""]),
        ("^$", [""], ["a"]),
        ("$^", [""], ["a"]),
        ("a^b|a$b", [], ["ab", "a", "b", ""]),
        ("^ab*c$", ["ac", "abc", "abbbc"], ["abb", "a c"]),
        ("^a+$", ["a", "aaa"], ["", "ab"]),
        ("^a?b$", ["b", "ab"], ["aab"]),
        ("^a{2}$", ["aa"], ["a", "aaa"]),
        ("^a{2,}$", ["aa", "aaaa"], ["a"]),
        ("^a{1,3}$", ["a", "aaa"], ["", "aaaa"]),
        ("^a{0}b$", ["b"], ["ab"]),
        ("^(a|bc)+$", ["a", "bc", "abca"], ["b", "ab", ""]),
        ("^(?:ab){2}$", ["abab"], ["ab", "ababab"]),
        ("^(|a)b$", ["b", "ab"], ["a"]),
        ("^(a*)*$", ["", "aaa"], ["b"]),
        ("^a*?b+?$", ["b", "aabb"], ["a"]),
        ("^[abc]$", ["a", "c"], ["d", "ab", ""]),
        ("^[a-c-]$", ["b", "-"], ["d"]),
        ("^[]a]$", ["]", "a"], ["b"]),
        ("^[^a-z]$", ["A", "1", "가"], ["a", "z"]),
        ("^[^]a]$", ["b"], ["]", "a"]),
        (#"^[\d.]+$"#, ["1.5"], ["1,5"]),
        (#"^\d{3}-\d{4}$"#, ["010-1234"], ["010-12345", "０10-1234"]),
        (#"^\w+$"#, ["a_1"], ["가", "a-b"]),
        (#"^\S+\s\S+$"#, ["a b", "가\u{3000}나"], ["ab", "a  b"]),
        (#"^\D\W$"#, ["a-"], ["1-", "aa"]),
        (#"^a\.b\\$"#, ["a.b\\"], ["axb\\"]),
        (#"^\t\n\r$"#, ["\t\n\r"], ["tnr"]),
        ("^.$", ["가", "\u{1f600}", "é"], ["\n", "ab", ""]),
        ("^[가-힣]{2,4}$", ["홍길동", "김구"], ["홍", "hong", "홍길동이다"]),
        ("^[\u{1f600}-\u{1f64f}]$", ["\u{1f603}"], ["\u{1f650}"]),
        (#"^[^\s@]+@[^\s@]+\.[^\s@]+$"#, ["a@b.c"], ["a@b", "a b@c.d", "a@@b.c"]),
    ]

    @Test(arguments: cases)
    func `a pattern matches what it says, and nothing else`(
        pattern: String, yes: [String], no: [String]
    ) throws {
        for text in yes { #expect(try matches(pattern, text), "\(text.debugDescription)") }
        for text in no { #expect(try !matches(pattern, text), "\(text.debugDescription)") }
    }

    @Test(arguments: [
        ("(a", "has no “)”"), ("a)", "has no “(”"), ("[a", "has no “]”"), ("*a", "to repeat"),
        ("a**", "repeated already"), ("a{2", "must begin a count"),
        ("a{3,2}", "must begin a count"),
        ("a{1001}", "at most 1000"), ("a{,2}", "must begin a count"), ("}", "must be written as"),
        (#"(a)\1"#, "asked for again"), ("(?=a)", "only “(?:”"), ("(?<n>a)", "only “(?:”"),
        (#"\p{L}"#, "is not understood"), (#"\b"#, "is not understood"), (#"a\"#, "lone"),
        ("[b-a]", "from one character up"), (#"[\d-z]"#, "from one character up"),
        (String(repeating: "(", count: 51), "more than 50 deep"),
        (String(repeating: "a", count: 1001), "at most 1000 characters"),
        ("(a{1000}){1000}", "repeats too much"),
        ("((((){1000}){1000}){1000}){1000}", "repeats too much"),
    ])
    func `what cannot be understood is refused with a reason`(pattern: String, reason: String) {
        let error = #expect(throws: SettingError.self) { try Pattern(pattern) }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
    }

    @Test func `a thousand brackets within the bounds are understood`() throws {
        #expect(
            try matches(String(repeating: "a", count: 1000), String(repeating: "a", count: 1000)))
        let deep = String(repeating: "(", count: 49) + "a" + String(repeating: ")", count: 49)
        #expect(try matches(deep, "a"))
    }

    /// Those that keep others busy for longer than the world has been there.
    @Test(arguments: [
        "^(a+)+$", "^(a|a)*$", "^(a|aa)+$", "(x+x+)+y", "^(a?){500}a{500}$", "(.*)*b",
    ])
    func `no text takes longer than its length`(pattern: String) throws {
        let machine = PatternMachine(try Pattern(pattern))
        let text = Array((String(repeating: "a", count: 100_000) + "!").utf8)
        #expect(!text.withUnsafeBytes { machine.matches($0) })
    }

    @Test func `states that are forgotten are worked out again`() throws {
        // Each of the last 18 characters matters: 2^18 states, far more than are remembered.
        let machine = PatternMachine(try Pattern("^[ab]*a[ab]{17}$"))
        var random = SystemRandomNumberGenerator()
        let letters = (0..<200_000).map { _ in Bool.random(using: &random) }
        let text = letters.map { $0 ? UInt8(ascii: "a") : UInt8(ascii: "b") }
        #expect(text.withUnsafeBytes { machine.matches($0) } == letters[letters.count - 18])
        #expect(machine.flushes > 0)
        #expect(
            text.dropLast().withUnsafeBytes { machine.matches($0) } == letters[letters.count - 19])
    }

    @Test func `states take no more than is allowed, however much each of them is`() throws {
        // Few kinds of characters, and hundreds of ways open at a time.
        let machine = PatternMachine(try Pattern("[ab]*a[ab]{1000}$"))
        var random = SystemRandomNumberGenerator()
        let text = (0..<10_000).map { _ in
            Bool.random(using: &random) ? UInt8(ascii: "a") : UInt8(ascii: "b")
        }
        let expected = text[text.count - 1001] == UInt8(ascii: "a")
        #expect(text.withUnsafeBytes { machine.matches($0) } == expected)
        #expect(machine.flushes > 0)
        #expect(machine.entries <= PatternMachine.entryLimit)
    }

    @Test(arguments: [
        ("^e\u{301}+$", "é"), ("^[a-e\u{301}]$", "é"), ("^\u{1100}\u{1161}$", "가"),
    ])
    func `a pattern in parts matches what is composed`(pattern: String, composed: String) throws {
        #expect(composed.unicodeScalars.count == 1)
        #expect(try matches(pattern, composed))
        #expect(try !matches(pattern, composed + "x"))
    }

    @Test func `random patterns mean what they mean to others`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = Dice(seed: seed)
        for _ in 0..<2000 {
            let pattern = Self.pattern(depth: 3, &random)
            let expression = try NSRegularExpression(pattern: pattern)
            let machine = PatternMachine(try Pattern(pattern))
            for _ in 0..<10 {
                let text = String(
                    (0..<Int.random(in: 0...6, using: &random)).map { _ in
                        ["a", "b", "c", "가"].randomElement(using: &random)!
                    })
                let range = NSRange(text.startIndex..., in: text)
                let expected = expression.firstMatch(in: text, range: range) != nil
                let found = Array(text.utf8).withUnsafeBytes { machine.matches($0) }
                #expect(found == expected, "seed \(seed): \(pattern) in \(text)")
            }
        }
    }

    private static func pattern(depth: Int, _ random: inout Dice) -> String {
        let parts = (0..<Int.random(in: 1...3, using: &random)).map { _ -> String in
            let choice = Int.random(in: 0..<(depth > 0 ? 9 : 5), using: &random)
            let atom =
                switch choice {
                case 0: "a"
                case 1: "b"
                case 2: "[a가]"
                case 3: "[^b]"
                case 4: "."
                case 5: "(" + group(depth, &random) + ")"
                case 6: "(" + group(depth, &random) + "|" + group(depth, &random) + ")"
                case 7: "(^" + group(depth, &random) + ")"
                default: "(" + group(depth, &random) + "$)"
                }
            return atom + ["", "", "*", "+", "?", "{2}", "{1,2}"].randomElement(using: &random)!
        }
        return parts.joined()
    }

    /// What never matches nothing: of loops over nothing within loops others make other things.
    private static func group(_ depth: Int, _ random: inout Dice) -> String {
        (Bool.random(using: &random) ? "a" : "[^a]") + pattern(depth: depth - 1, &random)
    }
}
