import Rules
import Testing

@Suite struct ValueRuleTests {
    /// What a column makes of a field: the value kept, nil for none, or what is wrong.
    enum Outcome: Equatable, Sendable {
        case value(String?)
        case fault(ValueFault)
    }

    func outcome(_ rule: ValueRule, _ field: String, isRequired: Bool = true) -> Outcome {
        // Something is in the scratch bytes already, as after the column before.
        var scratch = Array("before".utf8)
        return Array(field.utf8).withUnsafeBytes { bytes in
            switch rule.check(bytes, isRequired: isRequired, scratch: &scratch) {
            case .empty: .value(nil)
            case .kept(let part): .value(String(decoding: bytes[part], as: UTF8.self))
            case .rewritten(let part): .value(String(decoding: scratch[part], as: UTF8.self))
            case .refused(let fault): .fault(fault)
            }
        }
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
        ("hong", .fault(.notAnAddress)),
        ("@b.c", .fault(.notAnAddress)),
        ("a@", .fault(.notAnAddress)),
        ("a@b", .fault(.notAnAddress)),
        ("a@.c", .fault(.notAnAddress)),
        ("a@b.", .fault(.notAnAddress)),
        ("a.b@c", .fault(.notAnAddress)),
        ("a@b@c.d", .fault(.notAnAddress)),
        ("a b@c.d", .fault(.notAnAddress)),
        ("a@b c.d", .fault(.notAnAddress)),
        ("a\u{a0}b@c.d", .fault(.notAnAddress)),
        ("a@b\u{2003}c.d", .fault(.notAnAddress)),
        ("a@b.c,d@e.f", .fault(.notAnAddress)),
    ]

    @Test(arguments: addresses)
    func `an address is trimmed, lower-cased, and of the form of one`(
        field: String, expected: Outcome
    ) {
        #expect(outcome(.email, field) == expected)
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
    func `a name has 2 to 100 characters, as people count them`(field: String, expected: Outcome) {
        #expect(outcome(.personName, field) == expected)
    }

    @Test(arguments: [
        (" 010-1234-5678 ", "010-1234-5678" as String?), ("", nil), ("  \t", nil),
        ("\u{85}x\u{2028}", "x"), ("a  b", "a  b"), ("\u{200b}", "\u{200b}"),
    ])
    func `text is trimmed, and is no value when nothing is left`(field: String, value: String?) {
        #expect(outcome(.text, field, isRequired: false) == .value(value))
    }

    @Test(arguments: [ValueRule.text, .personName, .email])
    func `only a required column must have a value`(rule: ValueRule) {
        #expect(outcome(rule, " ", isRequired: true) == .fault(.missing))
        #expect(outcome(rule, " ", isRequired: false) == .value(nil))
    }

    @Test func `an optional address is still an address`() {
        #expect(outcome(.email, "nobody", isRequired: false) == .fault(.notAnAddress))
    }

    @Test func `a fault reads as the end of a sentence about its field`() {
        #expect(ValueFault.notAnAddress.message == "is not an e-mail address")
        #expect(ValueFault.tooShort.message == "has fewer than 2 characters")
        #expect(ValueFault.tooLong.message == "has more than 100 characters")
    }
}
