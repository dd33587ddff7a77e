import Catalog
import Rules
import Store
import Synchronization
import SystemPackage

/// How much an inspection has read.
public struct FsckTotals: Sendable, Hashable {
    public var blobs = 0
    public var bytes = ByteCount.zero
    public var documents = 0
}

/// Reads a whole state directory again and resolves every reference in it, both ways; changes
/// nothing.
struct Inspection: Sendable {
    /// How many rows are read at once.
    private static let page = 500
    /// How many blobs are read side by side: more gains nothing on a disk, less leaves processors idle.
    private static let readers = 4

    private let state: FilePath
    private let catalog: Catalog
    private let inboxes: [NamedInbox]
    private let store: BlobStore
    /// Whether blobs are only looked at and not read.
    private let isQuick: Bool
    /// Whether no daemon runs, so that what it has in hand at other times is a leftover.
    private let isAlone: @Sendable () -> Bool
    private let found: @Sendable (FsckFinding) -> Void
    private let lanes = StoreLanes()

    init(
        state: FilePath, catalog: Catalog, inboxes: [NamedInbox], isQuick: Bool,
        isAlone: @escaping @Sendable () -> Bool,
        found: @escaping @Sendable (FsckFinding) -> Void
    ) {
        self.state = state
        self.catalog = catalog
        self.inboxes = inboxes
        self.isQuick = isQuick
        self.isAlone = isAlone
        self.found = found
        store = BlobStore(root: state)
    }

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
            try await lanes.run { try checkStore(isCatalogueReadable: isReadable) }
            return true
        }
        try await readingCatalogue {
            var imports = ImportsCheck(
                root: state.appending("imports").string, catalog: catalog, found: found)
            try await imports.run()
            return true
        }
        try await readingCatalogue {
            try await checkDocuments(&totals)
            return true
        }
        try await readingCatalogue {
            try await checkTrash()
            return true
        }
        try await readingCatalogue {
            let leftovers = try await leftovers()
            // Asked last: what is there now may be in the hands of a daemon that has just begun.
            if isAlone() { leftovers.forEach(found) }
            return true
        }
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
            totals.blobs += page.count
            totals.bytes = page.reduce(totals.bytes) { $0 + $1.size }
            for finding in try await check(page) { found(finding) }
        }
    }

    /// Checks the blobs of a page side by side; the findings are in the order of the page.
    private func check(_ page: [BlobRecord]) async throws -> [FsckFinding] {
        let progress = PageProgress()
        let findings = try await withThrowingTaskGroup(of: [(Int, FsckFinding)].self) { group in
            for _ in 0..<Self.readers {
                group.addTask {
                    try await lanes.run {
                        var findings: [(Int, FsckFinding)] = []
                        while let index = progress.next(below: page.count) {
                            if let finding = try check(page[index]) {
                                findings.append((index, finding))
                            }
                        }
                        return findings
                    }
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        return findings.sorted { $0.0 < $1.0 }.map(\.1)
    }

    private func check(_ blob: BlobRecord) throws -> FsckFinding? {
        guard try look(at: blob) != nil else { return nil }
        // Beside a daemon the row may have gone meanwhile, and then the blob may go too.
        guard try !catalog.recorded(among: [blob.digest]).isEmpty else { return nil }
        return try look(at: blob)
    }

    private func look(at blob: BlobRecord) throws -> FsckFinding? {
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
                detail: "its bytes have another digest", remedy: .replace(blob))
        case .missing:
            let isSetAside = try store.isSetAside(blob.digest)
            return FsckFinding(
                code: .blobMissing, subject: blob.digest.hex,
                detail: isSetAside
                    ? "not in the store; what stood in its place is in quarantine"
                    : "not in the store",
                remedy: .bringBack(blob))
        }
    }

    /// From the store to the rows.
    private func checkStore(isCatalogueReadable: Bool) throws {
        try store.forEachFolder { folder in
            for path in folder.strangers {
                found(
                    FsckFinding(
                        code: .stranger, subject: path, detail: "in the store, and no blob",
                        remedy: .setAside(path)))
            }
            guard isCatalogueReadable else { return try folder.blobs.forEach(checkByName) }
            guard !folder.blobs.isEmpty else { return }
            let recorded = try catalog.recorded(among: folder.blobs.map(\.digest))
            for blob in folder.blobs where !recorded.contains(blob.digest) {
                found(
                    FsckFinding(
                        code: .unreferenced, subject: blob.digest.hex,
                        detail: "in the store, \(blob.size), and in no row of the catalogue"))
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

    /// From the documents to their sidecars.
    private func checkDocuments(_ totals: inout FsckTotals) async throws {
        var sidecars = SidecarCheck(catalog: catalog, inboxes: inboxes)
        var last: DocumentID?
        while true {
            let page = try await catalog.allDocuments(after: last, limit: Self.page)
            guard let end = page.last else { return }
            last = end.id
            totals.documents += page.count
            for document in page {
                for finding in try await sidecars.check(document) { found(finding) }
            }
        }
    }

    /// Deleted documents have no sidecars.
    private func checkTrash() async throws {
        var sidecars = SidecarCheck(catalog: catalog, inboxes: inboxes)
        var last: DocumentID?
        while true {
            let page = try await catalog.allTrashed(after: last, limit: Self.page)
            guard let end = page.last else { return }
            last = end.id
            for trashed in page {
                for finding in try await sidecars.check(trashed) { found(finding) }
            }
        }
    }

    /// What a daemon that is gone had in hand.
    private func leftovers() async throws -> [FsckFinding] {
        let staged = try store.stagedEntries()
        var findings = staged.copies.map { name in
            FsckFinding(
                code: .stagingLeft, subject: "staging/\(name)", detail: "a copy that was cut off",
                remedy: .emptyStaging)
        }
        findings += staged.strangers.map { name in
            FsckFinding(
                code: .stranger, subject: "staging/\(name)", detail: "in staging, and no copy",
                remedy: .setAside("staging/\(name)"))
        }
        let count = try await catalog.reservationCount()
        if count > 0 {
            findings.append(
                FsckFinding(
                    code: .reservationLeft, subject: "catalog.sqlite3",
                    detail: "room is reserved for \(count) claims that nobody makes",
                    remedy: .cancelReservations))
        }
        return findings
    }
}

/// How far those who share a page have come.
private final class PageProgress: Sendable {
    private let taken = Atomic(0)

    /// The next index that nobody has; nil once all have been taken.
    func next(below count: Int) -> Int? {
        let index = taken.wrappingAdd(1, ordering: .relaxed).oldValue
        return index < count ? index : nil
    }
}
