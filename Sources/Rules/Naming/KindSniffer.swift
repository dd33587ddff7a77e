/// Tells the kind of a drop from its name and first bytes, which must agree.
///
/// Rule: docs/formats.md, "What is taken".
public struct KindSniffer: Sendable, Hashable {
    /// As much of a file's beginning as the daemon ever looks at, in bytes.
    public static let headLength = 4096

    public init() {}

    /// Why a file of this name will be refused whatever it holds; nil where its content decides.
    public func failure(ofName name: FileName) -> Failure? {
        switch DropExtension(of: name) {
        case nil:
            Failure(
                .unsupportedType,
                message: """
                    ingestd takes PDFs (.pdf) and tables (.csv, .tsv, .tab, .xls, .xlsx); this \
                    name ends otherwise. If the file is one of these, give it the extension that \
                    fits.
                    """,
                detail: "look at name: no known extension")
        case .pdf, .table, .xls, .xlsx: nil
        }
    }

    /// The kind on which name and content agree.
    ///
    /// - Parameter head: the file's first bytes, all of them or ``headLength``.
    /// - Throws: `unsupported_type` for a name that is never taken, `type_mismatch` where they
    ///   disagree.
    public func kind(of name: FileName, head: [UInt8]) throws(Failure) -> DropKind {
        guard let promise = DropExtension(of: name) else { throw unsupported(name) }
        let sign =
            promise == .table
            ? ContentSign(head: head, pdfReach: ContentSign.pdfHeaderReachInTable)
            : ContentSign(head: head)
        switch (promise, sign) {
        case (.pdf, .pdf): return .pdf
        case (.table, .text): return .csv
        case (.xls, .oldOffice): return .xls
        // An encrypted XLSX workbook hides in the older container.
        case (.xlsx, .zip), (.xlsx, .oldOffice): return .xlsx
        case (.pdf, _), (.table, _), (.xls, _), (.xlsx, _): throw mismatch(promise, sign)
        }
    }

    private func unsupported(_ name: FileName) -> Failure {
        guard let failure = failure(ofName: name) else {
            preconditionFailure("a kind that is not taken has a reason")
        }
        return failure
    }

    private func mismatch(_ promise: DropExtension, _ sign: ContentSign) -> Failure {
        let wanted = promise.noun
        let advice = sign.advice
        let message =
            if let found = sign.noun {
                "The name says \(wanted), but the content is \(found). \(advice)"
            } else {
                """
                The name says \(wanted), but the content is not. The file may be damaged, or have \
                the wrong extension: open it once yourself, then save or send it again.
                """
            }
        return Failure(
            .typeMismatch, message: message,
            detail: "look at content: name says \(wanted), content is \(sign.noun ?? "unknown")")
    }
}

extension DropExtension {
    fileprivate var noun: String {
        switch self {
        case .pdf: "a PDF"
        case .table: "a CSV table"
        case .xls: "an Excel workbook (XLS)"
        case .xlsx: "an Excel workbook (XLSX)"
        }
    }
}

extension ContentSign {
    /// What its owner may do about a file that shows this sign under a wrong name.
    fileprivate var advice: String {
        switch self {
        case .pdf: "Give it the extension .pdf."
        case .oldOffice: "If it is a workbook, give it the extension .xls."
        case .zip: "If it is a workbook, give it the extension .xlsx."
        case .webPage:
            "A download often ends so when a login has run out: fetch the file again."
        case .text: "If it is a table, give it the extension .csv."
        case .other, .binary: "Give it the extension that fits, or drop the right file."
        }
    }
}
