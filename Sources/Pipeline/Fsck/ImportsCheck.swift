import Catalog
import Imports
import Rules

/// Holds the accounts' databases of imported rows against the documents, both ways.
struct ImportsCheck {
    /// How many documents are looked up at once.
    private static let page = 5000

    private let inspection: ImportsInspection
    private let catalog: Catalog
    private let found: (FsckFinding) -> Void
    /// The accounts whose database can tell nothing.
    private var mute: Set<UInt32> = []

    init(root: String, catalog: Catalog, found: @escaping (FsckFinding) -> Void) {
        inspection = ImportsInspection(root: root)
        self.catalog = catalog
        self.found = found
    }

    mutating func run() async throws {
        let folders = try inspection.folders()
        for name in folders.strangers {
            found(
                FsckFinding(
                    code: .stranger, subject: "imports/\(name)",
                    detail: "among the imports, and no account's folder"))
        }
        for uid in folders.accounts { try checkDatabase(of: uid) }
        try await checkDocuments()
        let counted = try await catalog.accounts(having: .imports)
        for uid in Set(folders.accounts).union(counted).sorted() where !mute.contains(uid) {
            try await checkSize(of: uid)
        }
    }

    /// Whether as much is counted as an account's imported rows take.
    private mutating func checkSize(of uid: UInt32) async throws {
        do {
            let recorded = try await catalog.derived(of: uid)[.imports]
            let counted = try inspection.bytesInUse(by: uid)
            guard recorded != counted else { return }
            // Beside a daemon an import may be on its way from the one to the other.
            guard try await !catalog.isImporting(uid),
                try await catalog.derived(of: uid)[.imports] == recorded,
                try inspection.bytesInUse(by: uid) == counted
            else { return }
            found(
                FsckFinding(
                    .derivedDiffers(uid: uid, .imports, recorded: recorded, counted: counted)))
        } catch let error as ImportError {
            mute.insert(uid)
            found(
                finding(
                    error.isDamage ? .importsDamaged : .importsUnavailable, uid,
                    error.failure.detail))
        }
    }

    /// What SQLite says of an account's database, and whether each import in it is a document's.
    private mutating func checkDatabase(of uid: UInt32) throws {
        do {
            for complaint in try inspection.complaints(of: uid) {
                found(finding(.importsDamaged, uid, complaint))
            }
            var strays = 0
            try inspection.forEachDocuments(of: uid) { documents in
                strays += try catalog.unknown(among: documents).count
            }
            if strays > 0 {
                found(
                    finding(
                        .importStray, uid,
                        "\(strays) imports are of documents that the catalogue does not have"))
            }
        } catch let error as ImportError {
            mute.insert(uid)
            found(
                finding(
                    error.isDamage ? .importsDamaged : .importsUnavailable, uid,
                    error.failure.detail))
        }
    }

    /// Whether the rows of each imported document are there.
    private mutating func checkDocuments() async throws {
        var last: DocumentID?
        while true {
            let page = try await catalog.importedDocuments(after: last, limit: Self.page)
            guard let end = page.last else { return }
            last = end.id
            for (uid, documents) in Dictionary(grouping: page, by: \.uid)
            where !mute.contains(uid) {
                checkRows(of: documents.map(\.id), uid)
            }
        }
    }

    private mutating func checkRows(of documents: [DocumentID], _ uid: UInt32) {
        do throws(ImportError) {
            for id in try inspection.missing(documents, of: uid) {
                found(
                    FsckFinding(
                        code: .importMissing, subject: "\(id)",
                        detail: "its rows are not in the imports of uid \(uid)"))
            }
        } catch {
            mute.insert(uid)
            found(
                finding(
                    error.isDamage ? .importsDamaged : .importsUnavailable, uid,
                    error.failure.detail))
        }
    }

    private func finding(
        _ code: FsckFinding.Code, _ uid: UInt32, _ detail: String
    ) -> FsckFinding {
        FsckFinding(code: code, subject: "imports/\(uid)/imports.sqlite3", detail: detail)
    }
}
