/// The steps over a document, in the order in which status files list them.
public enum StageName: String, Sendable, Hashable, CaseIterable {
    case store, info, text, thumbnail, pages
    /// Spelled `import` in files and logs.
    case tableImport = "import"
    case publish

    /// Whether a worker runs it; the others are the daemon's own.
    public var runsInWorker: Bool {
        switch self {
        case .info, .text, .thumbnail, .pages, .tableImport: true
        case .store, .publish: false
        }
    }

    /// Whether a stage makes the same of the same bytes, whatever the document's name and place.
    ///
    /// Such a stage's artifacts are made once per account and blob; an import's depend on the
    /// collection and on the rows that are there already.
    public var dependsOnContentAlone: Bool {
        switch self {
        case .info, .text, .thumbnail, .pages: true
        case .store, .tableImport, .publish: false
        }
    }
}
