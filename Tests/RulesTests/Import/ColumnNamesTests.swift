import Rules
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
        #expect(names.allSatisfy { $0.count <= 105 })
    }
}
