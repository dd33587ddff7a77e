import Glibc
import Rules
import Store
import SystemPackage
import Testing

@Suite struct BlobStoreTests {
    let folder: TemporaryFolder
    let store: BlobStore

    init() throws {
        folder = try TemporaryFolder()
        store = BlobStore(root: folder.path.appending("state"))
        try store.prepare()
    }

    func path(of digest: ContentDigest) -> FilePath {
        folder.path.appending("state/blobs").appending(String(digest.hex.prefix(2)))
            .appending(digest.hex)
    }

    func read(_ digest: ContentDigest) throws -> [UInt8] {
        let descriptor = try store.open(digest)
        return try descriptor.closeAfter {
            let size = try #require(try store.size(of: digest))
            return try [UInt8](unsafeUninitializedCapacity: Int(size.bytes) + 1) { buffer, count in
                count = try descriptor.read(into: UnsafeMutableRawBufferPointer(buffer))
            }
        }
    }

    @Test func `the empty content and abc have the digests that FIPS 180-4 gives them`() throws {
        let empty = try store.put([])
        let abc = try store.put(Array("abc".utf8))
        #expect(
            empty.digest.hex
                == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(
            abc.digest.hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(try read(abc.digest) == Array("abc".utf8))
        #expect(abc.size == ByteCount(3) && empty.size == .zero)
    }

    @Test(arguments: [1, 4096, 256 << 10, (256 << 10) + 1, 3 << 20])
    func `content comes back as it went in, whatever its size and pieces`(size: Int) throws {
        let content = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
        let writer = try store.begin(sizeHint: ByteCount(size + 5000))
        for start in stride(from: 0, to: size, by: 70_000) {
            try writer.append(Array(content[start..<min(size, start + 70_000)]))
        }
        let blob = try writer.finish()
        #expect(try read(blob.digest) == content)
        #expect(try store.verify(blob.digest) == .sound)
        #expect(try blob == store.put(content))
    }

    @Test func `a blob and its folders are for the daemon alone and written by nobody`() throws {
        let blob = try store.put([1, 2, 3])
        #expect(try mode(path(of: blob.digest)) == 0o400)
        for name in ["state", "state/staging", "state/blobs"] {
            #expect(try mode(folder.path.appending(name)) == 0o700)
        }
        #expect(try mode(path(of: blob.digest).removingLastComponent()) == 0o700)
    }

    @Test func `equal content from many writers at once is one blob`() async throws {
        let content = [UInt8](repeating: 7, count: 300_000)
        let store = store
        let blobs = try await withThrowingTaskGroup(of: Blob.self) { group in
            for _ in 0..<16 { group.addTask { try store.put(content) } }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        let blob = try #require(blobs.first)
        #expect(blobs.count == 1)
        #expect(try store.verify(blob.digest) == .sound)
        #expect(try folder.names(in: "state/staging") == [])
        #expect(try entries().blobs == [blob])
    }

    @Test func `different content from many writers at once is all there`() async throws {
        let store = store
        let blobs = try await withThrowingTaskGroup(of: Blob.self) { group in
            for number in 0..<64 { group.addTask { try store.put([UInt8(number), 1, 2]) } }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(blobs.count == 64)
        #expect(try Set(entries().blobs) == blobs)
    }

    @Test func `verifying tells a changed byte, a lost end and a missing blob`() throws {
        let changed = try store.put([1, 2, 3])
        let short = try store.put([4, 5, 6])
        let linked = try store.put([7, 8, 9])
        try overwrite(changed.digest, with: [1, 2, 4])
        try overwrite(short.digest, with: [4, 5])
        let place = path(of: linked.digest)
        #expect(unlink(place.string) == 0 && symlink("/etc/hostname", place.string) == 0)
        #expect(try store.verify(changed.digest) == .damaged)
        #expect(try store.verify(short.digest) == .damaged)
        #expect(try store.verify(linked.digest) == .damaged)
        #expect(try store.remove(changed.digest))
        #expect(try store.verify(changed.digest) == .missing)
        #expect(try !store.remove(changed.digest))
        #expect(throws: StoreError.missing(changed.digest)) { try store.open(changed.digest) }
    }

    @Test func `a blob that has lost its end is made whole by the same content`() throws {
        let blob = try store.put([4, 5, 6])
        try overwrite(blob.digest, with: [4, 5])
        #expect(try store.put([4, 5, 6]) == blob)
        #expect(try store.verify(blob.digest) == .sound)
    }

    @Test func `walking the store tells blobs and strangers apart`() throws {
        let blob = try store.put([1])
        let strangers = ["note", "zz/", "00/x", "00/11/"]
        for name in strangers {
            let place = folder.path.appending("state/blobs").appending(name)
            if name.hasSuffix("/") {
                mkdir(place.removingLastComponent().string, 0o700)
                mkdir(place.string, 0o700)
            } else {
                mkdir(place.removingLastComponent().string, 0o700)
                let file = try FileDescriptor.open(
                    place, .writeOnly, options: .create, permissions: .ownerReadWrite)
                try file.close()
            }
        }
        // A blob in the wrong folder is a stranger too.
        let misplaced = "00/" + blob.digest.hex
        #expect(
            link(
                path(of: blob.digest).string,
                folder.path.appending("state/blobs").appending(misplaced).string) == 0)
        let found = try entries()
        #expect(found.blobs == [blob])
        #expect(
            Set(found.strangers)
                == Set(["note", "zz", "00/x", "00/11", misplaced].map { "blobs/" + $0 }))
    }

    @Test func `preparing twice changes nothing`() throws {
        let blob = try store.put([1])
        try store.prepare()
        #expect(try entries().blobs == [blob])
    }

    @Test func `a store whose folder is gone fails as one that waits for the operator`() throws {
        let gone = BlobStore(root: folder.path.appending("nowhere/state"))
        let error = #expect(throws: StoreError.self) { try gone.put([1]) }
        #expect(error?.failure.code == .storeIO)
        #expect(error?.failure.retryable == true)
    }

    private func entries() throws -> (blobs: [Blob], strangers: [String]) {
        var entries: (blobs: [Blob], strangers: [String]) = ([], [])
        try store.forEachFolder {
            entries.blobs += $0.blobs
            entries.strangers += $0.strangers
        }
        return entries
    }

    private func mode(_ path: FilePath) throws -> mode_t {
        var status = stat()
        try #require(lstat(path.string, &status) == 0)
        return status.st_mode & 0o7777
    }

    private func overwrite(_ digest: ContentDigest, with bytes: [UInt8]) throws {
        let path = path(of: digest)
        try #require(chmod(path.string, 0o600) == 0)
        let file = try FileDescriptor.open(path, .writeOnly, options: .truncate)
        try file.closeAfter { _ = try file.writeAll(bytes) }
    }
}
