import Glibc
import Rules
import SystemPackage
import Testing

@testable import Store

/// What is left free on a disk that runs full.
@Suite struct ReserveTests {
    @Test func `the reserve is a part of a small disk, and little of a large one`() {
        #expect(BlobStore.reserve(of: .mebibytes(640)) == .mebibytes(10))
        #expect(BlobStore.reserve(of: .mebibytes(1 << 20)) == .mebibytes(64))
    }

    @Test(.enabled(if: geteuid() == 0))
    func `content that would use the reserve up waits, smaller content does not`() throws {
        let folder = try TemporaryFolder()
        let disk = folder.path.appending("disk")
        mkdir(disk.string, 0o700)
        // Its reserve is 1 MiB.
        try #require(mount("none", disk.string, "tmpfs", 0, "size=64m") == 0)
        defer { umount2(disk.string, Int32(MNT_DETACH)) }
        let store = BlobStore(root: disk.appending("state"))
        try store.prepare()
        let error = #expect(throws: StoreError.self) {
            try store.begin(sizeHint: .mebibytes(64))
        }
        #expect(error?.failure.code == .storeFull)
        let blob = try store.put([1, 2, 3])
        #expect(try store.verify(blob.digest) == .sound)
        try store.begin(sizeHint: .mebibytes(62)).discard()
    }
}
