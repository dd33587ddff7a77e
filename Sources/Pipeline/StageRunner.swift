import Catalog
import Rules
import Store
import SystemPackage
import WorkerProtocol
import Workers

/// Runs the stages of one document: those over its content in a worker, then publishing.
///
/// Its inbox may go and come back meanwhile; so the desk is asked for whenever there is something to
/// tell.
struct StageRunner: Sendable {
    let house: House
    let desks: Desks
    let account: Account
    /// Those of the document's inbox.
    let settings: InboxSettings

    /// What there is to do over a document's content.
    enum Content {
        /// Nothing, or nothing any more.
        case done(DocumentRecord)
        case toRead(ContentWork)
    }

    /// Opens the content of a document for those who are to work on it.
    ///
    /// - Parameter onNews: as of ``WorkOutlook``.
    /// - Throws: ``CatalogError`` when a step could not be recorded.
    func open(
        _ assignment: Assignment, onNews: @escaping @Sendable () -> Void
    ) async throws -> Content {
        var document = assignment.document
        if assignment.hasKnownOutcomes {
            document = try await house.catalog.adoptOutcomes(
                for: document.id, now: house.surroundings.now())
        }
        let due = ContentWork.dueStages(of: document, now: house.surroundings.now())
        guard let first = due.first else { return .done(document) }
        do {
            let blob = try house.store.open(document.digest)
            return .toRead(
                ContentWork(
                    house: house, desks: desks, account: account, settings: settings,
                    document: document, blob: blob, onNews: onNews))
        } catch {
            return .done(try await fail(first, of: document, with: error.failure))
        }
    }

    /// Works on a document in a slot until nothing is left for it to do there.
    ///
    /// - Throws: ``CatalogError`` when a step could not be recorded: a stage may then still be on record
    ///   as running, and is to be put back once all have left.
    static func work(
        on work: ContentWork, in slot: WorkerSlot, as role: WorkOutlook.Role
    ) async throws {
        let subject: [JournalField: String] = [
            .document: "\(work.id)", .account: "\(work.account)",
        ]
        let isAlone = role == .lead && work.outlook.mustBeAlone
        let company = isAlone ? nil : work.account
        try await slot.run(over: work.blob, of: company, subject: subject) { session in
            try ContentRun(work, as: role, session).run()
        }
    }

    /// Publishes the document if that is due, and tells how it stands else.
    ///
    /// Needs no worker: an inbox that does not answer must keep none from others.
    func publish(_ document: DocumentRecord) async throws {
        // Where the inbox is away the stage stays due until it is back.
        guard let desk = desks.desk(of: document) else { return }
        guard let begin = try Publication.start(of: document, house) else {
            return desk.tell(desk.view(of: document))
        }
        let (record, artifacts) = try await house.catalog.beginPublication(noting: [begin])
        try await Publication(house: house, desk: desk, document: record, artifacts: artifacts)
            .run()
    }

    /// A due stage fails before any worker is started.
    private func fail(
        _ stage: StageRecord, of document: DocumentRecord, with failure: Failure
    ) async throws -> DocumentRecord {
        let now = house.surroundings.now()
        let started = try stage.state.following(.started, retries: house.retries)
        let ended = try started.following(
            .failed(failure, at: now, jitter: house.surroundings.jitter()), retries: house.retries)
        let records = try await house.catalog.record([
            StageChange(document: document.id, stage: stage.plan.name, state: started, at: now),
            StageChange(document: document.id, stage: stage.plan.name, state: ended, at: now),
        ])
        return records.first ?? document
    }
}
