import Catalog
import Rules
import WorkerProtocol
import Workers

/// The stages over one document's content, one after the other, on the thread of a worker slot.
struct ContentRun {
    /// How often progress is shown at most.
    private static let progressInterval = Duration.milliseconds(500)
    let house: House
    let desks: Desks
    let account: Account
    let settings: InboxSettings
    private var document: DocumentRecord
    /// How the stage before ended, to be recorded together with the next one's start.
    private var ended: StageChange?

    init(
        house: House, desks: Desks, account: Account, settings: InboxSettings,
        document: DocumentRecord
    ) {
        self.house = house
        self.desks = desks
        self.account = account
        self.settings = settings
        self.document = document
    }

    /// The next stage over the content that may begin; nil where none is due.
    static func nextStage(of document: DocumentRecord, now: Timestamp) -> StageRecord? {
        let job = document.job
        let needless = job.needlessStages
        return job.dueStages(at: now)
            .first { $0.runsInWorker && !needless.contains($0) }
            .flatMap(document.stage)
    }

    /// Runs all that is due, and returns the document as the catalogue then has it.
    mutating func run(_ session: WorkerSession) throws -> DocumentRecord {
        while !session.isInterrupted,
            let stage = Self.nextStage(of: document, now: house.surroundings.now())
        {
            try begin(stage)
            let clock = ContinuousClock()
            let start = clock.now
            let (event, output) = perform(stage, session)
            try end(stage.plan.name, event, output, seconds: (clock.now - start).inSeconds)
        }
        if let change = ended { try note([change]) }
        return document
    }

    /// Puts the attempt on record before its worker starts.
    private mutating func begin(_ stage: StageRecord) throws {
        let change = StageChange(
            document: document.id, stage: stage.plan.name,
            state: try stage.state.following(.started, retries: house.retries),
            at: house.surroundings.now())
        try note([ended, change].compactMap { $0 })
        say(.stageStarted, stage.plan.name, [.attempt: "\(attempt(of: stage.plan.name))"])
        house.surroundings.checkpoint(.stageStarted, document.path)
        show([stage.plan.name: .begun])
    }

    /// Runs one stage in the worker; returns what happened to it and what it made.
    private mutating func perform(
        _ stage: StageRecord, _ session: WorkerSession
    ) -> (StageEvent, StageOutput?) {
        let sink = StageSink(house: house, document: document, account: account)
        defer { sink.abandon() }
        let orders = StageOrders(
            settings: house.settings, inbox: settings, stage: stage.plan)
        let clock = ContinuousClock()
        let start = clock.now
        var shown = start
        let outcome = session.run(orders.request, limits: orders.limits) { reply in
            guard case .progress(let done, let total) = reply else { return try sink.take(reply) }
            guard clock.now - shown >= Self.progressInterval else { return }
            shown = clock.now
            show([
                stage.plan.name: .told(
                    of: stage.plan.name, done: done, total: total, elapsed: clock.now - start,
                    heardAt: house.surroundings.now())
            ])
        }
        let now = house.surroundings.now()
        switch outcome {
        case .finished(let result):
            do {
                let output = try sink.output(of: result) { [self] done, total in
                    guard clock.now - shown >= Self.progressInterval else { return }
                    shown = clock.now
                    show([
                        stage.plan.name: .storing(
                            done, of: total, elapsed: clock.now - start,
                            heardAt: house.surroundings.now())
                    ])
                }
                house.surroundings.checkpoint(.stageMade, document.path)
                return (.finished, output)
            } catch {
                return (failed(House.failure(of: error), at: now), nil)
            }
        case .failed(let failure):
            return brokenOff(stage.plan.name, failed(failure, at: now), failure, sink)
        case .sinkFailed(let error):
            return (failed(House.failure(of: error), at: now), nil)
        case .notStarted(let failure):
            say(.workerUnavailable, stage.plan.name, [.detail: failure.detail])
            return (.interrupted(at: now + house.retries.storeWait), nil)
        case .interrupted:
            say(.stageInterrupted, stage.plan.name, [:])
            return (.interrupted(at: now), nil)
        }
    }

    /// A stage that failed for good is done after all where something of it is whole.
    private func brokenOff(
        _ name: StageName, _ event: StageEvent, _ failure: Failure, _ sink: StageSink
    ) -> (StageEvent, StageOutput?) {
        do {
            guard
                case .failed? = try document.stage(name)?.state.following(
                    event, retries: house.retries),
                let output = try sink.firstPages(before: failure)
            else { return (event, nil) }
            return (.finished, output)
        } catch {
            // What was whole could not be kept: the failure is told as it came.
            return (event, nil)
        }
    }

    private func failed(_ failure: Failure, at now: Timestamp) -> StageEvent {
        .failed(failure, at: now, jitter: house.surroundings.jitter())
    }

    /// Takes the stage's end into the document at hand.
    ///
    /// What content alone decides is noted together with the next step, and may be forgotten by a
    /// power cut: it is made again. All else is recorded now.
    private mutating func end(
        _ name: StageName, _ event: StageEvent, _ output: StageOutput?, seconds: Double
    ) throws {
        guard let index = document.stages.firstIndex(where: { $0.plan.name == name }) else {
            preconditionFailure("a stage that ran is one of the document's")
        }
        let state = try document.stages[index].state.following(event, retries: house.retries)
        document.stages[index].state = state
        let change = StageChange(
            document: document.id, stage: name, state: state, at: house.surroundings.now(),
            seconds: seconds, output: output)
        StageJournal(document: document, account: account)
            .ended(name, state, seconds: seconds)
            .map(house.surroundings.journal)
        house.learn(from: name, of: document, output, took: seconds)
        if name.dependsOnContentAlone, state == .completed {
            ended = change
        } else {
            try take(try house.catalog.recordBlocking([change]), of: [change])
        }
    }

    private mutating func note(_ changes: [StageChange]) throws {
        try take(try house.catalog.noteBlocking(changes), of: changes)
        ended = nil
    }

    private mutating func take(_ records: [DocumentRecord], of changes: [StageChange]) throws {
        guard let latest = records.last else {
            preconditionFailure("a change touches its document")
        }
        document = latest
        if changes.contains(where: \.state.isOver) {
            house.surroundings.checkpoint(.stageFinished, document.path)
        }
    }

    private func show(_ live: [StageName: LiveProgress]) {
        guard let desk = desks.desk(of: document) else { return }
        desk.tell(desk.view(of: document, live: live))
    }

    private func attempt(of name: StageName) -> Int { document.stage(name)?.attempt ?? 0 }

    private func say(
        _ event: JournalEvent, _ stage: StageName, _ fields: [JournalField: String]
    ) {
        let subject: [JournalField: String] = [
            .document: "\(document.id)", .account: "\(account)", .stage: stage.rawValue,
        ]
        house.say(event, subject.merging(fields) { _, own in own })
    }
}
