import Catalog
import Glibc
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

    let state: FilePath
    let catalog: Catalog
    let now: Timestamp

    private var store: BlobStore { BlobStore(root: state) }

    /// Applies the remedies of these findings, each once, in an order in which they build on
    /// each other.
    func perform(_ findings: [FsckFinding]) async throws {
        let remedies = Set(findings.compactMap(\.remedy))
        guard try await mendCatalogue(remedies) else { return }
        var access = InboxAccess()
        for remedy in remedies {
            switch remedy {
            case .rebuildIndexes, .mendRows, .setSize, .rewriteStatus:
                break
            case .replace(let digest):
                _ = try store.setAside(BlobStore.place(of: digest))
                try await bringBack(digest, &access)
            case .bringBack(let digest):
                try await bringBack(digest, &access)
            case .setAside(let place):
                _ = try store.setAside(place)
            case .emptyStaging:
                _ = try store.emptyStaging()
            case .cancelReservations:
                _ = try await catalog.cancelAllReservations()
            }
        }
        // Last: what a status file says may have been mended by now.
        for case .rewriteStatus(let id) in remedies { try await rewriteStatus(of: id, &access) }
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
        } catch CatalogError.damaged {
            // More than an index is damaged.
            return false
        }
        if isDamaged {
            guard try await rebuildIndexes() else { return false }
        }
        for digest in sizes { try await setSize(of: digest) }
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
        let quarantine = state.appending(BlobStore.quarantineName)
        guard quarantine.withPlatformString({ mkdir($0, 0o700) }) == 0 || errno == EEXIST else {
            throw StateError.unusable(
                path: quarantine.string, reason: "\(Errno(rawValue: errno))")
        }
        let moment = "\(now)".split(separator: ":").joined()
        try catalog.copy(to: quarantine.appending("catalog.sqlite3-\(moment)").string)
    }

    private func setSize(of digest: ContentDigest) async throws {
        guard try store.verify(digest) == .sound, let size = try store.size(of: digest) else {
            return
        }
        try await catalog.setSize(of: BlobRecord(digest: digest, size: size))
    }

    /// Looks for lost content in the results of the documents that have it, and stores it again.
    private func bringBack(_ digest: ContentDigest, _ access: inout InboxAccess) async throws {
        let copies = try await catalog.publishedCopies(of: digest, limit: Self.sourceLimit)
        for copy in copies {
            guard let root = await access.root(of: copy.document).root else { continue }
            let name = copy.artifact ?? Publication.original(of: copy.document).name
            guard let below = BeneathPath(bytes: Array(name.utf8)) else { continue }
            let place = SidecarPlace(of: copy.document.path, version: copy.document.version)
            let path = BeneathPath(place.results.components + below.components)
            if try await store(path, in: root, as: digest) { return }
        }
    }

    /// Stores a file if it has this content; returns whether it had.
    private func store(
        _ path: BeneathPath, in root: InboxRoot, as digest: ContentDigest
    ) async throws -> Bool {
        // Discarded with its last user, which may be a thread that a mount holds up.
        let writer = try store.begin(sizeHint: .zero)
        do {
            try await root.run(at: path, answeringWithin: InboxAccess.patience) { files in
                guard try files.entry(path)?.kind == .file else { return }
                let file = try files.openForReading(path)
                try file.closeAfter {
                    let buffer = UnsafeMutableRawBufferPointer.allocate(
                        byteCount: Self.chunkLength, alignment: 16)
                    defer { buffer.deallocate() }
                    while true {
                        let count = try file.read(into: buffer)
                        guard count > 0 else { return }
                        try writer.append(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                    }
                }
            }
        } catch is InboxError {
            return false
        }
        guard writer.digest == digest else { return false }
        _ = try writer.finish()
        try store.handOver(digest)
        return true
    }

    private func rewriteStatus(of id: DocumentID, _ access: inout InboxAccess) async throws {
        guard let document = try await catalog.document(id),
            let root = await access.root(of: document).root
        else { return }
        let text = SidecarCheck.text(of: document, account: root.account)
        do {
            _ = try await root.run(at: document.path, answeringWithin: InboxAccess.patience) {
                files in
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
