import Glibc
import Rules
import SystemPackage
import Testing

@testable import Store

/// Content that is given its place together with other content.
@Suite struct SealedBlobTests {
    let folder: TemporaryFolder
    let store: BlobStore

    init() throws {
        folder = try TemporaryFolder()
        store = BlobStore(root: folder.path)
        try store.prepare()
    }

    private func sealed(_ bytes: [UInt8]) throws -> SealedBlob {
        let writer = try store.begin(sizeHint: ByteCount(bytes.count))
        try writer.append(bytes)
        return try writer.seal()
    }

    @Test func `what is sealed has no place before it is adopted`() throws {
        let sealed = try sealed([1, 2, 3])
        #expect(try !store.contains(sealed.blob.digest))
        #expect(try folder.names(in: "staging").count == 1)
        store.remove(sealed)
        #expect(try folder.names(in: "staging") == [])
    }

    @Test func `every piece has folders of its own, and all of it finds its place`() throws {
        let files = try (0..<200).map { try sealed([UInt8($0), 7]) }
        let pieces = store.pieces(of: files)
        #expect(pieces.count <= BlobStore.pieceLimit)
        let folders = pieces.map { Set($0.map { store.layout.folder(of: $0.blob.digest) }) }
        #expect(
            folders.reduce(0) { $0 + $1.count }
                == folders.reduce(into: Set()) { $0.formUnion($1) }.count)
        for piece in pieces { #expect(store.adopt(piece).allSatisfy { $0 == nil }) }
        for file in files { #expect(try store.verify(file.blob.digest) == .sound) }
        #expect(try folder.names(in: "staging") == [])
    }

    @Test func `the same content twice in a batch is one blob`() throws {
        let files = [try sealed([9]), try sealed([9])]
        #expect(store.adopt(files).allSatisfy { $0 == nil })
        #expect(try store.verify(files[0].blob.digest) == .sound)
        #expect(try folder.names(in: "staging") == [])
        // And met from then on.
        #expect(try sealed([9]).isMet)
        #expect(try folder.names(in: "staging") == [])
    }

    @Test func `what cannot have its place stops nothing in other folders`() throws {
        let files = try (0..<40).map { try sealed([UInt8($0), 8]) }
        let lost = store.layout.folder(of: files[0].blob.digest)
        #expect(lost.withPlatformString { rmdir($0) } == 0)
        let obstacles = store.adopt(files)
        for (file, obstacle) in zip(files, obstacles) {
            let isLost = store.layout.folder(of: file.blob.digest) == lost
            #expect((obstacle != nil) == isLost)
            #expect(try store.contains(file.blob.digest) == !isLost)
        }
        #expect(try folder.names(in: "staging") == [])
    }

    @Test func `what stands in the place of a blob stops no other of its folder`() throws {
        // Two of one folder: of so many some must share one of the 256.
        let files = try (0..<40).map { try sealed([UInt8($0), 8]) }
        let groups = Dictionary(grouping: files) { store.layout.folder(of: $0.blob.digest) }
        let group = try #require(groups.values.first { $0.count > 1 })
        let taken = store.layout.path(of: group[0].blob.digest)
        #expect(taken.withPlatformString { mkdir($0, 0o700) } == 0)
        let obstacles = store.adopt(group)
        #expect(obstacles.map { $0 != nil } == group.indices.map { $0 == 0 })
        for file in group.dropFirst() { #expect(try store.verify(file.blob.digest) == .sound) }
        for file in files where file.blob.digest.bytes[0] != group[0].blob.digest.bytes[0] {
            store.remove(file)
        }
        #expect(try folder.names(in: "staging") == [])
    }
}
