/// Why a text could not be read as CSV to its end.
///
/// Records are counted from one. An offset is how many bytes of the text that the reader was given,
/// which is UTF-8, stand before the place.
public enum CSVError: Error, Sendable, Hashable {
    /// The quote at `offset`, in the record, is never closed: all that follows would be one field.
    case unterminatedQuote(record: Int, offset: Int)
    case fieldTooLong(record: Int, offset: Int)
    case recordTooLong(record: Int, offset: Int)
    /// The field at `offset` is the first that is too many.
    case tooManyColumns(record: Int, offset: Int)

    /// The record in which reading ended.
    public var record: Int {
        switch self {
        case .unterminatedQuote(let record, _), .fieldTooLong(let record, _),
            .recordTooLong(let record, _), .tooManyColumns(let record, _):
            record
        }
    }

    /// Where in the text that is.
    public var offset: Int {
        switch self {
        case .unterminatedQuote(_, let offset), .fieldTooLong(_, let offset),
            .recordTooLong(_, let offset), .tooManyColumns(_, let offset):
            offset
        }
    }
}

/// How much a text may ask for.
public struct CSVLimits: Sendable, Hashable {
    /// Bytes of one field; a quote that was forgotten ends here at the latest.
    public var field: Int
    /// Bytes of one record, so that a record fits into a frame with room to spare.
    public var record: Int
    public var columns: Int

    public init(field: Int = 1 << 20, record: Int = 4 << 20, columns: Int = 2000) {
        precondition(field > 0 && record >= field && columns > 0, "limits lean on each other")
        precondition(record < 1 << 30, "places within a record are 32 bits wide")
        self.field = field
        self.record = record
        self.columns = columns
    }
}
