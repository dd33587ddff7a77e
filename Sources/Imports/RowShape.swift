import WorkerProtocol

/// What every staged row must be like.
struct RowShape {
    /// Fields that become columns.
    var fieldCount: Int
    /// Fields that must have a value.
    var required: [Int]
    /// Whether one field more is the record itself, for those that come in vain.
    var carriesRecord: Bool

    /// Looks at the row that a walker stands on.
    ///
    /// A worker has validated the rows; this only keeps a broken one from damaging the table.
    func check(_ walker: borrowing RowWalker, after previous: Int) throws(ImportError) {
        guard walker.row > previous else {
            throw .rowsRefused(reason: "row \(walker.row) follows row \(previous)")
        }
        guard walker.fields.count == fieldCount + (carriesRecord ? 1 : 0) else {
            throw .rowsRefused(reason: "row \(walker.row) has \(walker.fields.count) fields")
        }
        for field in required where walker.fields[field]?.isEmpty ?? true {
            throw .rowsRefused(reason: "row \(walker.row) lacks a required value")
        }
        for field in walker.fields {
            guard let field, !UTF8Text.isValid(field) else { continue }
            throw .rowsRefused(reason: "row \(walker.row) is not UTF-8")
        }
    }
}
