import Rules
import TestSupport
import Testing

@Suite struct ColumnNamesTests {
    @Test(arguments: [
        (["year", "discipline"], ["year", "discipline"]),
        ([" 선행종합지수(2020=100)", "재고순환지표(%p)"], ["선행종합지수_2020_100_", "재고순환지표__p_"]),
        (["", "y", "%"], ["column_1", "y", "column_3"]),
        (["a", "A", "a"], ["a", "A_2", "a_3"]),
        (["a", "a_2", "a"], ["a", "a_2", "a_3"]),
        (["", "column_1"], ["column_1", "column_1_2"]),
        (["_row", "x"], ["_row_2", "x"]),
        (["select", "x\"; drop table y"], ["select", "x___drop_table_y"]),
        (["naïve", "हिन्दी", "a.b"], ["naïve", "हिन्दी", "a_b"]),
    ])
    func `names are safe, distinct, and like the header's`(header: [String], names: [String]) {
        #expect(ColumnNames.safe(header, width: header.count) == names)
    }

    @Test func `columns beyond the header are named by their place`() {
        #expect(ColumnNames.safe(["a"], width: 3) == ["a", "column_2", "column_3"])
    }

    @Test func `a header of many equal and long names stays distinct and short`() {
        let names = ColumnNames.safe(
            Array(repeating: String(repeating: "x", count: 5000), count: 2000), width: 2000)
        #expect(Set(names).count == 2000)
        #expect(names.allSatisfy { $0.count == 64 })
        #expect(names.last == String(repeating: "x", count: 59) + "_2000")
    }

    @Test func `long names that begin alike stay distinct`() {
        let beginning = String(repeating: "가", count: 64)
        #expect(
            ColumnNames.safe([beginning + "a", beginning + "b"], width: 2)
                == [beginning, String(repeating: "가", count: 62) + "_2"])
    }

    @Test(arguments: [
        // As macOS and Windows spell it.
        ("\u{110b}\u{1175}\u{1105}\u{1173}\u{11b7}", "이름"), ("cafe\u{301}", "café"),
        // No letter loses its accent where the name is cut, and no accent stands alone.
        (
            String(repeating: "x", count: 63) + "q\u{302}\u{323}y",
            String(repeating: "x", count: 63) + "q\u{323}\u{302}"
        ),
        ("a" + String(repeating: "\u{301}", count: 300) + "b", "column_1"),
        ("ab" + String(repeating: "\u{301}", count: 300), "a"),
        (String(repeating: "%", count: 64) + "x", "column_1"),
    ])
    func `a name is spelt in one way, and cut between characters`(header: String, name: String) {
        let safe = ColumnNames.safe([header], width: 1)[0]
        #expect(Array(safe.unicodeScalars) == Array(name.unicodeScalars))
    }

    @Test func `what is safe stays so, and nothing else is`() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = Dice(seed: seed)
        let pieces = [
            "a", "A", "_", "2", "_2", "가", "\u{1100}", "\u{1161}", "\u{11a8}", "e", "\u{301}",
            "\u{323}", "\u{338}", "=", " ", "%", "\u{200d}", "👩", "क", "\u{94d}", "ष", "\u{d4e}",
            "İ", "ß", "\u{212b}", "\0", "\"", "column_1", String(repeating: "x", count: 62),
        ]
        for _ in 0..<2000 {
            let header = (0..<Int.random(in: 1...6, using: &random)).map { _ in
                (0..<Int.random(in: 0...5, using: &random)).map { _ in
                    pieces.randomElement(using: &random) ?? ""
                }.joined()
            }
            let names = ColumnNames.safe(header, width: header.count)
            #expect(ColumnNames.areSafe(names), "seed \(seed): \(header)")
            #expect(Set(names.map { $0.lowercased() }).count == names.count, "seed \(seed)")
        }
        for names in [
            ["a", "A"], ["_row"], [""], ["_"], ["a b"], ["a\0"], ["a\""], ["cafe\u{301}"],
            ["x", "x"],
            [String(repeating: "x", count: 65)], ["\u{fe0f}"],
        ] {
            #expect(!ColumnNames.areSafe(names), "\(names)")
        }
        #expect(ColumnNames.areSafe(["a", "a_2", "select", "rowid", "1", "이름"]))
    }
}
