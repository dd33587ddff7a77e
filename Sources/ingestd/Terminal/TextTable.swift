/// Rows in aligned columns, for people; the last column is not padded.
struct TextTable {
    private let header: [String]
    private var rows: [[String]] = []

    init(_ header: String...) { self.header = header }

    var isEmpty: Bool { rows.isEmpty }

    /// Adds a row; every cell is made fit for a terminal.
    mutating func add(_ cells: String...) {
        precondition(cells.count == header.count, "a row has a cell for each column")
        rows.append(cells.map(TerminalText.line))
    }

    /// The table with a line feed behind each row; `showsHeader` is off for the later parts of a long table.
    func text(showsHeader: Bool = true) -> String {
        let lines = (showsHeader ? [header] : []) + rows
        var widths = [Int](repeating: 0, count: header.count)
        for cells in [header] + rows {
            for (column, cell) in cells.enumerated() {
                widths[column] = max(widths[column], TerminalText.width(cell))
            }
        }
        var text = ""
        for cells in lines {
            var line = ""
            for (column, cell) in cells.dropLast().enumerated() {
                let gap = widths[column] - TerminalText.width(cell) + 2
                line += cell + String(repeating: " ", count: gap)
            }
            line += cells.last ?? ""
            text += String(line.reversed().drop { $0 == " " }.reversed()) + "\n"
        }
        return text
    }
}
