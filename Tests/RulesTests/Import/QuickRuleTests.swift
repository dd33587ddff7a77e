import Rules
import Testing

@Suite struct QuickRuleTests {
    /// What a column makes of a field: the value kept, nil for none, or what is wrong.
    enum Outcome: Equatable, Sendable {
        case value(String?)
        case fault(ValueFault)
    }

    static let text = ValueRule()
    static let personName = ValueRule(length: ValueBounds(least: 2, greatest: 100))
    static let email = ValueRule(type: .email, transforms: [.trim, .lower])

    /// What both ways to judge come to, which must be the same.
    func outcome(
        _ rule: ValueRule, _ field: String, isRequired: Bool = true, isKey: Bool = false
    ) throws -> Outcome {
        let quick = try #require(QuickRule(rule, isKey: isKey))
        let check = try ValueCheck(rule, isKey: isKey)
        // Something is in the scratch bytes already, as after the column before.
        var scratch = Array("before".utf8)
        let bytes = Array(field.utf8)
        func read(_ verdict: ValueVerdict) -> Outcome {
            switch verdict {
            case .empty: .value(nil)
            case .kept(let part): .value(String(decoding: bytes[part], as: UTF8.self))
            case .rewritten(let part): .value(String(decoding: scratch[part], as: UTF8.self))
            case .refused(let fault): .fault(fault)
            }
        }
        let verdict = bytes.withUnsafeBytes {
            quick.check($0, isRequired: isRequired, scratch: &scratch)
        }
        let outcome = read(verdict)
        scratch = Array("after".utf8)
        let second = bytes.withUnsafeBytes {
            check.check($0, isRequired: isRequired, scratch: &scratch)
        }
        #expect(read(second) == outcome, "\(field)")
        return outcome
    }

    static let addresses: [(String, Outcome)] = [
        ("hong@example.com", .value("hong@example.com")),
        ("  hong@example.com\t", .value("hong@example.com")),
        ("\u{a0}hong@example.com\u{3000}", .value("hong@example.com")),
        ("\u{feff}hong@example.com\u{2009}", .value("hong@example.com")),
        ("Hong.GilDong@Example.COM", .value("hong.gildong@example.com")),
        ("홍길동@예시.한국", .value("홍길동@예시.한국")),
        ("ÉLAN@Example.com", .value("élan@example.com")),
        ("a@b.c", .value("a@b.c")),
        ("a@b..c", .value("a@b..c")),
        ("a@.b.c", .value("a@.b.c")),
        ("a@b.c.", .value("a@b.c.")),
        ("", .fault(.missing)),
        (" \u{3000} ", .fault(.missing)),
        ("hong", .fault(.notOfType)),
        ("@b.c", .fault(.notOfType)),
        ("a@", .fault(.notOfType)),
        ("a@b", .fault(.notOfType)),
        ("a@.c", .fault(.notOfType)),
        ("a@b.", .fault(.notOfType)),
        ("a.b@c", .fault(.notOfType)),
        ("a@b@c.d", .fault(.notOfType)),
        ("a b@c.d", .fault(.notOfType)),
        ("a@b c.d", .fault(.notOfType)),
        ("a\u{a0}b@c.d", .fault(.notOfType)),
        ("a@b\u{2003}c.d", .fault(.notOfType)),
        ("a@b.c,d@e.f", .fault(.notOfType)),
    ]

    @Test(arguments: addresses)
    func `an address is trimmed, lower-cased, and of the form of one`(
        field: String, expected: Outcome
    ) throws {
        #expect(try outcome(Self.email, field) == expected)
    }

    static let names: [(String, Outcome)] = [
        ("김철수", .value("김철수")),
        (" 이영 ", .value("이영")),
        ("José O'Neil", .value("José O'Neil")),
        ("李小龍", .value("李小龍")),
        ("김", .fault(.tooShort)),
        ("a", .fault(.tooShort)),
        // One character, however many scalars it is made of.
        ("e\u{301}", .fault(.tooShort)),
        ("\u{1112}\u{1161}\u{11ab}", .fault(.tooShort)),
        ("👩‍👩‍👧", .fault(.tooShort)),
        ("e\u{301}a", .value("e\u{301}a")),
        ("", .fault(.missing)),
        (String(repeating: "a", count: 100), .value(String(repeating: "a", count: 100))),
        (String(repeating: "a", count: 101), .fault(.tooLong)),
        (String(repeating: "가", count: 100), .value(String(repeating: "가", count: 100))),
        (String(repeating: "가", count: 101), .fault(.tooLong)),
        (
            String(repeating: "e\u{301}", count: 100),
            .value(String(repeating: "e\u{301}", count: 100))
        ),
        (String(repeating: "e\u{301}", count: 101), .fault(.tooLong)),
        (
            "\u{20}" + String(repeating: "b", count: 100) + "\u{20}",
            .value(String(repeating: "b", count: 100))
        ),
    ]

    @Test(arguments: names)
    func `a name has 2 to 100 characters, as people count them`(field: String, expected: Outcome)
        throws
    {
        #expect(try outcome(Self.personName, field) == expected)
    }

    @Test(arguments: [
        (" 010-1234-5678 ", "010-1234-5678" as String?), ("", nil), ("  \t", nil),
        ("\u{85}x\u{2028}", "x"), ("a  b", "a  b"), ("\u{200b}", "\u{200b}"),
    ])
    func `text is trimmed, and is no value when nothing is left`(field: String, value: String?)
        throws
    {
        #expect(try outcome(Self.text, field, isRequired: false) == .value(value))
    }

    @Test(arguments: [text, personName, email])
    func `only a required column must have a value`(rule: ValueRule) throws {
        #expect(try outcome(rule, " ", isRequired: true) == .fault(.missing))
        #expect(try outcome(rule, " ", isRequired: false) == .value(nil))
    }

    @Test func `an optional address is still an address`() throws {
        #expect(try outcome(Self.email, "nobody", isRequired: false) == .fault(.notOfType))
    }

    @Test func `an address that tells rows apart is the same however Unicode spells it`() throws {
        let parts = "\u{1112}\u{1169}\u{11bc}@e.kr"
        #expect(Array("홍@e.kr".utf8) != Array(parts.utf8))
        guard case .value(let kept?) = try outcome(Self.email, parts, isKey: true) else {
            Issue.record("not a value")
            return
        }
        #expect(Array(kept.utf8) == Array("홍@e.kr".utf8))
        guard case .value(let asItCame?) = try outcome(Self.email, parts) else {
            Issue.record("not a value")
            return
        }
        #expect(Array(asItCame.utf8) == Array(parts.utf8))
    }

    @Test func `a fault reads as the end of a sentence about its field`() throws {
        #expect(ValueFault.notOfType.message(of: Self.email) == "is not an e-mail address")
        #expect(ValueFault.tooShort.message(of: Self.personName) == "has fewer than 2 characters")
        #expect(ValueFault.tooLong.message(of: Self.personName) == "has more than 100 characters")
    }

    @Test func `what asks for more is not judged quickly`() throws {
        let rules = [
            ValueRule(type: .integer), ValueRule(transforms: []), ValueRule(transforms: [.lower]),
            ValueRule(pattern: "a"), ValueRule(allowed: ["a"]), ValueRule(standard: "a"),
            ValueRule(type: .email), ValueRule(type: .email, length: ValueBounds(least: 2)),
        ]
        for rule in rules { #expect(QuickRule(rule, isKey: false) == nil, "\(rule)") }
        #expect(QuickRule(Self.text, isKey: true) == nil)
    }
}
