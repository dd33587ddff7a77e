/// Why a workbook could not be read to its end.
public enum WorkbookError: Error, Sendable {
    /// `attempt` names the step that met bytes it could not read.
    case damaged(attempt: String)
    /// It needs a password.
    case encrypted
    /// It would take more than ``WorkbookLimits`` allow.
    case tooLarge(WorkbookLimits.Kind)
    /// The row has more columns than are allowed. It is numbered as the sheet numbers it, wherever
    /// the header stands: a person looks for it there.
    case tooManyColumns(row: Int)
    /// The bytes could not be had.
    case unreadable(any Error)
}
