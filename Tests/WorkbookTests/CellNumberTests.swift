import CSV
import Testing

@testable import Workbook

@Suite struct CellNumberTests {
    private func text(
        _ value: Double, _ format: CellFormat = .general, countsFrom1904: Bool = false
    ) throws -> String {
        let row = RowBuilder(CSVLimits())
        row.begin(number: 1)
        try CellNumber(countsFrom1904: countsFrom1904).write(value, as: format, to: row)
        try row.endField(column: 0)
        return String(decoding: row.record(number: 1)[0], as: UTF8.self)
    }

    @Test(arguments: [
        (0, "0"), (-0.0, "0"), (1, "1"), (-12, "-12"), (0.1, "0.1"), (1234.5678, "1234.5678"),
        (0.1 + 0.2, "0.30000000000000004"), (1e15, "1000000000000000"),
        (1.2345e16, "12345000000000000"), (1e20, "100000000000000000000"), (1e21, "1e+21"),
        (-1.5e-5, "-0.000015"), (1e-7, "0.0000001"), (1.5e-8, "1.5e-08"),
        (9_007_199_254_740_992, "9007199254740992"), (.infinity, "#NUM!"), (.nan, "#NUM!"),
    ])
    func `numbers are as short as they can be, and plain where people write them so`(
        value: Double, expected: String
    ) throws {
        #expect(try text(value) == expected)
        if value.isFinite { #expect(Double(expected) == value) }
    }

    @Test(arguments: [
        (1, "1900-01-01"), (59, "1900-02-28"), (60, "1900-02-29"), (61, "1900-03-01"),
        (36_526, "2000-01-01"), (45_351, "2024-02-29"), (2_958_465, "9999-12-31"),
        (2_958_466, "2958466"), (0, "0"), (0.5, "0.5"), (-1, "-1"),
        (45_322.75, "2024-01-31T18:00:00"),
    ])
    func `days are counted from 1900 as Excel counts them`(value: Double, expected: String) throws {
        #expect(try text(value, CellFormat(kind: .date)) == expected)
    }

    @Test(arguments: [
        (CellFormat.Kind.dateTime, 45_322.0, "2024-01-31T00:00:00"),
        (.dateTime, 45_322.999_999, "2024-02-01T00:00:00"), (.dateTime, 0.25, "06:00:00"),
        (.time, 0.5, "12:00:00"), (.time, 45_322.5, "12:00:00"), (.elapsed, 1.5, "36:00:00"),
        (.elapsed, 100.5, "2412:00:00"),
    ])
    func `times are rounded to the second`(
        kind: CellFormat.Kind, value: Double, expected: String
    ) throws {
        #expect(try text(value, CellFormat(kind: kind)) == expected)
    }

    @Test func `parts of a second are told where the format shows them`() throws {
        let format = CellFormat(kind: .time, showsFraction: true)
        #expect(try text(1.25 / 86_400, format) == "00:00:01.250")
        #expect(try text(2.0 / 86_400, format) == "00:00:02")
    }

    @Test func `days are counted from 1904 where the workbook says so`() throws {
        #expect(try text(0, CellFormat(kind: .date), countsFrom1904: true) == "1904-01-01")
        #expect(try text(42_735, CellFormat(kind: .date), countsFrom1904: true) == "2021-01-01")
    }

    @Test(arguments: [
        ("General", CellFormat.Kind.number), ("[Red]General", .number), ("0.00", .number),
        ("#,##0.00 \"days\"", .number), ("0.00E+00", .number), ("@", .number), ("0%", .number),
        ("[$₩-412]#,##0", .number), ("_-* #,##0_-;_-* \"-\"_-", .number), ("", .number),
        ("G/표준", .number), (#"G/표준"명""#, .number), ("[Red]G/표준;[Blue]-G/표준", .number),
        ("G/通用格式", .number), ("G/標準", .number), (#"G/標準"日""#, .number), ("Standard", .number),
        ("[Rot]STANDARD", .number), (#"Standard" Std.""#, .number), ("ss", .time), ("gg", .date),
        ("yyyy-mm-dd", .date), ("[$-412]yyyy\"년\" m\"월\" d\"일\";@", .date), ("mmm-yy", .date),
        ("M/D/YYYY", .date), ("aaaa", .date), ("ggge\"年\"", .date), ("mmmm", .date),
        ("yyyy/mm/dd hh:mm", .dateTime), ("m/d/yy h:mm AM/PM", .dateTime),
        ("dd\\.mm\\.yyyy\\ hh:mm:ss", .dateTime), ("hh:mm dd/mm", .dateTime),
        ("h:mm", .time), ("mm:ss", .time), ("h\"시\" mm\"분\"", .time), ("h:mm AM/PM", .time),
        ("mm:ss.0", .time), ("[h]:mm:ss", .elapsed), ("[mm]:ss", .elapsed),
    ])
    func `a format tells dates from numbers`(code: String, kind: CellFormat.Kind) {
        #expect(CellFormat(code: code).kind == kind)
    }

    @Test func `formats that every program knows are as Korean has them`() {
        let dates = (0..<60).filter { CellFormat(builtIn: $0).kind == .date }
        #expect(dates == Array(14...17) + Array(27...31) + Array(34...36) + Array(50...58))
        #expect(CellFormat(builtIn: 22).kind == .dateTime)
        #expect(CellFormat(builtIn: 47).showsFraction)
        #expect(CellFormat(builtIn: 49).kind == .number)
    }

    @Test func `what is taken as it stands is what would have been written`() throws {
        var generator = SystemRandomNumberGenerator()
        let seed = UInt64.random(in: 0 ... .max, using: &generator)
        var random = SeededGenerator(seed)
        let characters = Array("0123456789.-+eE".utf8)
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 1...17, using: &random)).map { _ in
                characters[Int.random(in: 0..<characters.count, using: &random)]
            }
            let text = String(decoding: bytes, as: UTF8.self)
            let isShortest = bytes.withUnsafeBytes { DecimalText.isShortest($0) }
            guard isShortest else { continue }
            let value = try #require(bytes.withUnsafeBytes { DecimalText.value($0) })
            #expect(try self.text(value) == text, "seed \(seed)")
        }
    }

    @Test(arguments: [
        ("1234567890123456789", true), ("-1234567890123456", true), ("0123456789012345", false),
        ("123456789012345", false), ("-0", false), ("", false), ("-", false),
        ("1234567890123456.5", false), ("1234567890123456e3", false), ("--1234567890123456", false),
        (String(repeating: "1", count: 40), true), (String(repeating: "1", count: 41), false),
    ])
    func `whole numbers past what a double keeps are told by their digits`(
        text: String, isLong: Bool
    ) {
        #expect(Array(text.utf8).withUnsafeBytes { DecimalText.isLongWhole($0) } == isLong)
    }

    @Test func `names of elements are told by their bytes`() {
        for (key, name) in [
            (XMLName.c, "c"), (XMLName.r, "r"), (XMLName.s, "s"), (XMLName.t, "t"),
            (XMLName.v, "v"),
            (XMLName.inline, "is"), (XMLName.si, "si"), (XMLName.xf, "xf"), (XMLName.id, "id"),
            (XMLName.row, "row"), (XMLName.phonetic, "rPh"), (XMLName.name, "name"),
            (XMLName.space, "space"),
        ] {
            #expect(XMLName(name).key == key)
            #expect(XMLName("x:\(name)").key == key)
        }
        #expect(XMLName("sheetData").key == 0)
    }
}

/// Numbers that are the same for the same seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
