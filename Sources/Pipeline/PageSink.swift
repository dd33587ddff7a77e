import Catalog
import Rules
import Store
import WorkerProtocol

/// Takes the pictures of a range of pages into the store, synced together on lanes of the store while others are
/// drawn.
///
/// Belongs to the thread of the worker's slot. Whoever lets go of it unfinished has kept nothing but
/// blobs that no row names.
final class PageSink {
    /// On how many lanes of the store a range is synced; claims need some, too.
    private static let lanes = 2

    private struct WholePicture: Sendable {
        let page: Int
        let writer: BlobWriter
    }

    private let house: House
    private var open: WholePicture?
    /// Whole, and not yet durable.
    private var files: [WholePicture] = []
    private var keeping: [LaneWork<[Int: ArtifactRecord]>] = []

    init(house: House) { self.house = house }

    /// Takes one reply about a picture; all else is not for it.
    func take(_ reply: StageReply) throws {
        switch reply {
        case .artifactBegun(let name, _):
            guard let page = PageRequest.page(named: name) else {
                preconditionFailure("the names of pictures were checked")
            }
            open = WholePicture(page: page, writer: try house.store.begin(sizeHint: .zero))
        case .artifactBytes(let bytes):
            try open?.writer.append(bytes)
        case .artifactEnded:
            guard let file = open else { return }
            open = nil
            // The disk has it by the time it is asked to sync.
            file.writer.beginWriteback()
            files.append(file)
        case .progress, .tableBegun, .rows, .rejected, .warning, .finished, .failed:
            break
        }
    }

    /// Begins to make durable what is whole; the thread goes on meanwhile.
    func beginKeeping() {
        let store = house.store
        let files = self.files
        self.files = []
        let size = max(1, (files.count + Self.lanes - 1) / Self.lanes)
        keeping = stride(from: 0, to: files.count, by: size).map { start in
            let piece = Array(files[start..<min(start + size, files.count)])
            return house.lanes.begin { try Self.keep(piece, in: store) }
        }
    }

    /// Whether all that was begun is durable, or has failed.
    var isKept: Bool { keeping.allSatisfy(\.isDone) }

    /// Waits until what was whole is durable.
    ///
    /// - Returns: the pictures by page, counted from one.
    func kept() throws -> [Int: ArtifactRecord] {
        var pictures: [Int: ArtifactRecord] = [:]
        for piece in keeping { pictures.merge(try piece.value()) { _, newer in newer } }
        return pictures
    }

    private static func keep(
        _ files: [WholePicture], in store: BlobStore
    ) throws -> [Int: ArtifactRecord] {
        var pictures: [Int: ArtifactRecord] = [:]
        for (file, blob) in zip(files, try store.keepTogether(files.map(\.writer))) {
            pictures[file.page] = ArtifactRecord(
                name: PageRequest.artifactName(of: file.page), digest: blob.digest,
                size: blob.size, mediaType: PageRequest.artifactType)
        }
        return pictures
    }

    /// Gives up what is not durable yet.
    func abandon() {
        open?.writer.discard()
        open = nil
        for file in files { file.writer.discard() }
        files = []
    }
}
