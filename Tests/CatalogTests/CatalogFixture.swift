import Catalog
import Glibc
import Rules
import Testing

let alice = Account(uid: 1001, name: "alice")
let bob = Account(uid: 1002, name: "bob")
let inbox = Array("/srv/ingest/alice".utf8)
/// The inbox of every account that has one here.
let served = ServedInboxes([alice.uid, bob.uid, 7, .max].map { ($0, inbox) })
let pdfPlan = StagePlan.stages(for: .pdf, settings: InboxSettings())
let corrupt = Failure(.pdfCorrupt, message: "It is broken.", detail: "open: broken")
let slow = Failure(.timeout, message: "It took too long.", detail: "run: too long")

/// A catalogue in a fresh directory, and a clock that is moved by hand.
final class CatalogFixture {
    let folder: String
    let catalog: Catalog
    private(set) var now = Timestamp(milliseconds: 1_700_000_000_000)
    private var nextInode: UInt64 = 1

    var path: String { folder + "/catalogue.sqlite3" }

    init() throws {
        var template = Array("/tmp/catalog-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        folder = String(decoding: template.dropLast().map(UInt8.init), as: UTF8.self)
        catalog = try Catalog.open(folder + "/catalogue.sqlite3")
    }

    deinit {
        for suffix in ["", "-wal", "-shm"] { unlink(path + suffix) }
        rmdir(folder)
    }

    func wait(_ duration: Duration = .milliseconds(1)) { now = now + duration }

    func newID() -> DocumentID {
        wait()
        return DocumentID(at: now, random: (0..<10).map { _ in .random(in: 0...255) })
    }

    func digest(_ content: String) -> ContentDigest {
        var bytes = Array(content.utf8.prefix(32))
        bytes += [UInt8](repeating: 0, count: 32 - bytes.count)
        return ContentDigest(bytes)!
    }

    /// A drop of ten bytes; equal `content` means an equal blob.
    func drop(
        _ name: String = "report.pdf", content: String = "one", account: Account = alice,
        size: Int = 10, kind: DropKind = .pdf
    ) throws -> NewDocument {
        nextInode += 1
        return NewDocument(
            id: newID(), account: account, inbox: inbox,
            path: try #require(BeneathPath(bytes: Array(name.utf8))), kind: kind,
            size: ByteCount(size), digest: digest(content), proof: .lease,
            identity: DropIdentity(
                device: .max, inode: nextInode, size: ByteCount(size), modified: 5, changed: 6))
    }

    @discardableResult
    func claim(
        _ drop: NewDocument, stages: [PlannedStage] = pdfPlan
    ) async throws -> CommittedDocument {
        let decision = try await catalog.reserve(
            drop.id, account: drop.account, size: drop.size, limit: .unlimited, now: now)
        try #require(decision == .granted)
        return try await catalog.commitClaim(drop, stages: stages, now: now)
    }

    /// Brings one stage to a state.
    @discardableResult
    func set(
        _ stage: StageName, of id: DocumentID, to state: StageState, output: StageOutput? = nil
    ) async throws -> DocumentRecord {
        wait()
        let change = StageChange(
            document: id, stage: stage, state: state, at: now, seconds: 0.5, output: output)
        return try #require(try await catalog.record([change]).first)
    }

    /// Completes every stage that is due until none is.
    @discardableResult
    func complete(_ id: DocumentID) async throws -> DocumentRecord {
        var document = try #require(try await catalog.document(id))
        while let stage = document.job.dueStages(at: now).first {
            document = try await set(
                stage, of: id, to: .completed,
                output: StageOutput(result: "{\"of\":\"\(stage.rawValue)\"}"))
        }
        return document
    }
}
