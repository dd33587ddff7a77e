import Glibc
import Rules
import Store
import SystemPackage
import Testing

@Suite struct BlobWriterTests {
    let folder: TemporaryFolder
    let store: BlobStore

    init() throws {
        folder = try TemporaryFolder()
        store = BlobStore(root: folder.path)
        try store.prepare()
    }

    func staged() throws -> [String] { try folder.names(in: "staging") }

    @Test func `a writer that is discarded or forgotten leaves nothing behind`() throws {
        let discarded = try store.begin(sizeHint: ByteCount(10))
        try discarded.append([1, 2, 3])
        var forgotten: BlobWriter? = try store.begin(sizeHint: ByteCount(10))
        try forgotten?.append([1, 2, 3])
        #expect(try staged().count == 2)
        discarded.discard()
        #expect(try staged().count == 1)
        forgotten = nil
        #expect(try staged() == [])
        let folders = try folder.names(in: "blobs")
        #expect(try folders.flatMap { try folder.names(in: "blobs/\($0)") } == [])
    }

    @Test func `discarding a finished writer keeps the blob`() throws {
        let writer = try store.begin(sizeHint: ByteCount(3))
        try writer.append([1, 2, 3])
        #expect(writer.size == ByteCount(3))
        let blob = try writer.finish()
        writer.discard()
        #expect(try store.verify(blob.digest) == .sound)
    }

    @Test func `what an earlier run left in staging is removed and counted`() throws {
        for name in ["one", "two", "three"] {
            let file = try FileDescriptor.open(
                folder.path.appending("staging").appending(name), .writeOnly, options: .create,
                permissions: .ownerRead)
            try file.close()
        }
        #expect(try store.emptyStaging() == 3)
        #expect(try staged() == [])
        #expect(try store.emptyStaging() == 0)
    }

    @Test func `a clone has the source's bytes, or is refused with nothing taken`() throws {
        let content = (0..<700_000).map { UInt8(truncatingIfNeeded: $0 &* 131) }
        let source = try FileDescriptor.open(
            folder.path.appending("source"), .readWrite, options: .create,
            permissions: .ownerReadWrite)
        try source.closeAfter {
            try source.writeAll(content)
            let writer = try store.begin(sizeHint: ByteCount(content.count))
            if try writer.cloneWhole(from: source) {
                #expect(writer.size == ByteCount(content.count))
            } else {
                #expect(writer.size == .zero)
                try writer.append(content)
            }
            let blob = try writer.finish()
            #expect(try blob == store.put(content))
            #expect(try store.verify(blob.digest) == .sound)
        }
    }

    @Test func `a clone stays as it was when its source is written to`() throws {
        let source = try FileDescriptor.open(
            folder.path.appending("source"), .readWrite, options: .create,
            permissions: .ownerReadWrite)
        try source.closeAfter {
            try source.writeAll([UInt8](repeating: 1, count: 10_000))
            let writer = try store.begin(sizeHint: ByteCount(10_000))
            if try !writer.cloneWhole(from: source) {
                try writer.append([UInt8](repeating: 1, count: 10_000))
            }
            let blob = try writer.finish()
            try source.writeAll(toAbsoluteOffset: 0, [9, 9, 9])
            #expect(try store.verify(blob.digest) == .sound)
        }
    }

    @Test func `a size that was expected wrongly is no matter`() throws {
        let content = [UInt8](repeating: 3, count: 2 << 20)
        for hint in [ByteCount.zero, .mebibytes(1), .mebibytes(8)] {
            let writer = try store.begin(sizeHint: hint)
            try writer.append(content)
            let blob = try writer.finish()
            #expect(try store.size(of: blob.digest) == ByteCount(content.count))
            #expect(try store.remove(blob.digest))
        }
    }
}
