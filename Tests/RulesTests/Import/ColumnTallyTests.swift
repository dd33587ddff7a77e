import Rules
import Testing

@Suite struct ColumnTallyTests {
    private func type(_ values: [String]) -> InferredType {
        var tally = ColumnTally()
        for value in values { Array(value.utf8).withUnsafeBytes { tally.take($0) } }
        return tally.type
    }

    static let number = InferredType.decimal(isKeptAsNumber: true)
    static let digits = InferredType.decimal(isKeptAsNumber: false)

    static let columns: [([String], InferredType)] = [
        ([], .text), ([""], .text), (["1", "", "20"], .integer), (["0", "-5"], .integer),
        (["9223372036854775807", "-9223372036854775808"], .integer),
        // What a number would lose stays text.
        (["01012345678", "1"], .text), (["007"], .text), (["00"], .text), (["+1"], .text),
        (["-0"], .text), (["1 "], .text), (["1,000"], .text), (["1e5"], .text), (["0x10"], .text),
        (["9223372036854775808"], digits), (["1", "123456789012345678901234567890"], digits),
        (["1.5", "2", "-0.25"], number), (["0.1"], number), (["0.0001"], number),
        (["0.00001"], digits), (["-0.0000123"], digits), (["12345678901234.5"], number),
        (["123456789012345.6"], digits), (["1.50"], digits), (["1.5", "2.0"], digits),
        (["1", "1e-08", "1E+21", "-1.5E-10"], digits), (["1", "1E5"], .text), (["1e+"], .text),
        (["1.e+5"], .text), (["1.5E-1000"], .text), (["1E-5층"], .text), (["01e+5"], .text),
        (["-0.0"], digits), ([".5"], .text), (["5."], .text), (["01.5"], .text), (["1.2.3"], .text),
        (["2024-01-31", "2024-02-29"], .date), (["2024-02-30"], .text), (["2024-1-31"], .text),
        (["2024-01-31", "2024-01-31 10:00"], .text),
        (["2024-01-31 10:00", "2024-01-31T10:00:01.5Z", "2024-01-31 10:00:00+09:00"], .datetime),
        (["2024-01-31 00:00:00", "2024-02-29T00:00:00"], .datetime),
        (["2024-01-31", "2024-02-29 00:00:00"], .text),
        (["2024-01-31 25:00"], .text), (["true", "FALSE"], .boolean), (["true", "yes"], .text),
        (["1", "true"], .text), (["1", "x"], .text), (["x", "1"], .text), (["가"], .text),
        (["1", "2024-01-31"], .text), (["NaN"], .text), (["1.5", "x"], .text),
    ]

    @Test(arguments: columns)
    func `a column is what all of its values are, and loses nothing by it`(
        values: [String], expected: InferredType
    ) {
        #expect(type(values) == expected)
        #expect(type(values.reversed()) == expected)
    }

    @Test func `what a column is decides how it is kept`() {
        #expect(InferredType.integer.column == .integer)
        #expect(Self.number.column == .numeric)
        for type in [InferredType.text, Self.digits, .date, .datetime, .boolean] {
            #expect(type.column == .text)
        }
    }
}
