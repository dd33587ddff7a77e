import Catalog
import Rules
import Store
import WorkerProtocol

/// Takes the pictures of a range of pages into the store, all of them synced together.
///
/// Belongs to the thread of the worker's slot. Whoever lets go of it unfinished has kept nothing but
/// blobs that no row names.
final class PageSink {
    private let house: House
    private var open: (page: Int, writer: BlobWriter)?
    /// Whole, and not yet durable.
    private var files: [(page: Int, writer: BlobWriter)] = []

    init(house: House) { self.house = house }

    /// Takes one reply about a picture; all else is not for it.
    func take(_ reply: StageReply) throws {
        switch reply {
        case .artifactBegun(let name, _):
            guard let page = PageRequest.page(named: name) else {
                preconditionFailure("the names of pictures were checked")
            }
            open = (page, try house.store.begin(sizeHint: .zero))
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

    /// Makes what is whole durable; the sink is then empty.
    ///
    /// - Returns: the pictures by page, counted from one.
    func keep() throws -> [Int: ArtifactRecord] {
        let files = self.files
        self.files = []
        for file in files { try file.writer.awaitWriteback() }
        var sealed: [SealedBlob] = []
        do {
            for file in files { sealed.append(try file.writer.seal()) }
        } catch {
            sealed.forEach(house.store.remove)
            throw error
        }
        for case let obstacle? in house.store.adopt(sealed) { throw obstacle }
        var pictures: [Int: ArtifactRecord] = [:]
        for (file, sealed) in zip(files, sealed) {
            pictures[file.page] = ArtifactRecord(
                name: PageRequest.artifactName(of: file.page), digest: sealed.blob.digest,
                size: sealed.blob.size, mediaType: PageRequest.artifactType)
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
