import Catalog
import Inbox
import Rules
import Synchronization

/// Tells that a document of an inbox came to its end, or lost its name.
final class RetentionBell: Sendable {
    /// Names that an older document bears from now on; past a bound all names are looked at.
    private enum Names {
        case some(Set<BeneathPath>)
        case all
    }

    private static let limit = 1000

    private let names = Mutex(Names.all)
    private let signal = Signal()

    /// A document is over.
    func ring() { signal.raise() }

    /// A document of this name lost it to a newer one.
    func ring(_ path: BeneathPath) {
        names.withLock { names in
            guard case .some(let known) = names else { return }
            names = known.count < Self.limit ? .some(known.union([path])) : .all
        }
        signal.raise()
    }

    /// The names to be looked at; nil for all of them.
    func takeNames() -> Set<BeneathPath>? {
        names.withLock { names in
            defer { names = .some([]) }
            switch names {
            case .some(let paths): return paths
            case .all: return nil
            }
        }
    }

    /// Those are to be looked at once more.
    func putBack(_ paths: Set<BeneathPath>?) {
        names.withLock { names in
            guard let paths, case .some(let known) = names else { return names = .all }
            names = .some(known.union(paths))
        }
    }

    /// Returns once it rang or the time is over; false when the task was cancelled.
    func wait(atMost timeout: Duration?) async -> Bool { await signal.wait(atMost: timeout) }
}

/// Deletes what one inbox is to keep no longer, and removes status files that nobody is to need any more.
///
/// Rule: docs/design.md, "Deletion".
struct Retention: Sendable {
    private static let page = 100
    /// How many older documents are deleted before the rest of the inbox is looked at.
    private static let surplusLimit = 1000

    let house: House
    let desk: InboxDesk
    let dispatcher: Dispatcher

    private var settings: RetentionSettings { desk.settings.retention }
    private var uid: UInt32 { desk.account.uid }
    private var inbox: [UInt8] { Array(desk.root.path.utf8) }

    /// Looks at the start, whenever a document is over, and when the next one's time has come, until
    /// the task is cancelled.
    func run() async {
        guard !settings.isOff else { return }
        var rest: Duration?
        repeat {
            do {
                let next = try await pass()
                rest = next.map { max(.milliseconds(1), $0 - house.surroundings.now()) }
            } catch {
                let detail = House.failure(of: error).detail
                house.say(.catalogueFailed, in: desk.root, [.detail: detail])
                rest = house.retries.storeWait
            }
        } while await desk.retention.wait(atMost: rest)
    }

    /// Does what is due; returns when something next falls due by itself.
    private func pass() async throws -> Timestamp? {
        let now = house.surroundings.now()
        try await deleteSurplus()
        var dates: [Timestamp] = []
        if let keep = settings.keep {
            try await deleteOld(before: now + (.zero - keep))
            let next = try await house.catalog.firstCompletion(
                uid: uid, inbox: inbox, after: now + (.zero - keep), succeeded: true)
            dates += next.map { [$0 + keep] } ?? []
        }
        if let keepStatus = settings.keepStatus {
            try await removeStatusFiles(before: now + (.zero - keepStatus))
            let next = try await house.catalog.firstCompletion(
                uid: uid, inbox: inbox, after: now + (.zero - keepStatus), succeeded: false)
            dates += next.map { [$0 + keepStatus] } ?? []
        }
        return dates.min()
    }

    /// Deletes documents that completed long ago; failed ones stay, since their owner has something to
    /// do about them.
    private func deleteOld(before moment: Timestamp) async throws {
        var last: OverDocument?
        while !Task.isCancelled {
            let page = try await house.catalog.documentsOver(
                uid: uid, inbox: inbox, after: last, upTo: moment, succeeded: true,
                limit: Self.page)
            for document in page where !Task.isCancelled {
                do {
                    _ = try await delete(document.id, at: document.path, "kept long enough") {
                        $0.completedAt.map { $0 <= moment } ?? false
                    }
                } catch let obstacle as InboxError {
                    // A folder that its owner has closed is no obstacle for what lies elsewhere.
                    house.say(
                        .sidecarFailed, in: desk.root, at: document.path,
                        [.document: "\(document.id)", .detail: obstacle.failure.detail])
                }
            }
            guard let end = page.last else { return }
            last = end
        }
    }

    /// Deletes the oldest documents of names that have more than are kept.
    private func deleteSurplus() async throws {
        guard let count = settings.versions else { return }
        let names = desk.retention.takeNames()
        do {
            let surplus = try await house.catalog.surplusVersions(
                uid: uid, inbox: inbox, of: names, keeping: count, limit: Self.surplusLimit)
            if surplus.count == Self.surplusLimit {
                desk.retention.putBack(names)
                desk.retention.ring()
            }
            for document in surplus where !Task.isCancelled {
                let isDone = try await delete(document.id, at: document.path, "too many versions") {
                    $0.version != nil
                }
                // Its end rings again.
                if !isDone { desk.retention.putBack([document.path]) }
            }
        } catch {
            desk.retention.putBack(names)
            throw error
        }
    }

    /// - Parameter isStill: whether the document is still one that is to go.
    /// - Returns: false where it has to wait for what is being done about it.
    private func delete(
        _ id: DocumentID, at path: BeneathPath, _ reason: String,
        _ isStill: @escaping @Sendable (DocumentRecord) -> Bool
    ) async throws -> Bool {
        guard await dispatcher.holdIfIdle(id) else { return false }
        let outcome: Result<RequestOutcome, any Error>
        do {
            let terms = try await desk.deletionTerms(of: path)
            let (deleted, untidied) = try await desk.delete(at: path) { [house] in
                try await house.catalog.delete(
                    id, terms, now: house.surroundings.now(), isStill)
            }
            if case .deleted(let trashed) = deleted {
                house.sayDeleted(trashed, in: desk.root, reason)
                // Before anybody can have the document back: its rows would come anew. What is owed is
                // gone on with by itself.
                if untidied == nil { try await desk.removeRows(of: id) }
            }
            outcome = .success(deleted)
        } catch {
            outcome = .failure(error)
        }
        await dispatcher.release([id])
        desk.requests.documentMoved(path)
        if case .later = try outcome.get() { return false }
        return true
    }

    /// Removes the status files of what was over by then, each once.
    private func removeStatusFiles(before moment: Timestamp) async throws {
        let done = try await house.catalog.tidiedStatus(uid: uid, inbox: inbox)
        var last: OverDocument?
        while !Task.isCancelled {
            let page = try await house.catalog.documentsOver(
                uid: uid, inbox: inbox, from: done, after: last, upTo: moment, succeeded: false,
                limit: Self.page)
            guard let end = page.last else { return }
            for document in page {
                if let error = await desk.removeStatus(of: document.id) { throw error }
            }
            last = end
            try await house.catalog.noteTidiedStatus(
                uid: uid, inbox: inbox, upTo: end.completedAt)
        }
    }
}

extension House {
    /// Tells the log of a deletion, and why.
    func sayDeleted(_ trashed: TrashRecord, in root: InboxRoot, _ reason: String) {
        say(
            .documentDeleted, in: root, at: trashed.path,
            [
                .document: "\(trashed.id)", .size: "\(trashed.size.bytes)", .reason: reason,
                .version: trashed.version.map(String.init),
            ].compactMapValues { $0 })
    }
}
