import Glibc
import Rules
import Store
import Synchronization
import SystemPackage
import Testing

/// Removing blobs of no use, also while others store the same content.
@Suite(.timeLimit(.minutes(5))) struct CollectionTests {
    let folder: TemporaryFolder
    let store: BlobStore

    init() throws {
        folder = try TemporaryFolder()
        store = BlobStore(root: folder.path.appending("state"))
        try store.prepare()
    }

    @Test func `what nobody wants goes, and what somebody wants stays`() throws {
        let wanted = try store.put([1, 2, 3])
        let useless = try store.put([4, 5, 6, 7])
        let outcome = try store.collect(unusedSince: nil, isDry: false) { _ in [wanted.digest] }
        #expect(outcome.removed == 1 && outcome.bytes == ByteCount(4) && outcome.spared == 0)
        #expect(try store.contains(wanted.digest) && !store.contains(useless.digest))
    }

    @Test func `a dry run counts and removes nothing`() throws {
        let useless = try store.put([4, 5, 6, 7])
        let outcome = try store.collect(unusedSince: nil, isDry: true) { _ in [] }
        #expect(outcome.removed == 1 && outcome.bytes == ByteCount(4))
        #expect(try store.contains(useless.digest))
    }

    @Test func `what was stored since is spared, and what was met since too`() throws {
        let met = try store.put([1])
        let old = try store.put([2])
        let moment = try momentAfter([met, old])
        let new = try store.put([3])
        #expect(try store.put([1]) == met)
        let outcome = try store.collect(unusedSince: moment, isDry: false) { _ in [] }
        #expect(outcome.removed == 1 && outcome.spared == 2)
        #expect(try store.contains(met.digest) && store.contains(new.digest))
        #expect(try !store.contains(old.digest))
    }

    @Test func `a want that is told only once the folder is locked still counts`() throws {
        let blob = try store.put([1])
        var questions = 0
        let outcome = try store.collect(unusedSince: nil, isDry: false) { digests in
            questions += 1
            return questions == 1 ? [] : Set(digests)
        }
        #expect(outcome.removed == 0 && questions == 2)
        #expect(try store.contains(blob.digest))
    }

    @Test func `storing what is being collected never loses it`() async throws {
        let store = store
        for round in 0..<10 {
            let contents = (0..<32).map { [UInt8(round), UInt8($0)] }
            let blobs = try contents.map(store.put)
            let moment = try momentAfter(blobs)
            let ending = Ending()
            let removed = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<2 {
                    group.addTask {
                        for content in contents.shuffled() { _ = try store.put(content) }
                        return 0
                    }
                }
                group.addTask {
                    var removed = 0
                    while !ending.hasCome {
                        removed += try store.collect(unusedSince: moment, isDry: false) { _ in [] }
                            .removed
                        // Threads are few, and those who store need one as well.
                        await Task.yield()
                    }
                    return removed
                }
                _ = try await group.next()
                _ = try await group.next()
                ending.come()
                return try await group.reduce(0, +)
            }
            // Each of them was stored again, so each is there, whoever was quicker.
            for blob in blobs {
                #expect(try store.verify(blob.digest) == .sound, "round \(round)")
            }
            #expect(removed <= contents.count)
            _ = try store.collect(unusedSince: nil, isDry: false) { _ in [] }
        }
    }

    @Test func `what is set aside lies in quarantine, never over anything`() throws {
        let blob = try store.put([1])
        let place = BlobStore.place(of: blob.digest)
        let first = try #require(try store.setAside(place))
        #expect(try store.setAside(place) == nil)
        _ = try store.put([1])
        let second = try #require(try store.setAside(place))
        #expect(first != second)
        #expect(access(first, F_OK) == 0 && access(second, F_OK) == 0)
        #expect(try !store.contains(blob.digest))
    }

    /// A moment later than the time of change of these blobs, and not later than that of any blob
    /// that is stored from now on.
    private func momentAfter(_ blobs: [Blob]) throws -> Timestamp {
        let latest = try blobs.map { try changed(BlobStore.place(of: $0.digest)) }.max()
        let moment = try #require(latest) + .milliseconds(1)
        // The kernel's clock for files has its own pace: wait until it has reached that moment.
        let marker = folder.path.appending("marker")
        let file = try FileDescriptor.open(
            marker, .writeOnly, options: .create, permissions: .ownerReadWrite)
        defer { close(file.rawValue) }
        var now = Timestamp(milliseconds: 0)
        while now < moment {
            futimens(file.rawValue, nil)
            var status = stat()
            try #require(fstat(file.rawValue, &status) == 0)
            now = Timestamp(changeOf: status)
        }
        return moment
    }

    private func changed(_ place: String) throws -> Timestamp {
        var status = stat()
        try #require(lstat(folder.path.appending("state/\(place)").string, &status) == 0)
        return Timestamp(changeOf: status)
    }
}

extension Timestamp {
    fileprivate init(changeOf status: stat) {
        self.init(
            milliseconds: Int64(status.st_ctim.tv_sec) * 1000
                + Int64(status.st_ctim.tv_nsec) / 1_000_000)
    }
}

/// Whether the others are done.
private final class Ending: Sendable {
    private let state = Atomic(false)

    var hasCome: Bool { state.load(ordering: .relaxed) }

    func come() { state.store(true, ordering: .relaxed) }
}
