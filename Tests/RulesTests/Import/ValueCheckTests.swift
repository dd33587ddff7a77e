import Rules
import Testing

@Suite struct ValueCheckTests {
    enum Outcome: Equatable, Sendable {
        case value(String?)
        case fault(ValueFault)
    }

    private func outcome(
        _ rule: ValueRule, _ field: String, isRequired: Bool = true, isKey: Bool = false
    ) throws -> Outcome {
        let check = try ValueCheck(rule, isKey: isKey)
        var scratch = Array("before".utf8)
        let bytes = Array(field.utf8)
        let verdict = bytes.withUnsafeBytes {
            check.check($0, isRequired: isRequired, scratch: &scratch)
        }
        return switch verdict {
        case .empty: .value(nil)
        case .kept(let part): .value(String(decoding: bytes[part], as: UTF8.self))
        case .rewritten(let part): .value(String(decoding: scratch[part], as: UTF8.self))
        case .refused(let fault): .fault(fault)
        }
    }

    static let typed: [(ValueType, [(String, String)], [String])] = [
        (
            .integer,
            [
                ("0", "0"), (" 42 ", "42"), ("-7", "-7"), ("+7", "7"), ("007", "7"), ("-0", "0"),
                ("1,234,567", "1234567"), ("9223372036854775807", "9223372036854775807"),
                ("-9223372036854775808", "-9223372036854775808"), ("-00", "0"),
            ],
            [
                "1.0", "1e3", "a", "-", "+", "1,23", "1234,567", ",123", "1,",
                "9223372036854775808", "1.5E+01",
                "-9223372036854775809", "1 000", "٣", "0x1f", "--1", "1,,234",
            ]
        ),
        (
            .decimal,
            [
                ("0", "0"), ("1.50", "1.50"), ("-0.0", "0.0"), ("+1,234.5", "1234.5"),
                ("00.5", "0.5"),
                ("123456789012345678901234567890.1", "123456789012345678901234567890.1"),
                // As spreadsheets write what is very small or large.
                ("1E-08", "0.00000001"), ("-1.50e-3", "-0.00150"),
                ("1e+21", "1000000000000000000000"),
                ("1.23457E+11", "123457000000"), ("1.2345e2", "123.45"), ("12.5E+01", "125"),
                ("1,234.5e1", "12345"), ("0.5e1", "5"), ("0.05e1", "0.5"), ("0.00E+00", "0.00"),
                ("-0e3", "0"), ("1e0", "1"),
            ],
            [
                ".5", "5.", "e3", "1e", "1e+", "1e3.5", "1ee3", "1e+-3", "1.e3", "1e309", "1e-325",
                "1e0003", "1e3x", "1.2.3", "1,2", "nan", "1,234,5", "₩1", "1.5%",
            ]
        ),
        (
            .date,
            [
                ("2024-01-31", "2024-01-31"), ("2024/1/5", "2024-01-05"),
                ("2024.01.05", "2024-01-05"),
                ("2024. 1. 5.", "2024-01-05"), ("20240229", "2024-02-29"),
                ("2024년 1월 5일", "2024-01-05"),
                ("2000-02-29", "2000-02-29"), ("0001-12-31", "0001-12-31"),
                ("2024년1월5일", "2024-01-05"),
                // What programs write behind days, and the times that workbooks hide.
                ("2024-01-31 00:00:00", "2024-01-31"), ("2024-01-31T00:00:00", "2024-01-31"),
                ("2024-01-31 00:00:00.000", "2024-01-31"), ("2024-01-31 0:00", "2024-01-31"),
                ("2024-01-31T12:00:00", "2024-01-31"), ("2024-01-31 23:59:59.9", "2024-01-31"),
                ("2024. 1. 5. 오후 3:04", "2024-01-05"),
                ("2024-01-31T00:00:00Z", "2024-01-31"),
                ("2024-01-31 00:00:00+09:00", "2024-01-31"),
            ],
            [
                "2023-02-29", "1900-02-29", "2024-13-01", "2024-00-10", "2024-04-31", "2024-1-0",
                "5.1.2024", "31/01/2024", "2024-01/05", "2024-01", "24-01-05", "0000-01-01",
                "2024-01-30T15:00:00.000Z", "2024-01-31 10:00+09:00", "2024-01-31 00:00:01Z",
                "2024-01-05 24:00", "2024-01-05T", "2024-01-05 1", "2024-01-05 00:00 x",
                "2024-01-0510:00", "2024-01-05x", "2024 01 05", "2024-001-05", "202401",
            ]
        ),
        (
            .datetime,
            [
                ("2024-01-31 15:30", "2024-01-31T15:30:00"),
                ("2024-01-31T15:30:01.250Z", "2024-01-31T15:30:01.250Z"),
                ("2024-01-31t05:30:59 +09:00", "2024-01-31T05:30:59+09:00"),
                ("2024-01-31 05:30-0330", "2024-01-31T05:30:00-03:30"),
                ("2024. 1. 5. 오후 3:04:05", "2024-01-05T15:04:05"),
                ("2024. 1. 5 오전 12:04", "2024-01-05T00:04:00"),
                ("2024/1/5 3:04 PM", "2024-01-05T15:04:00"),
                ("2024/1/5 12:04pm", "2024-01-05T12:04:00"),
                ("2024-01-31", "2024-01-31T00:00:00"), ("20240131 0:00", "2024-01-31T00:00:00"),
            ],
            [
                "2024-01-31 24:00", "2024-01-31 23:60", "2024-01-31 23:59:60", "2024-01-3115:30",
                "2024-01-31 13:00 PM", "2024-01-31 0:10 오후", "15:30", "2024-01-31 15",
                "2024-01-31 1:2",
                "2024-01-31 10:00 +9", "2024-01-31 10:00 +25:00", "2024-02-30 10:00",
                "2024-01-31 10:00 KST",
            ]
        ),
        (
            .boolean,
            [
                ("true", "1"), ("FALSE", "0"), ("Yes", "1"), ("n", "0"), ("1", "1"), ("0", "0"),
                ("예", "1"), ("아니오", "0"), ("O", "1"), ("x", "0"), ("참", "1"), ("거짓", "0"),
            ], ["2", "maybe", "yess", "-1", "tr ue"]
        ),
        (
            .phone,
            [
                ("010-1234-5678", "010-1234-5678"), ("+82 (0)10.1234/5678", "+82 (0)10.1234/5678"),
                ("112", "112"), ("123456789012345", "123456789012345"),
                ("(+82) 10-123", "(+82) 10-123"),
            ],
            ["12", "1234567890123456", "010-1234-567a", "010+1234", "전화", "--", "010 1234 ext 5"]
        ),
        (.email, [("A@b.c", "A@b.c")], ["a@b", "a b@c.d"]),
        (.text, [(" a ", "a"), ("=1+1", "=1+1")], []),
    ]

    @Test(arguments: typed)
    func `each type has its forms, one of which is kept`(
        type: ValueType, good: [(String, String)], bad: [String]
    ) throws {
        for (field, kept) in good {
            #expect(try outcome(ValueRule(type: type), field) == .value(kept), "\(field)")
        }
        for field in bad {
            #expect(try outcome(ValueRule(type: type), field) == .fault(.notOfType), "\(field)")
        }
        #expect(try outcome(ValueRule(type: type), " ") == .fault(.missing))
        #expect(try outcome(ValueRule(type: type), "", isRequired: false) == .value(nil))
    }

    static let ranges: [(ValueType, String?, String?, [String], [String], [String])] = [
        (.integer, "-5", "10", ["-5", "0", "10"], ["-6", "-100"], ["11", "100"]),
        (.integer, nil, "9", ["-1000000", "9"], [], ["10"]),
        (
            .decimal, "0.5", "100", ["0.5", "0.50", "99.999", "100", "100.0"],
            ["0.49", "0.4999999", "-1", "0"], ["100.01", "1,000"]
        ),
        (
            .decimal, "1E-03", "1e3", ["0.001", "1000", "1E+03", "9.99e2"], ["9.9E-04", "0"],
            ["1000.1", "1e+21"]
        ),
        (
            .decimal, "-2.5", "-1.25", ["-2.5", "-1.25", "-2"], ["-2.51", "-10"],
            ["-1.2", "0", "1"]
        ),
        (
            .date, "2000-01-01", "2024.12.31", ["2000/1/1", "2024-12-31", "2024-12-31 23:00"],
            ["1999-12-31", "1999-12-31 23:00"], ["2025-01-01"]
        ),
    ]

    @Test(arguments: ranges)
    func `a range has two sides, both of which belong to it`(
        type: ValueType, least: String?, greatest: String?, inside: [String], below: [String],
        above: [String]
    ) throws {
        let rule = ValueRule(type: type, range: ValueBounds(least: least, greatest: greatest))
        for field in inside {
            guard case .value = try outcome(rule, field) else {
                Issue.record("\(field) is outside")
                continue
            }
        }
        for field in below { #expect(try outcome(rule, field) == .fault(.tooSmall), "\(field)") }
        for field in above { #expect(try outcome(rule, field) == .fault(.tooLarge), "\(field)") }
    }

    @Test func `a power of ten is written out within the bounds of what programs write`() throws {
        let rule = ValueRule(type: .decimal)
        let large = "1" + String(repeating: "0", count: 308)
        #expect(try outcome(rule, "1E+308") == .value(large))
        let small = "0." + String(repeating: "0", count: 323) + "5"
        #expect(try outcome(rule, "5E-324") == .value(small))
    }

    @Test func `transforms come before the type and all other rules`() throws {
        let lower = ValueRule(transforms: [.trim, .lower], allowed: ["Gold", "은"])
        #expect(try outcome(lower, " GOLD ") == .value("gold"))
        #expect(try outcome(lower, "은") == .value("은"))
        #expect(try outcome(lower, "bronze") == .fault(.notAllowed))
        let digits = ValueRule(type: .phone, transforms: [.digits], length: ValueBounds(least: 10))
        #expect(try outcome(digits, "+82 10-1234-5678") == .value("821012345678"))
        #expect(try outcome(digits, "82-10-1234") == .fault(.tooShort))
        #expect(try outcome(digits, "none") == .fault(.missing))
        #expect(try outcome(digits, "none", isRequired: false) == .fault(.notOfType))
        #expect(
            try outcome(ValueRule(type: .integer, transforms: [.digits]), "12원") == .value("12"))
        #expect(try outcome(ValueRule(transforms: []), " a ") == .value(" a "))
        #expect(try outcome(ValueRule(transforms: [.lower]), " É ") == .value(" é "))
        #expect(try outcome(ValueRule(transforms: []), "  ") == .fault(.missing))
    }

    @Test func `an empty field stands for its default, which is kept as any value`() throws {
        let rule = ValueRule(type: .integer, range: ValueBounds(greatest: "9"), standard: "+5")
        #expect(try outcome(rule, " ") == .value("5"))
        #expect(try outcome(rule, "", isRequired: false) == .value("5"))
        #expect(try outcome(rule, "7") == .value("7"))
        #expect(try outcome(ValueRule(transforms: [.lower], standard: "A"), "") == .value("a"))
    }

    @Test func `what means the same characters is judged as the same`() throws {
        let parts = "\u{1112}\u{1169}\u{11bc}"
        let form = ValueRule(length: ValueBounds(least: 1, greatest: 1), pattern: "^[가-힣]$")
        guard case .value(let asItCame?) = try outcome(form, parts) else {
            Issue.record("refused")
            return
        }
        #expect(Array(asItCame.utf8) == Array(parts.utf8))
        #expect(try outcome(form, "가나") == .fault(.tooLong))
        #expect(try outcome(form, "a") == .fault(.otherThanPattern))
        #expect(try outcome(ValueRule(allowed: ["홍"]), parts) == .value(parts))
        #expect(try outcome(ValueRule(allowed: [parts]), "홍") == .value("홍"))
        guard case .value(let key?) = try outcome(ValueRule(), parts, isKey: true) else {
            Issue.record("refused")
            return
        }
        #expect(Array(key.utf8) == Array("홍".utf8))
    }

    typealias Part = ValueCheck.Mistake.Part

    static let mistakes: [(ValueRule, Part, String)] = [
        (ValueRule(pattern: "("), .pattern, "has no “)”"),
        (
            ValueRule(type: .integer, length: ValueBounds(least: 1)), .length,
            "only text has a length"
        ),
        (ValueRule(length: ValueBounds(least: 3, greatest: 2)), .length, "min must not be more"),
        (ValueRule(range: ValueBounds(least: "1")), .range, "have a range"),
        (ValueRule(type: .integer, range: ValueBounds(least: "x")), .range, "“x” is not a whole"),
        (
            ValueRule(type: .decimal, range: ValueBounds(least: "2", greatest: "1.5")), .range,
            "min must not be more"
        ),
        (ValueRule(type: .date, allowed: ["soon"]), .allowed, "“soon” is not a date"),
        (ValueRule(allowed: ["a"], standard: "b"), .standard, "“b” is none of a"),
        (ValueRule(type: .boolean, standard: "maybe"), .standard, "“maybe” is not yes or no"),
    ]

    @Test(arguments: mistakes)
    func `a rule that makes no sense says which part`(
        rule: ValueRule, part: Part, reason: String
    ) {
        let mistake = #expect(throws: ValueCheck.Mistake.self) { try ValueCheck(rule) }
        #expect(mistake?.part == part)
        #expect(mistake?.message.contains(reason) == true, "\(mistake?.message ?? "")")
    }

    @Test func `each fault reads as the end of a sentence`() {
        let many = ValueRule(
            type: .date, pattern: String(repeating: "a", count: 100),
            range: ValueBounds(least: "2000-01-01", greatest: "2001-01-01"),
            allowed: (1...12).map(String.init))
        #expect(ValueFault.notOfType.message(of: many) == "is not a date such as 2024-01-31")
        #expect(ValueFault.tooSmall.message(of: many) == "is less than 2000-01-01")
        #expect(ValueFault.tooLarge.message(of: many) == "is more than 2001-01-01")
        #expect(
            ValueFault.notAllowed.message(of: many)
                == "is none of 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more")
        #expect(ValueFault.otherThanPattern.message(of: many).hasSuffix("a…"))
    }
}
