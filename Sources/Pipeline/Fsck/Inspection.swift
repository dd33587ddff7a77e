import Catalog
import Imports
import Inbox
import Rules
import Store
import SystemPackage

/// How much an inspection has read.
public struct FsckTotals: Sendable, Hashable {
    public var blobs = 0
    public var bytes = ByteCount.zero
    public var documents = 0
}

/// Reads a whole state directory again and resolves every reference in it, both ways; changes
/// nothing.
struct Inspection {
    /// How many rows are read at once.
    private static let page = 500

    let state: FilePath
    let catalog: Catalog
    /// Whether blobs are only looked at and not read.
    let isQuick: Bool
    /// Whether no daemon runs, so that what it has in hand at other times is a leftover.
    let isAlone: Bool
    let found: @Sendable (FsckFinding) -> Void

    private var store: BlobStore { BlobStore(root: state) }

    /// Checks everything; what the catalogue is too damaged to tell is left out.
    func run() async throws -> FsckTotals {
        var totals = FsckTotals()
        let isReadable = try await readingCatalogue {
            let findings = try await catalog.findings()
            for finding in findings { found(FsckFinding(finding)) }
            return !findings.contains { if case .damaged = $0 { true } else { false } }
        }
        try await readingCatalogue {
            try await checkRows(&totals)
            return true
        }
        try await readingCatalogue {
            try checkStore(isCatalogueReadable: isReadable)
            return true
        }
        try await readingCatalogue {
            try await checkDocuments(&totals)
            return true
        }
        if isAlone { try await checkLeftovers() }
        return totals
    }

    /// Runs a part that asks the catalogue; damage met on the way is a finding, and ends that part.
    @discardableResult
    private func readingCatalogue(_ part: () async throws -> Bool) async throws -> Bool {
        do {
            return try await part()
        } catch CatalogError.damaged(let attempt, let reason) {
            found(Self.damage("\(attempt): \(reason)"))
        } catch CatalogError.unreadable(let column, _) {
            found(Self.damage("the value of a column \(column) has no meaning"))
        }
        return false
    }

    static func damage(_ detail: String) -> FsckFinding {
        FsckFinding(code: .catalogueDamaged, subject: "catalog.sqlite3", detail: detail)
    }

    /// From the rows to the store.
    private func checkRows(_ totals: inout FsckTotals) async throws {
        var last: ContentDigest?
        while true {
            let page = try await catalog.blobs(after: last, limit: Self.page)
            guard let end = page.last else { return }
            last = end.digest
            for blob in page {
                totals.blobs += 1
                totals.bytes = totals.bytes + blob.size
                if let finding = try check(blob) { found(finding) }
            }
        }
    }

    private func check(_ blob: BlobRecord) throws -> FsckFinding? {
        let size = try store.size(of: blob.digest)
        // One of another size is read even in haste: either the row is wrong or the content.
        let verdict =
            isQuick && size == blob.size ? .sound : try store.verify(blob.digest)
        switch verdict {
        case .sound:
            guard let size, size != blob.size else { return nil }
            return FsckFinding(
                code: .sizeWrong, subject: blob.digest.hex,
                detail: "\(blob.size.bytes) bytes in the catalogue, \(size.bytes) in the store",
                remedy: .setSize(blob.digest))
        case .damaged:
            return FsckFinding(
                code: .blobDamaged, subject: blob.digest.hex,
                detail: "its bytes have another digest", remedy: .replace(blob.digest))
        case .missing:
            return FsckFinding(
                code: .blobMissing, subject: blob.digest.hex, detail: "not in the store",
                remedy: .bringBack(blob.digest))
        }
    }

    /// From the store to the rows.
    private func checkStore(isCatalogueReadable: Bool) throws {
        try store.forEachEntry { entry in
            switch entry {
            case .blob(let blob):
                guard isCatalogueReadable else { return try checkByName(blob) }
                guard try catalog.recorded(among: [blob.digest]).isEmpty else { return }
                found(
                    FsckFinding(
                        code: .unreferenced, subject: blob.digest.hex,
                        detail: "in the store, \(blob.size), and in no row of the catalogue"))
            case .stranger(let path):
                found(
                    FsckFinding(
                        code: .stranger, subject: path, detail: "in the store, and no blob",
                        remedy: .setAside(path)))
            }
        }
    }

    /// What a blob's own name tells, where no row can be asked.
    private func checkByName(_ blob: Blob) throws {
        guard !isQuick, try store.verify(blob.digest) == .damaged else { return }
        found(
            FsckFinding(
                code: .blobDamaged, subject: blob.digest.hex,
                detail: "its bytes have another digest"))
    }

    /// From the documents to their sidecars and imported rows, and the accounts' databases.
    private func checkDocuments(_ totals: inout FsckTotals) async throws {
        var imports = ImportsCheck(root: state.appending("imports").string)
        for finding in try imports.checkDatabases() { found(finding) }
        var sidecars = SidecarCheck(catalog: catalog)
        var last: DocumentID?
        while true {
            let page = try await catalog.allDocuments(after: last, limit: Self.page)
            guard let end = page.last else { return }
            last = end.id
            for document in page {
                totals.documents += 1
                if let finding = try imports.check(document) { found(finding) }
                for finding in try await sidecars.check(document) { found(finding) }
            }
        }
    }

    private func checkLeftovers() async throws {
        for name in try store.stagedNames() {
            found(
                FsckFinding(
                    code: .stagingLeft, subject: "staging/\(name)",
                    detail: "a copy that was cut off", remedy: .emptyStaging))
        }
        try await readingCatalogue {
            let count = try await catalog.reservationCount()
            guard count > 0 else { return true }
            found(
                FsckFinding(
                    code: .reservationLeft, subject: "catalog.sqlite3",
                    detail: "room is reserved for \(count) claims that nobody makes",
                    remedy: .cancelReservations))
            return true
        }
    }
}

/// Holds the accounts' databases of imported rows against the documents.
private struct ImportsCheck {
    private let inspection: ImportsInspection
    /// The documents whose rows are there, by account; nil for a database that cannot tell.
    private var known: [UInt32: Set<DocumentID>?] = [:]

    init(root: String) { inspection = ImportsInspection(root: root) }

    mutating func checkDatabases() throws -> [FsckFinding] {
        let folders = try inspection.folders()
        var findings = folders.strangers.map { name in
            FsckFinding(
                code: .stranger, subject: "imports/\(name)",
                detail: "among the imports, and no account's folder")
        }
        for uid in folders.accounts {
            do {
                let complaints = try inspection.complaints(of: uid)
                findings += complaints.map { Self.damage(uid, $0) }
                known[uid] = try inspection.documents(of: uid)
            } catch {
                findings.append(Self.damage(uid, error.failure.detail))
                known[uid] = .some(nil)
            }
        }
        return findings
    }

    func check(_ document: DocumentRecord) throws -> FsckFinding? {
        guard let stage = document.stage(.tableImport), stage.state == .completed else {
            return nil
        }
        // What a damaged database holds is told by nobody.
        if let known = known[document.uid], known == nil { return nil }
        guard known[document.uid]??.contains(document.id) != true else { return nil }
        // It may have been imported since the account's database was read.
        guard try !inspection.documents(of: document.uid).contains(document.id) else { return nil }
        return FsckFinding(
            code: .importMissing, subject: "\(document.id)",
            detail: "its rows are not in the imports of uid \(document.uid)")
    }

    private static func damage(_ uid: UInt32, _ detail: String) -> FsckFinding {
        FsckFinding(
            code: .importsDamaged, subject: "imports/\(uid)/imports.sqlite3", detail: detail)
    }
}
