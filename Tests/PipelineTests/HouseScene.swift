import Catalog
import Imports
import Inbox
import Intake
import Rules
import Store
import SystemPackage
import TestSupport

@testable import Pipeline

/// A house over fresh folders, without workers, and the desk of its one inbox, which nobody serves yet.
final class HouseScene: Sendable {
    let inbox: TemporaryFolder
    private let state: TemporaryFolder
    let house: House
    let desk: InboxDesk

    var uid: UInt32 { desk.account.uid }

    init() async throws {
        inbox = try TemporaryFolder()
        state = try TemporaryFolder()
        let root = FilePath(state.path)
        let store = BlobStore(root: root)
        try store.prepare()
        house = House(
            settings: DaemonSettings(stateDirectory: state.path), store: store,
            catalog: try Catalog.open(state("catalog.sqlite3")),
            imports: try ImportDatabases(
                root: state("imports"), tokenKey: try TokenKey.loadOrCreate(at: state("token.key")),
                schemas: [], journal: { _ in }),
            slots: [], operatorRequests: OperatorRequests(root.appending("requests")),
            surroundings: .system(journal: { _ in }))
        desk = InboxDesk(
            root: try await InboxRoot.open(inbox.path, threads: house.owners),
            settings: InboxSettings(), house: house)
    }

    /// The intake of the inbox, which tells its desk.
    func intake() throws -> InboxIntake {
        let reports = IntakeReports(desk: desk)
        let settings = desk.settings
        return InboxIntake(
            root: desk.root, settings: settings, watcher: try DropWatcher(),
            opener: DropOpener(settings: settings), journal: { _ in },
            report: { reports.take($0) })
    }

    /// A document of its own content, as a claim leaves it.
    func document(_ number: Int, stages: [PlannedStage]) async throws -> DocumentRecord {
        guard let path = BeneathPath(bytes: Array("\(number).pdf".utf8)),
            let digest = ContentDigest([UInt8](repeating: UInt8(number), count: 32))
        else { preconditionFailure("both are well-formed") }
        let now = house.surroundings.now()
        let id = DocumentID(at: now, random: house.surroundings.randomBytes(10))
        _ = try await house.catalog.reserve(
            [(id, ByteCount(10))], account: desk.account, limit: .unlimited, now: now)
        let claim = NewClaim(
            document: NewDocument(
                id: id, account: desk.account, inbox: Array(desk.root.path.utf8), path: path,
                kind: .pdf, size: ByteCount(10), digest: digest, proof: .lease,
                identity: DropIdentity(
                    device: 1, inode: 2, size: ByteCount(10), modified: 3, changed: 4)),
            stages: stages)
        guard let document = await house.catalog.commitClaims([claim], now: now).first else {
            preconditionFailure("one claim has one outcome")
        }
        return try document.get().document
    }
}
