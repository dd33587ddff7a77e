import Catalog
import Rules
import WorkerProtocol
import Workers

/// What one worker slot does for a document: step after step, on the slot's thread.
final class ContentRun {
    /// A lead that has just come does not leave again at once: to open a document costs too.
    private static let leastStay = Duration.seconds(1)

    private let work: ContentWork
    private let role: WorkOutlook.Role
    private let session: WorkerSession
    private let clock = ContinuousClock()
    private let entered = ContinuousClock.now
    /// The range that was drawn last, whose pictures are made durable while the next one is drawn.
    private var undurable: (drawn: DrawnRange, sink: PageSink)?
    private var pageCount = 0

    init(_ work: ContentWork, as role: WorkOutlook.Role, _ session: WorkerSession) {
        self.work = work
        self.role = role
        self.session = session
    }

    /// Runs all that this slot can do, and records it.
    ///
    /// - Throws: ``CatalogError`` when a step could not be recorded.
    func run() throws {
        defer { undurable?.sink.abandon() }
        while true {
            guard !session.isInterrupted else {
                try keepPictures()
                try work.interrupt()
                break
            }
            let step = try work.next(
                for: role, mayLeadLeave: clock.now - entered >= Self.leastStay)
            switch step {
            case .stage(let stage):
                // Another slot may have brought its worker down since this one came to the document.
                if stage.state.mustBeAlone { session.beAlone() }
                try run(stage)
            case .pages(let range, let settings, let isAlone):
                if isAlone { session.beAlone() }
                try draw(range, settings)
            case .leave, .nothing:
                let isLeaving = if case .leave = step { true } else { false }
                let wasLast = undurable == nil
                try keepPictures()
                // What the last range came to may have made something due.
                if isLeaving || wasLast { return try leave(isForLong: isLeaving) }
            }
        }
        try leave(isForLong: true)
    }

    /// - Parameter isForLong: whether somebody goes on with the document, now or later.
    private func leave(isForLong: Bool) throws {
        if pageCount > 0 { work.say(.pagesDrawn, .pages, [.count: "\(pageCount)"]) }
        // The last one does not wait for the disk: its slot is free for another document.
        if isForLong || work.outlook.participants > 1 { try work.flush() }
    }

    // MARK: Stages

    private func run(_ stage: StageRecord) throws {
        let start = clock.now
        work.outlook.bind(role, true)
        defer { work.outlook.bind(role, false) }
        let sink = StageSink(
            house: work.house, document: work.document, account: work.account,
            allowance: work.settings.errorAllowance)
        defer { sink.abandon() }
        let (event, output) = perform(stage, sink)
        try work.end(
            stage.plan.name, event, output, keeping: output == nil ? [] : sink.keeping,
            seconds: (clock.now - start).inSeconds)
    }

    /// Runs one stage in the worker; returns what happened to it and what it made.
    private func perform(_ stage: StageRecord, _ sink: StageSink) -> (StageEvent, StageOutput?) {
        do {
            if let failure = try work.noRoom(for: stage.plan) { return (work.failed(failure), nil) }
        } catch {
            return (work.failed(House.failure(of: error)), nil)
        }
        if stage.plan.name == .qr { return drawCodes(stage.plan) }
        let document = work.document
        let name = stage.plan.name
        let orders = StageOrders(
            settings: work.house.settings, inbox: work.settings, stage: stage.plan,
            kind: document.kind)
        let start = clock.now
        let outcome = session.run(orders.request, limits: orders.limits) { reply in
            guard case .progress(let done, let total) = reply else { return try sink.take(reply) }
            work.tell(
                name,
                .told(
                    of: name, done: done, total: total, elapsed: clock.now - start,
                    heardAt: work.house.surroundings.now()))
        }
        switch outcome {
        case .finished(let result):
            do {
                let output = try sink.output(of: result, ledger: work.ledger) {
                    [work, clock] done, total in
                    work.tell(
                        name,
                        .storing(
                            done, of: total, elapsed: clock.now - start,
                            heardAt: work.house.surroundings.now()))
                }
                work.house.surroundings.checkpoint(.stageMade, document.path)
                return (.finished, output)
            } catch {
                return (work.failed(House.failure(of: error)), nil)
            }
        case .failed(let failure):
            return brokenOff(name, work.failed(failure), failure, sink)
        case .sinkFailed(let error):
            return (work.failed(House.failure(of: error)), nil)
        case .notStarted(let failure):
            return (.interrupted(at: timeToTryAgain(name, failure)), nil)
        case .interrupted:
            work.say(.stageInterrupted, name, [:])
            return (.interrupted(at: work.house.surroundings.now()), nil)
        }
    }

    /// Draws the tokens of a table; no worker is needed for it.
    private func drawCodes(_ plan: PlannedStage) -> (StageEvent, StageOutput?) {
        let start = clock.now
        let drawing = CodeDrawing(
            house: work.house, document: work.document, account: work.account,
            settings: CodeSettings(parameters: plan.parameters) ?? CodeSettings())
        do {
            let output = try drawing.run(isInterrupted: { session.isInterrupted }) { done, total in
                work.tell(
                    plan.name,
                    LiveProgress(
                        done: done, total: total, elapsed: clock.now - start,
                        heardAt: work.house.surroundings.now()))
            }
            guard let output else {
                work.say(.stageInterrupted, plan.name, [:])
                return (.interrupted(at: work.house.surroundings.now()), nil)
            }
            work.house.surroundings.checkpoint(.stageMade, work.document.path)
            return (.finished, output)
        } catch {
            return (work.failed(House.failure(of: error)), nil)
        }
    }

    /// A stage that failed for good is done after all where something of it is whole.
    private func brokenOff(
        _ name: StageName, _ event: StageEvent, _ failure: Failure, _ sink: StageSink
    ) -> (StageEvent, StageOutput?) {
        do {
            guard try work.isFinal(event, of: name),
                let output = try sink.firstPages(before: failure)
            else { return (event, nil) }
            return (.finished, output)
        } catch {
            // What was whole could not be kept: the failure is told as it came.
            return (event, nil)
        }
    }

    /// No worker could be started: that is said, and waited out.
    private func timeToTryAgain(_ name: StageName, _ failure: Failure) -> Timestamp {
        work.say(.workerUnavailable, name, [.detail: failure.detail])
        return work.house.surroundings.now() + work.house.retries.storeWait
    }

    // MARK: Pages

    /// Draws a range of pages; what came of it is told once its pictures are durable.
    private func draw(_ range: PageRange, _ settings: PageSettings) throws {
        let sink = PageSink(house: work.house)
        let orders = StageOrders(settings: work.house.settings, range: range, pages: settings)
        var drawn = DrawnRange(range: range, end: range.pages.lowerBound)
        let outcome = session.run(orders.request, limits: orders.limits) { reply in
            try take(reply, of: range, sink)
        }
        switch outcome {
        case .finished(.pages(let summary)):
            drawn.end = summary.end
            drawn.faults = summary.faults
            work.drew(drawn)
            try keepPictures()
            sink.beginKeeping()
            undurable = (drawn, sink)
            return
        case .finished:
            preconditionFailure("a result of another stage is a lie, which was looked for")
        case .failed(let failure): drawn.stop = .failed(failure)
        case .sinkFailed(let error): drawn.stop = .failed(House.failure(of: error))
        case .notStarted(let failure):
            drawn.stop = .interrupted(until: timeToTryAgain(.pages, failure))
        case .interrupted:
            drawn.stop = .interrupted(until: work.house.surroundings.now())
        }
        work.drew(drawn)
        try keepPictures()
        // What was whole before it broke off is kept if the stage is.
        sink.beginKeeping()
        try keep(drawn, of: sink)
    }

    private func take(_ reply: StageReply, of range: PageRange, _ sink: PageSink) throws {
        switch reply {
        case .progress(let done, _):
            work.tell(range, done: done)
        case .artifactBytes(let bytes):
            try work.charge(bytes.count)
            try sink.take(reply)
        case .artifactEnded:
            pageCount += 1
            try sink.take(reply)
            if undurable?.sink.isKept == true { try keepPictures() }
        case .artifactBegun, .tableBegun, .rows, .rejected, .warning, .finished, .failed:
            try sink.take(reply)
        }
    }

    /// Makes the pictures of the last range durable, and tells what came of it.
    private func keepPictures() throws {
        guard let (drawn, sink) = undurable else { return }
        undurable = nil
        try keep(drawn, of: sink)
    }

    private func keep(_ drawn: DrawnRange, of sink: PageSink) throws {
        var drawn = drawn
        do {
            drawn.pictures = try sink.kept()
        } catch {
            drawn.stop = .failed(House.failure(of: error))
        }
        sink.abandon()
        try work.end(drawn)
    }
}
