import Catalog
import Rules
import Store
import SystemPackage

/// One thing that is not as it should be in a state directory.
public struct FsckFinding: Sendable, Hashable {
    /// What is wrong, as programs read it.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        case catalogueDamaged = "catalogue_damaged"
        case chargeWrong = "charge_wrong"
        case sizeWrong = "size_wrong"
        case stateWrong = "state_wrong"
        case blobMissing = "blob_missing"
        case blobDamaged = "blob_damaged"
        /// A blob or a row of one that nothing refers to: room that could be had, no harm.
        case unreferenced
        /// Something that ingestd did not put into its store.
        case stranger

        /// Whether something may be lost or wrong; else it is a note.
        public var isHarm: Bool {
            switch self {
            case .catalogueDamaged, .chargeWrong, .sizeWrong, .stateWrong, .blobMissing,
                .blobDamaged:
                true
            case .unreferenced, .stranger: false
            }
        }
    }

    public let code: Code
    /// A digest, a document's id, an account or a path.
    public let subject: String
    public let detail: String
}

/// Reads a whole state directory again and resolves every reference in it; changes nothing.
///
/// A daemon may be running: what it takes meanwhile may show up as unreferenced.
public struct Fsck: Sendable {
    /// How many rows are read at once.
    private static let page = 500

    private let catalog: Catalog
    private let store: BlobStore

    /// Blocks on the disk.
    public init(stateDirectory: String) throws {
        let state = FilePath(stateDirectory)
        catalog = try Catalog.openReadOnly(state.appending("catalog.sqlite3").string)
        store = BlobStore(root: state)
    }

    /// Checks everything; calls `found` with each finding, and returns how much was read.
    public func run(
        found: @Sendable (FsckFinding) -> Void
    ) async throws -> (blobs: Int, bytes: ByteCount) {
        for finding in try await catalog.findings() { found(FsckFinding(finding)) }
        var known: Set<ContentDigest> = []
        var bytes = ByteCount.zero
        var last: ContentDigest?
        while true {
            let page = try await catalog.blobs(after: last, limit: Self.page)
            guard let end = page.last else { break }
            last = end.digest
            for blob in page {
                known.insert(blob.digest)
                bytes = bytes + blob.size
                if let finding = try check(blob) { found(finding) }
            }
        }
        try store.forEachEntry { entry in
            switch entry {
            case .blob(let blob):
                guard !known.contains(blob.digest) else { return }
                found(
                    FsckFinding(
                        code: .unreferenced, subject: blob.digest.hex,
                        detail: "in the store, \(blob.size), and in no row of the catalogue"))
            case .stranger(let path):
                found(
                    FsckFinding(
                        code: .stranger, subject: path, detail: "in the store, and no blob"))
            }
        }
        return (known.count, bytes)
    }

    private func check(_ blob: BlobRecord) throws -> FsckFinding? {
        switch try store.verify(blob.digest) {
        case .sound:
            return nil
        case .damaged:
            return FsckFinding(
                code: .blobDamaged, subject: blob.digest.hex,
                detail: "its bytes have another digest")
        case .missing:
            return FsckFinding(
                code: .blobMissing, subject: blob.digest.hex, detail: "not in the store")
        }
    }
}

extension FsckFinding {
    init(_ finding: CatalogFinding) {
        switch finding {
        case .damaged(let text):
            self.init(code: .catalogueDamaged, subject: "catalog.sqlite3", detail: text)
        case .chargeDiffers(let uid, let recorded, let counted):
            self.init(
                code: .chargeWrong, subject: "uid \(uid)",
                detail: "charged \(recorded.bytes.bytes) bytes in \(recorded.files) files, holds "
                    + "\(counted.bytes.bytes) in \(counted.files)")
        case .sizeDiffers(let digest):
            self.init(
                code: .sizeWrong, subject: digest.hex, detail: "two rows give it different sizes")
        case .stateDiffers(let id):
            self.init(
                code: .stateWrong, subject: "\(id)", detail: "its state is not what its stages say")
        case .blobUnreferenced(let blob):
            self.init(
                code: .unreferenced, subject: blob.digest.hex,
                detail: "in the catalogue, \(blob.size), and no document or artifact refers to it")
        }
    }
}
