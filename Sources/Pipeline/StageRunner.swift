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

    /// Runs what is due over the document's content, and records each step before the next.
    ///
    /// - Returns: the document as it now stands.
    /// - Throws: ``CatalogError`` when a step could not be recorded: the stage in hand is then still
    ///   on record as running, and is to be put back.
    func runContent(
        _ assignment: Assignment, in slot: WorkerSlot
    ) async throws -> DocumentRecord {
        var document = assignment.document
        if assignment.hasKnownOutcomes {
            document = try await house.catalog.adoptOutcomes(
                for: document.id, now: house.surroundings.now())
        }
        guard ContentRun.nextStage(of: document, now: house.surroundings.now()) != nil else {
            return document
        }
        let blob: FileDescriptor
        do {
            blob = try house.store.open(document.digest)
        } catch {
            return try await fail(document, with: error.failure)
        }
        defer { house.close(blob) }
        let subject: [JournalField: String] = [
            .document: "\(document.id)", .account: "\(account)",
        ]
        let company = Self.mustBeAlone(document) ? nil : account
        return try await slot.run(over: blob, of: company, subject: subject) {
            [document] session in
            var run = ContentRun(
                house: house, desks: desks, account: account, settings: settings,
                document: document)
            return try run.run(session)
        }
    }

    /// Publishes the document if that is due, and tells how it stands else.
    ///
    /// Needs no worker: an inbox that does not answer must keep none from others.
    func publish(_ document: DocumentRecord) async throws {
        // Where the inbox is away the stage stays due until it is back.
        guard let desk = desks.desk(of: document) else { return }
        if document.job.dueStages(at: house.surroundings.now()).contains(.publish) {
            try await Publication(house: house, desk: desk).run(document)
        } else {
            desk.tell(desk.view(of: document))
        }
    }

    /// Whether a stage took its worker down before: then the next one sees no other document.
    private static func mustBeAlone(_ document: DocumentRecord) -> Bool {
        document.stages.contains { $0.plan.name.runsInWorker && $0.state.mustBeAlone }
    }

    /// The first due stage fails before any worker is started.
    private func fail(
        _ document: DocumentRecord, with failure: Failure
    ) async throws -> DocumentRecord {
        let now = house.surroundings.now()
        guard let stage = ContentRun.nextStage(of: document, now: now) else { return document }
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
