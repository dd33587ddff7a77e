/// How many rows of a table may be rejected before nothing of it is imported.
///
/// Rule: docs/formats.md, "Rejects".
public struct ErrorAllowance: Sendable, Hashable {
    /// So many at most; nil for any number.
    public var count: Int?
    /// Of a million rows so many at most; nil for any share.
    public var millionths: Int?

    public init(count: Int? = nil, millionths: Int? = nil) {
        self.count = count
        self.millionths = millionths
    }

    /// Whether so many rejected rows are too many, whatever else the table has.
    public func isPassed(by errors: Int) -> Bool { count.map { errors > $0 } ?? false }

    /// Whether a table may be imported.
    ///
    /// - Parameter examples: sentences about the first rejected rows.
    /// - Throws: ``TooManyErrors`` where it may not.
    public func check(
        errors: Int, of rows: Int, examples: [String]
    ) throws(TooManyErrors) {
        var isPassed = isPassed(by: errors)
        if let millionths {
            // Neither product fits into 64 bits for every count.
            let (high, low) = errors.multipliedFullWidth(by: 1_000_000)
            let (mayHigh, mayLow) = rows.multipliedFullWidth(by: millionths)
            isPassed = isPassed || (high, low) > (mayHigh, mayLow)
        }
        guard !isPassed else {
            throw TooManyErrors(errors: errors, rows: rows, allowance: self, examples: examples)
        }
    }

    /// The share as a decimal fraction; nil for any.
    public var ratio: String? {
        millionths.map { millionths in
            let (whole, rest) = millionths.quotientAndRemainder(dividingBy: 1_000_000)
            return "\(whole)." + String(1_000_000 + rest).dropFirst()
        }
    }

    var parameters: String {
        (count.map { " max_errors=\($0)" } ?? "")
            + (millionths.map { " max_error_millionths=\($0)" } ?? "")
    }
}

/// More rows of a table were rejected than its inbox allows.
public struct TooManyErrors: DocumentError, Hashable {
    public let errors: Int
    /// How many rows were looked at; fewer than there are where the errors alone were too many.
    public let rows: Int
    public let allowance: ErrorAllowance
    /// Sentences about the first of them, without a full stop.
    public let examples: [String]

    /// How many sentences a message has.
    private static let exampleLimit = 3

    public var failure: Failure {
        let bounds = [
            allowance.count.map { "\($0) rows" },
            allowance.millionths.map { "\(Self.percent($0)) % of them" },
        ].compactMap { $0 }.joined(separator: " and ")
        return Failure(
            .csvTooManyErrors,
            message: "Nothing was imported: \(errors) of the first \(rows) rows have mistakes, and "
                + "no more than \(bounds) may have in this folder. Mend them and drop it again. "
                + examples.prefix(Self.exampleLimit).map { $0 + "." }.joined(separator: " "),
            detail: "judge rows: \(errors) of \(rows) rejected, allowed are \(bounds)")
    }

    private static func percent(_ millionths: Int) -> String {
        let (whole, rest) = millionths.quotientAndRemainder(dividingBy: 10_000)
        guard rest > 0 else { return "\(whole)" }
        let digits = String(10_000 + rest).dropFirst()
        return "\(whole)." + String(digits.reversed().drop { $0 == "0" }.reversed())
    }
}
