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

    /// Runs what is due of the document, and records each step before the next.
    ///
    /// - Throws: ``CatalogError`` when a step could not be recorded: the stage in hand is then still
    ///   on record as running, and is to be put back.
    func run(_ document: DocumentRecord, in slot: WorkerSlot) async throws {
        var outcome = ContentOutcome(document: document, held: [])
        if ContentRun.nextStage(of: document, now: house.surroundings.now()) != nil {
            outcome = try await runContent(document, in: slot)
        }
        let due = outcome.document.job.dueStages(at: house.surroundings.now())
        guard let desk = desks.desk(of: document) else {
            // Where the inbox is away the stage stays due until it is back.
            _ = try await house.catalog.record(outcome.held)
            return
        }
        if due.contains(.publish) {
            try await Publication(house: house, desk: desk, held: outcome.held)
                .run(outcome.document)
            return
        }
        let recorded = try await house.catalog.record(outcome.held)
        desk.tell(desk.view(of: recorded.first ?? outcome.document))
    }

    private func runContent(
        _ document: DocumentRecord, in slot: WorkerSlot
    ) async throws -> ContentOutcome {
        let blob: FileDescriptor
        do {
            blob = try house.store.open(document.digest)
        } catch {
            let failed = try await fail(document, with: error.failure)
            return ContentOutcome(document: failed, held: [])
        }
        defer { house.close(blob) }
        let subject: [JournalField: String] = [
            .document: "\(document.id)", .account: "\(account)",
        ]
        let company = Self.mustBeAlone(document) ? nil : account
        return try await slot.run(over: blob, of: company, subject: subject) { session in
            var run = ContentRun(
                house: house, desks: desks, account: account, settings: settings,
                document: document)
            let document = try run.run(session)
            return ContentOutcome(document: document, held: run.held)
        }
    }

    /// Whether a stage took its worker down before: then the next one sees no other document.
    private static func mustBeAlone(_ document: DocumentRecord) -> Bool {
        document.stages.contains { stage in
            guard case .retrying(_, _, let failure?) = stage.state else { return false }
            return failure.code.remedy == .onceMoreAlone
        }
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

/// What a worker made of a document.
private struct ContentOutcome: Sendable {
    /// As it will stand once ``held`` is recorded.
    var document: DocumentRecord
    /// Ends of stages that are yet to be recorded.
    var held: [StageChange]
}
