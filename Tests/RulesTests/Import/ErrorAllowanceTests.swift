import Rules
import Testing

@Suite struct ErrorAllowanceTests {
    private func allows(_ allowance: ErrorAllowance, _ errors: Int, of rows: Int) -> Bool {
        do {
            try allowance.check(errors: errors, of: rows, examples: [])
            return true
        } catch {
            return false
        }
    }

    static let cases: [(ErrorAllowance, Int, Int, Bool)] = [
        (ErrorAllowance(), 10, 10, true),
        (ErrorAllowance(count: 2), 2, 2, true), (ErrorAllowance(count: 2), 3, 1000, false),
        (ErrorAllowance(count: 0), 0, 1, true), (ErrorAllowance(count: 0), 1, 1, false),
        (ErrorAllowance(millionths: 50_000), 5, 100, true),
        (ErrorAllowance(millionths: 50_000), 6, 100, false),
        (ErrorAllowance(millionths: 0), 1, 1_000_000_000, false),
        (ErrorAllowance(millionths: 1_000_000), 7, 7, true),
        (ErrorAllowance(millionths: 500_000), 1 << 52, 1 << 53, true),
        (ErrorAllowance(millionths: 500_000), 1 << 52 + 1, 1 << 53, false),
        (ErrorAllowance(count: 10, millionths: 100_000), 2, 10, false),
        (ErrorAllowance(count: 1, millionths: 900_000), 2, 10, false),
    ]

    @Test(arguments: cases)
    func `both bounds hold, to the row`(
        allowance: ErrorAllowance, errors: Int, rows: Int, isAllowed: Bool
    ) {
        #expect(allows(allowance, errors, of: rows) == isAllowed)
    }

    @Test func `the owner reads how many there were, how many may be, and the first of them`() {
        let error = #expect(throws: TooManyErrors.self) {
            try ErrorAllowance(count: 3, millionths: 12_500).check(
                errors: 4, of: 20, examples: ["Row 3: name is missing"])
        }
        #expect(error?.failure.code == .csvTooManyErrors)
        #expect(
            error?.failure.message
                == "Nothing was imported: 4 of the first 20 rows have mistakes, and no more than "
                + "3 rows and 1.25 % of them may have in this folder. Mend them and drop it "
                + "again. Row 3: name is missing.")
    }
}
