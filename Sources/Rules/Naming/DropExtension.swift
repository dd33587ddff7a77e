/// What the extension of a name promises about the content.
enum DropExtension: Sendable, Hashable {
    case pdf, table, xls, xlsx

    /// Nil for a name without an extension, or with one that ingestd does not take.
    init?(of name: FileName) {
        guard let dot = name.bytes.lastIndex(of: UInt8(ascii: ".")), dot > 0 else { return nil }
        switch String(decoding: name.bytes[(dot + 1)...].map { $0 }.asciiLowercased, as: UTF8.self)
        {
        case "pdf": self = .pdf
        case "csv", "tsv", "tab": self = .table
        case "xls": self = .xls
        case "xlsx": self = .xlsx
        default: return nil
        }
    }
}
