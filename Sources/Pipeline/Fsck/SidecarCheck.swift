import Catalog
import Inbox
import Publish
import Rules

/// Opens the inboxes that documents came from, each once, in the names of their owners.
struct InboxAccess {
    /// How long a mount may think before its inboxes are passed over.
    static let patience = Duration.seconds(10)

    private struct Key: Hashable {
        var uid: UInt32
        var inbox: [UInt8]
    }

    /// How many inboxes are kept open: far fewer than a process may open files.
    private static let limit = 64

    private let owners = OwnerThreads()
    /// Where the config has the sidecars of inboxes.
    private let inboxes: [NamedInbox]
    private var opened: [Key: InboxRoot] = [:]
    private var passedOver: Set<Key> = []

    init(_ inboxes: [NamedInbox]) { self.inboxes = inboxes }

    /// The folder for the results of an inbox: by its exact path, else by the first pattern.
    private func results(of inbox: [UInt8]) -> ResultsPlace? {
        let parsed = inboxes.map { ($0, InboxPattern($0.path)) }
        let match =
            parsed.first { $1?.isExact == true && $1?.matches(inbox) == true }
            ?? parsed.first { $1?.matches(inbox) == true }
        return match?.0.settings.results
    }

    /// The inbox of a document, and why it cannot be had, the first time that it cannot.
    mutating func root(
        of document: DocumentRecord
    ) async -> (root: InboxRoot?, finding: FsckFinding?) {
        await root(uid: document.uid, inbox: document.inbox)
    }

    /// The same by the account and the inbox's path.
    mutating func root(
        uid: UInt32, inbox: [UInt8]
    ) async -> (root: InboxRoot?, finding: FsckFinding?) {
        let key = Key(uid: uid, inbox: inbox)
        if let root = opened[key] { return (root, nil) }
        if passedOver.contains(key) { return (nil, nil) }
        if opened.count >= Self.limit { opened = [:] }
        let path = String(decoding: inbox, as: UTF8.self)
        do {
            let root = try await InboxRoot.open(
                path, results: results(of: inbox), threads: owners)
            guard root.account.uid == uid else {
                passedOver.insert(key)
                return (nil, Self.unavailable(path, "belongs to \(root.account) now"))
            }
            opened[key] = root
            return (root, nil)
        } catch {
            passedOver.insert(key)
            return (nil, Self.unavailable(path, House.failure(of: error).detail))
        }
    }

    /// Passes over an inbox from now on.
    mutating func giveUp(uid: UInt32, inbox: [UInt8]) {
        let key = Key(uid: uid, inbox: inbox)
        opened[key] = nil
        passedOver.insert(key)
    }

    static func unavailable(_ path: String, _ detail: String) -> FsckFinding {
        FsckFinding(code: .inboxUnavailable, subject: path, detail: detail)
    }
}

/// Holds sidecars against the documents that they speak of.
///
/// One that is missing was tidied away: nothing is concluded from that. Those of documents that are
/// not over are written anew as these go on.
struct SidecarCheck {
    /// Far above what a status file takes.
    private static let statusLimit = 16 << 20

    let catalog: Catalog
    private var access: InboxAccess

    init(catalog: Catalog, inboxes: [NamedInbox]) {
        self.catalog = catalog
        access = InboxAccess(inboxes)
    }

    /// What stands where a document's sidecars belong.
    private struct Sight: Sendable {
        var status: [UInt8]?
        /// The sizes of its results, for the files that are there.
        var sizes: [String: ByteCount] = [:]
    }

    /// Looks at the sidecars of one document.
    mutating func check(_ document: DocumentRecord) async throws -> [FsckFinding] {
        guard document.standing.state.isOver, !document.isToMoveAside else { return [] }
        let (root, finding) = await access.root(of: document)
        guard let root else { return finding.map { [$0] } ?? [] }
        let files = try await expectedFiles(of: document)
        let sight: Sight
        do {
            sight = try await look(at: document, in: root, files)
        } catch InboxError.silent {
            // Nobody waits for a mount that hangs once for each document on it.
            access.giveUp(uid: document.uid, inbox: document.inbox)
            return [InboxAccess.unavailable(root.path, "it does not answer")]
        } catch {
            let path = "\(root.path)/\(document.path)"
            return [InboxAccess.unavailable(path, House.failure(of: error).detail)]
        }
        let findings =
            changes(of: files, in: sight, document)
            + (statusFinding(document, in: root, sight.status).map { [$0] } ?? [])
        // A daemon may have gone on with it since the catalogue was asked.
        guard !findings.isEmpty, try await catalog.document(document.id) == document else {
            return []
        }
        return findings
    }

    /// Looks for a status file that speaks of a deleted document still.
    mutating func check(_ trashed: TrashRecord) async throws -> [FsckFinding] {
        guard !trashed.isToTidy else { return [] }
        let (root, finding) = await access.root(uid: trashed.uid, inbox: trashed.inbox)
        guard let root else { return finding.map { [$0] } ?? [] }
        let place = SidecarPlace(of: trashed.path, version: trashed.version)
        let status: [UInt8]?
        do {
            status = try await root.sidecars.run(
                at: trashed.path, answeringWithin: InboxAccess.patience
            ) { try $0.readSmall(place.status, limit: Self.statusLimit) }
        } catch InboxError.silent {
            access.giveUp(uid: trashed.uid, inbox: trashed.inbox)
            return [InboxAccess.unavailable(root.path, "it does not answer")]
        } catch {
            let path = "\(root.path)/\(trashed.path)"
            return [InboxAccess.unavailable(path, House.failure(of: error).detail)]
        }
        let mark = "\"document_id\":\"\(trashed.id)\""
        guard let status, String(decoding: status, as: UTF8.self).contains(mark),
            try await catalog.trashed(trashed.id) == trashed
        else { return [] }
        return [
            FsckFinding(
                code: .statusLeft, subject: "\(trashed.id)",
                detail:
                    "\(root.sidecars.path)/\(place.status) speaks of a document that was deleted")
        ]
    }

    /// The names and sizes of a document's results.
    private func expectedFiles(of document: DocumentRecord) async throws -> [ArtifactRecord] {
        let artifacts = try await catalog.artifacts(of: document.id).values.flatMap { $0 }
        return artifacts + [Publication.original(of: document)]
    }

    private func look(
        at document: DocumentRecord, in root: InboxRoot, _ files: [ArtifactRecord]
    ) async throws -> Sight {
        let place = SidecarPlace(of: document.path, version: document.version)
        let names = files.map(\.name)
        return try await root.sidecars.run(
            at: document.path, answeringWithin: InboxAccess.patience
        ) {
            inbox in
            var sight = Sight()
            sight.status = try inbox.readSmall(place.status, limit: Self.statusLimit)
            for name in names {
                guard let below = BeneathPath(bytes: Array(name.utf8)) else { continue }
                let path = BeneathPath(place.results.components + below.components)
                guard let entry = try inbox.entry(path), entry.kind == .file else { continue }
                sight.sizes[name] = entry.identity.size
            }
            return sight
        }
    }

    private func changes(
        of files: [ArtifactRecord], in sight: Sight, _ document: DocumentRecord
    ) -> [FsckFinding] {
        files.compactMap { file in
            guard let size = sight.sizes[file.name], size != file.size else { return nil }
            return FsckFinding(
                code: .resultChanged, subject: "\(document.id)",
                detail: "\(file.name) has \(size.bytes) bytes beside the drop, "
                    + "\(file.size.bytes) in the store")
        }
    }

    private func statusFinding(
        _ document: DocumentRecord, in root: InboxRoot, _ status: [UInt8]?
    ) -> FsckFinding? {
        guard let status else { return nil }
        let place = SidecarPlace(of: document.path, version: document.version)
        let expected = Self.text(of: document, account: root.account)
        switch StatusVerdict(of: status, expected: expected) {
        case .matches, .ofDrop, .foreign:
            return nil
        case .torn:
            return FsckFinding(
                code: .statusDamaged, subject: "\(document.id)",
                detail: "\(root.sidecars.path)/\(place.status) is not whole",
                remedy: .rewriteStatus(document.id))
        case .differs(let key):
            return FsckFinding(
                code: .statusWrong, subject: "\(document.id)",
                detail: "\(root.sidecars.path)/\(place.status) says something else under \(key)",
                remedy: .rewriteStatus(document.id))
        }
    }

    /// What the status file of a document that is over says, but for a word about scarce room.
    static func text(of document: DocumentRecord, account: Account) -> String {
        DocumentView(record: document, account: account, retries: RetrySchedule())
            .status(.over).json
    }
}
