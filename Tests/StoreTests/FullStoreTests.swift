import Glibc
import Rules
import Store
import SystemPackage
import Testing

/// A real file system of 2 MiB that runs full.
@Suite(.enabled(if: geteuid() == 0, "mounting takes root"), .serialized)
struct FullStoreTests {
    @Test(arguments: [ByteCount.zero, .mebibytes(8)])
    func `a full disk is told, leaves nothing behind, and is over once there is room`(
        sizeHint: ByteCount
    ) throws {
        let folder = try TemporaryFolder()
        try run("/bin/mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", folder.path.string])
        defer { _ = umount(folder.path.string) }
        let store = BlobStore(root: folder.path)
        try store.prepare()
        let chunk = [UInt8](repeating: 5, count: 256 << 10)
        let error = #expect(throws: StoreError.self) {
            let writer = try store.begin(sizeHint: sizeHint)
            for _ in 0..<32 { try writer.append(chunk) }
            _ = try writer.finish()
        }
        #expect(error?.failure.code == .storeFull)
        #expect(error?.failure.code.remedy == .whenStoreRecovers)
        #expect(try folder.names(in: "staging") == [])
        #expect(try store.verify(store.put(chunk).digest) == .sound)
    }

    private func run(_ program: String, _ arguments: [String]) throws {
        var pid = pid_t()
        var words = ([program] + arguments).map { strdup($0) } + [nil]
        defer { words.forEach { free($0) } }
        try #require(posix_spawn(&pid, program, nil, nil, &words, nil) == 0)
        var status: Int32 = 0
        try #require(waitpid(pid, &status, 0) == pid && status == 0)
    }
}
