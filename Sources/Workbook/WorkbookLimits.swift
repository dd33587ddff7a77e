import CSV

/// How much a workbook may ask for; what it says of its own sizes is never believed.
public struct WorkbookLimits: Sendable {
    /// What there can be too much of.
    public enum Kind: Sendable, Hashable {
        /// All the texts of the table that cells share.
        case sharedText
        /// What is unpacked.
        case unpacked
        /// One text, which cells may share.
        case text
        /// One cell.
        case cell(row: Int)
        /// One row.
        case row(Int)
        /// The cells of a sheet whose rows are out of order.
        case unordered
    }

    /// One record and its fields.
    public var record: CSVLimits
    /// Bytes that all shared texts may take, with four more for each. They are what memory grows by,
    /// so this is what keeps it flat.
    public var sharedText: Int
    /// Bytes that one part of a workbook may be unpacked to, and all that are read together: a
    /// packed byte can stand for a thousand.
    public var part: Int
    public var parts: Int
    /// Cells that may be put in order, at eight bytes each.
    public var unordered: Int

    /// Sheets of a workbook; a person has dozens at most.
    static let sheets = 1024
    /// Files in an XLSX's archive: sheets, pictures, comments.
    static let files = 10_000
    /// Bytes that the names of these may take, and those of sheets, and what leads to their parts.
    static let names = 1 << 20
    /// Formats of cells; Excel has room for 65,490.
    static let formats = 100_000
    /// How deep elements may stand in each other; a sheet's own need eight.
    static let depth = 64
    /// Bytes of one tag with its attributes: expat holds it whole, and looks at it anew with each piece.
    static let tag = 1 << 20
    /// Bytes that expat may take for one part, which keeps the name of every element and attribute
    /// until the part's end: a tag of the length above, and a thousand times the names that there are.
    static let parser = 8 << 20
    /// How many times the length of an XLS may be looked through to find where its sheets end and
    /// whether their cells are in order: sheets that do not overlap need one.
    static let looks = 4
    /// Columns that a sheet has at most, and rows.
    static let sheetColumns = 16_384
    static let sheetRows = 1_048_576

    public init(
        record: CSVLimits = CSVLimits(), sharedText: Int = 40 << 20, part: Int = 2 << 30,
        parts: Int = 4 << 30, unordered: Int = 2 << 20
    ) {
        precondition(sharedText < 1 << 32, "places among shared texts are 32 bits wide")
        precondition(part <= parts, "limits lean on each other")
        self.record = record
        self.sharedText = sharedText
        self.part = part
        self.parts = parts
        self.unordered = unordered
    }
}
