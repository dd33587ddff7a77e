/// What an inbox may be told to take: kinds that people speak of as one.
public enum KindFamily: String, Sendable, Hashable, CaseIterable {
    case pdf, table

    init(_ promise: DropExtension) {
        switch promise {
        case .pdf: self = .pdf
        case .table, .xls, .xlsx: self = .table
        }
    }

    fileprivate var plural: String {
        switch self {
        case .pdf: "PDFs"
        case .table: "tables"
        }
    }
}

extension InboxSettings {
    /// Why a file of this name is not taken in this inbox, though it is in others; nil where it is, or
    /// where it is taken nowhere.
    public func refusal(ofName name: FileName) -> Failure? {
        guard let family = DropExtension(of: name).map(KindFamily.init), !families.contains(family)
        else { return nil }
        let taken = KindFamily.allCases.filter(families.contains).map(\.plural)
            .joined(separator: " and ")
        return Failure(
            .unsupportedType,
            message:
                "This folder takes only \(taken). Put \(family.plural) into another folder, or "
                + "ask the operator to have them taken here.",
            detail: "look at name: the inbox takes \(taken) only")
    }
}
