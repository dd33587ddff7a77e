/// The steps over a document, in the order in which status files list them.
public enum StageName: String, Sendable, Hashable, CaseIterable {
    case store, info, text, thumbnail, pages
    /// Spelled `import` in files and logs.
    case tableImport = "import"
    /// Pictures of the tokens that an import gave out.
    case qr
    case publish

    /// Whether a worker runs it; the others are the daemon's own.
    public var runsInWorker: Bool {
        switch self {
        case .info, .text, .thumbnail, .pages, .tableImport: true
        case .store, .qr, .publish: false
        }
    }

    /// Whether it takes a worker's slot, for which the accounts wait in turn: it may take long, though it
    /// needs no worker.
    public var takesSlot: Bool {
        switch self {
        case .info, .text, .thumbnail, .pages, .tableImport, .qr: true
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
        case .store, .tableImport, .qr, .publish: false
        }
    }
}
