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
}
