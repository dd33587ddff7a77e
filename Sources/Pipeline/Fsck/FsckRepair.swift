import Catalog
import Glibc
import Imports
import Inbox
import Publish
import Rules
import Store
import SystemPackage

/// Does about findings what cannot lose anything, for who has the state directory to themselves.
///
/// Rows are mended only once a copy of the catalogue as it was lies in quarantine; content that is
/// damaged or foreign goes there too, and nothing is deleted but copies that were cut off.
struct FsckRepair {
    /// How many of the documents that have a blob are asked for its content.
    private static let sourceLimit = 100
    private static let chunkLength = 1 << 20
    /// What a slow share sends in a second.
    private static let slowestRate = ByteCount.megabytes(1)

    let state: FilePath
    let catalog: Catalog
    let inboxes: [NamedInbox]
    let now: Timestamp

    private var store: BlobStore { BlobStore(root: state) }

    /// Applies the remedies of these findings, each once, in an order in which they build on
    /// each other.
    func perform(_ findings: [FsckFinding]) async throws {
        let remedies = Set(findings.compactMap(\.remedy))
        guard try await mendCatalogue(remedies) else { return }
        try setAside(remedies)
        var access = InboxAccess(inboxes)
        for remedy in remedies {
            switch remedy {
            case .rebuildIndexes, .mendRows, .setSize, .setAside, .rewriteStatus:
                break
            case .replace(let blob), .bringBack(let blob):
                try await bringBack(blob, &access)
            case .emptyStaging:
                _ = try store.emptyStaging()
            case .cancelReservations:
                _ = try await catalog.cancelAllReservations()
            case .measureImports(let uid):
                try measureImports(of: uid)
            }
        }
        // Last: what a status file says may have been mended by now.
        for case .rewriteStatus(let id) in remedies { try await rewriteStatus(of: id, &access) }
    }

    private func measureImports(of uid: UInt32) throws {
        let inspection = ImportsInspection(root: state.appending("imports").string)
        try catalog.setDerivedBlocking(.imports, of: uid, to: inspection.bytesInUse(by: uid))
    }

    /// Before anything is brought back: it may belong where something else stands.
    private func setAside(_ remedies: Set<FsckRemedy>) throws {
        for case .setAside(let place) in remedies { _ = try store.setAside(place) }
        for case .replace(let blob) in remedies {
            _ = try store.setAside(BlobStore.place(of: blob.digest))
        }
    }

    /// Returns whether the catalogue is fit to go by.
    private func mendCatalogue(_ remedies: Set<FsckRemedy>) async throws -> Bool {
        let sizes = remedies.compactMap {
            if case .setSize(let digest) = $0 { digest } else { nil }
        }
        let isDamaged = remedies.contains(.rebuildIndexes)
        let isWrong = remedies.contains(.mendRows)
        guard isDamaged || isWrong || !sizes.isEmpty else { return true }
        do {
            try keepCopy()
        } catch CatalogError.damaged, CatalogError.refused {
            // More than an index is damaged: rows cannot be read, or contradict their own keys.
            return false
        }
        if isDamaged {
            guard try await rebuildIndexes() else { return false }
        }
        if !sizes.isEmpty {
            try await catalog.setSizes(of: sizes.compactMap(soundBlob))
        }
        if isWrong || isDamaged { try await catalog.repair(now: now) }
        return true
    }

    /// Returns whether that went well; where it did not the next inspection tells of it again.
    private func rebuildIndexes() async throws(CatalogError) -> Bool {
        do throws(CatalogError) {
            try await catalog.rebuildIndexes()
            return true
        } catch {
            switch error {
            // Two rows that bear one key are refused: which of them is right is not ours to say.
            case .damaged, .refused: return false
            default: throw error
            }
        }
    }

    /// Copies the catalogue into quarantine, beside the copies of earlier repairs.
    private func keepCopy() throws {
        let quarantine = try store.prepareQuarantine()
        let moment = "\(now)".split(separator: ":").joined()
        try catalog.copy(to: quarantine.appending("catalog.sqlite3-\(moment)").string)
    }

    /// A blob with the size that its content has; nil where the content is not what it should be.
    private func soundBlob(_ digest: ContentDigest) throws -> BlobRecord? {
        guard try store.verify(digest) == .sound, let size = try store.size(of: digest) else {
            return nil
        }
        return BlobRecord(digest: digest, size: size)
    }

    /// Looks for lost content in the results of the documents that have it, and stores it again;
    /// what is not there is made anew where that is possible.
    private func bringBack(_ blob: BlobRecord, _ access: inout InboxAccess) async throws {
        // What was made of other content that is lost may have been brought back or made meanwhile.
        guard try store.size(of: blob.digest) == nil else { return }
        let copies = try await catalog.publishedCopies(of: blob.digest, limit: Self.sourceLimit)
        for copy in copies {
            guard let root = await access.root(of: copy.document).root else { continue }
            let name = copy.artifact ?? Publication.original(of: copy.document).name
            guard let below = BeneathPath(bytes: Array(name.utf8)) else { continue }
            let place = SidecarPlace(of: copy.document.path, version: copy.document.version)
            let path = BeneathPath(place.results.components + below.components)
            if try await store(path, in: root.sidecars, as: blob) { return }
        }
        let canBeMade = try copies.allSatisfy {
            try $0.document.digest != blob.digest && store.contains($0.document.digest)
        }
        if canBeMade { _ = try await catalog.makeAnew(blob.digest, now: now) }
    }

    /// Stores a file if it has this content; returns whether it had.
    private func store(
        _ path: BeneathPath, in root: InboxRoot, as blob: BlobRecord
    ) async throws -> Bool {
        let writer = try store.begin(sizeHint: .zero)
        do {
            try await root.run(at: path, answeringWithin: Self.patience(for: blob.size)) { files in
                // Its owner may have put anything there: no more is copied than there should be.
                guard let entry = try files.entry(path), entry.kind == .file,
                    entry.identity.size == blob.size
                else { return }
                try Self.copy(try files.openForReading(path), into: writer, atMost: blob.size)
            }
        } catch InboxError.silent {
            // Discarded with its last user: the thread that the mount holds up.
            return false
        } catch let error {
            writer.discard()
            guard error is InboxError else { throw error }
            return false
        }
        guard writer.digest == blob.digest else {
            // Now, and not with the thread that may have it still: we may be gone before that.
            writer.discard()
            return false
        }
        _ = try writer.finish()
        try store.handOver(blob.digest)
        return true
    }

    /// How long a mount may take to send so much.
    private static func patience(for size: ByteCount) -> Duration {
        InboxAccess.patience + .seconds(size.bytes / slowestRate.bytes)
    }

    private static func copy(
        _ file: FileDescriptor, into writer: BlobWriter, atMost size: ByteCount
    ) throws {
        try file.closeAfter {
            let buffer = UnsafeMutableRawBufferPointer.allocate(
                byteCount: chunkLength, alignment: 16)
            defer { buffer.deallocate() }
            while writer.size <= size {
                let count = try file.read(into: buffer)
                guard count > 0 else { return }
                try writer.append(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
        }
    }

    private func rewriteStatus(of id: DocumentID, _ access: inout InboxAccess) async throws {
        guard let document = try await catalog.document(id),
            let root = await access.root(of: document).root
        else { return }
        let text = SidecarCheck.text(of: document, account: root.account)
        do {
            _ = try await root.sidecars.run(
                at: document.path, answeringWithin: InboxAccess.patience
            ) { files in
                try SidecarWriter(files, drop: document.path, version: document.version)
                    .writeStatus(text)
            }
        } catch is InboxError {
            // What its owner may not write stays; the next inspection tells of it again.
        } catch is PublishError {
            // As above: a full folder, mostly.
        }
    }
}
