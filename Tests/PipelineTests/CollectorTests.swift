import Catalog
import Glibc
import Pipeline
import Rules
import Store
import Synchronization
import SystemPackage
import Testing

/// Garbage is collected while the same content is claimed: no document ever loses its blob.
@Suite(.timeLimit(.minutes(5))) struct CollectorTests {
    private static let account = Account(uid: 1001, name: nil)
    private static let plan = StagePlan.stages(for: .pdf, settings: InboxSettings())

    let state: FilePath
    let store: BlobStore
    let catalog: Catalog

    init() throws {
        var template = Array("/tmp/collector-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        state = FilePath(String(decoding: template.dropLast().map(UInt8.init), as: UTF8.self))
        store = BlobStore(root: state)
        try store.prepare()
        catalog = try Catalog.open(state.appending("catalog.sqlite3").string)
    }

    @Test func `a claim of content that is being collected keeps its blob`() async throws {
        let lock = try DaemonLock(state)
        defer { lock.release() }
        var documents: [ContentDigest] = []
        var removed = 0
        for round in 0..<4 {
            let contents = (0..<32).map { Array("content \(round) \($0)".utf8) }
            for content in contents { _ = try store.put(content) }
            // The collector's day is over for what lies there now, and for nothing newer.
            let now = try await momentAfterAllStored() + Collector.grace
            let ending = Ending()
            let (digests, count) = try await withThrowingTaskGroup(
                of: ([ContentDigest], Int).self
            ) { group in
                group.addTask { (try await claimAll(contents.shuffled(), round), 0) }
                group.addTask {
                    var removed = 0
                    repeat {
                        let outcome = try await Collector(stateDirectory: state.string)
                            .run(isDry: false, now: now)
                        #expect(outcome.isBesideDaemon)
                        removed += outcome.blobs
                        // Threads are few, and those who claim need one as well.
                        await Task.yield()
                    } while !ending.hasCome
                    return ([], removed)
                }
                let first = try #require(try await group.next())
                ending.come()
                let second = try #require(try await group.next())
                return (first.0 + second.0, first.1 + second.1)
            }
            documents += digests
            removed += count
        }
        for digest in documents { #expect(try store.verify(digest) == .sound) }
        #expect(documents.count == 128)
        try catalog.close()
        let folder = state.string
        #expect(system("rm -rf '\(folder)'") == 0)
    }

    /// Takes each content as a claim does: into the store, then by name into the catalogue.
    private func claimAll(
        _ contents: [[UInt8]], _ round: Int
    ) async throws -> [ContentDigest] {
        var digests: [ContentDigest] = []
        for (number, content) in contents.enumerated() {
            let now = Timestamp(milliseconds: 1_700_000_000_000 + Int64(round * 1000 + number))
            let id = DocumentID(at: now, random: (0..<10).map { _ in .random(in: 0...255) })
            let size = ByteCount(content.count)
            _ = try await catalog.reserve(
                [(id, size)], account: Self.account, limit: .unlimited, now: now)
            let blob = try store.put(content)
            let path = try #require(BeneathPath(bytes: Array("\(round)-\(number).pdf".utf8)))
            let document = NewDocument(
                id: id, account: Self.account, inbox: Array("/inbox".utf8), path: path,
                kind: .pdf, size: blob.size, digest: blob.digest, proof: .lease,
                identity: DropIdentity(
                    device: 1, inode: UInt64(number), size: size, modified: 1, changed: 1))
            let claim = NewClaim(document: document, stages: Self.plan)
            _ = try await catalog.commitClaims([claim], now: now)[0].get()
            digests.append(blob.digest)
        }
        return digests
    }

    /// A moment that the kernel's clock for files has just reached, and that all that was stored so
    /// far lies before.
    private func momentAfterAllStored() async throws -> Timestamp {
        let path = state.appending("marker").string
        let file = open(path, O_CREAT | O_WRONLY, 0o600)
        defer { close(file) }
        func touched() throws -> Timestamp {
            try #require(futimens(file, nil) == 0)
            var status = stat()
            try #require(fstat(file, &status) == 0)
            return Timestamp(
                milliseconds: Int64(status.st_ctim.tv_sec) * 1000
                    + Int64(status.st_ctim.tv_nsec) / 1_000_000)
        }
        let moment = try touched() + .milliseconds(1)
        while try touched() < moment {}
        return moment
    }
}

/// Holds a state directory's lock as a running daemon does, though this process itself asks for it.
private struct DaemonLock {
    private let file: Int32

    init(_ state: FilePath) throws {
        file = open(state.appending("lock").string, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        var request = flock()
        request.l_type = Int16(F_WRLCK)
        request.l_whence = Int16(SEEK_SET)
        // F_OFD_SETLK, which Glibc shows only to those who ask for GNU's extensions: a lock of the
        // open file, in the way of this process's own.
        try #require(fcntl(file, 37, &request) == 0)
    }

    func release() { close(file) }
}

/// Whether the others are done.
private final class Ending: Sendable {
    private let state = Atomic(false)

    var hasCome: Bool { state.load(ordering: .relaxed) }

    func come() { state.store(true, ordering: .relaxed) }
}
