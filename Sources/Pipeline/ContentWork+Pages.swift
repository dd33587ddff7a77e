import Catalog
import Rules
import Synchronization
import WorkerProtocol

/// The stage `pages` of a document while several workers draw.
struct PageDrawing {
    let settings: PageSettings
    /// Whether an attempt before took its worker down: then one worker draws, and nobody helps.
    let isAlone: Bool
    let outputLimit: ByteCount
    /// Whether that is what the account has left, and not what the stage is allowed.
    var isShort = false
    var ranges: PageRanges
    var tally: PageTally
    /// How many pages are done of the ranges in hand, by the first page of each.
    var inHand: [Int: Int] = [:]
    var donePages = 0
    var output = ByteCount.zero
    /// When one of the workers was last heard of.
    var heardAt: Timestamp?

    func isOpen(to role: WorkOutlook.Role) -> Bool { role == .lead || !isAlone }

    /// Notes how far a worker says it is in its range: never past it, whatever the worker says.
    mutating func tell(_ range: PageRange, done: Int, at now: Timestamp) {
        inHand[range.pages.lowerBound] = min(max(0, done), range.pages.count)
        heardAt = now
    }

    /// Notes that a range is drawn, or broke off.
    mutating func drew(_ drawn: DrawnRange, at now: Duration) {
        ranges.drew(drawn.range, end: drawn.end, stop: drawn.stop, at: now)
        inHand[drawn.range.pages.lowerBound] = nil
        donePages += max(0, drawn.end - drawn.range.pages.lowerBound)
    }

    /// How far all of them are together.
    func progress(at now: Duration) -> LiveProgress {
        LiveProgress(
            done: donePages + inHand.values.reduce(0, +), total: ranges.last,
            elapsed: ranges.timeSpent(at: now), heardAt: heardAt)
    }
}

/// A range of pages that was drawn, or broke off.
struct DrawnRange {
    let range: PageRange
    /// The first page that was not come to.
    var end: Int
    /// Durable, by page.
    var pictures: [Int: ArtifactRecord] = [:]
    var faults: [PageFault] = []
    /// Why no more pages are to be drawn; nil mostly.
    var stop: PageRanges.Stop?
}

extension ContentWork {
    /// Notes that a worker is somewhere in its range.
    func tell(_ range: PageRange, done: Int) {
        state.withLock { state in
            state.pages?.tell(range, done: done, at: house.surroundings.now())
            state.live[.pages] = state.pages?.progress(at: elapsed)
            showInTime(&state)
        }
    }

    /// Notes bytes of pictures; all workers together are allowed so many.
    func charge(_ count: Int) throws {
        try state.withLock { state in
            guard var pages = state.pages else { return }
            pages.output = pages.output + ByteCount(count)
            state.pages = pages
            guard pages.output.bytes <= pages.outputLimit.bytes else {
                if pages.isShort, let cap {
                    throw DerivedRoom.failure(of: .pages, cap: cap)
                }
                throw TooManyPictures(limit: pages.outputLimit)
            }
        }
    }

    /// Notes that a worker has said its last word about a range: what it drew is yet to be kept, and the
    /// time that the disk takes for that is not the stage's.
    func drew(_ drawn: DrawnRange) {
        state.withLock { state in
            defer { lookAhead(state) }
            state.pages?.drew(drawn, at: elapsed)
            state.pages?.heardAt = house.surroundings.now()
        }
    }

    /// Takes in what is kept of a range that was drawn. Whoever brings the last ends the stage.
    func end(_ drawn: DrawnRange) throws {
        try state.withLock { state in
            defer { lookAhead(state) }
            state.pages?.ranges.kept(drawn.range, stop: drawn.stop)
            state.pages?.tally.add(drawn.pictures, drawn.faults)
            state.live[.pages] = state.pages?.progress(at: elapsed)
            showInTime(&state)
            try endPagesIfOver(&state)
        }
    }

    /// The daemon ends: nothing more begins, and what cannot go on is put back.
    func interrupt() throws {
        outlook.close()
        try state.withLock { state in
            state.pages?.ranges.stop(.interrupted(until: house.surroundings.now()))
            try endPagesIfOver(&state)
        }
    }

    func beginPages(_ stage: StageRecord, _ state: inout State) throws {
        guard let allowance = house.settings.workers.allowance(for: .pages) else {
            preconditionFailure("a stage that runs in a worker has an allowance")
        }
        let count = Self.pageCount(of: state.document)
        let last = min(count, allowance.pages ?? count)
        let room = try room(for: stage.plan, of: state.document)
        let outputLimit = min(allowance.output, room.map { max($0, .zero) } ?? allowance.output)
        state.pages = PageDrawing(
            settings: PageSettings(parameters: stage.plan.parameters)
                ?? PageSettings(settings.thumbnail),
            isAlone: stage.state.mustBeAlone, outputLimit: outputLimit,
            isShort: outputLimit < allowance.output,
            ranges: PageRanges(
                upTo: last, soft: allowance.soft, hard: allowance.hard,
                workers: house.slots.count),
            tally: PageTally(pageCount: count, last: last))
        try endPagesIfOver(&state)
    }

    func endPagesIfOver(_ state: inout State) throws {
        guard let pages = state.pages, pages.ranges.isOver else { return }
        state.pages = nil
        // What it took, without the time that others had their turn.
        let seconds = pages.ranges.timeSpent(at: elapsed).inSeconds
        let (event, output) = try ending(of: pages, state.document)
        if output != nil { house.surroundings.checkpoint(.stageMade, state.document.path) }
        try end(.pages, event, output, seconds: seconds, &state)
    }

    /// What the stage comes to. One that failed for good is done after all where something of it is whole.
    private func ending(
        of pages: PageDrawing, _ document: DocumentRecord
    ) throws -> (StageEvent, StageOutput?) {
        switch pages.ranges.stop {
        case nil, .timeOver:
            guard !pages.tally.isEmpty else { return (failed(pages.tally.failure), nil) }
            return (.finished, pages.tally.output(missing: PageTally.gap(after: .timeout) ?? ""))
        case .interrupted(let until):
            say(.stageInterrupted, .pages, [:])
            return (.interrupted(at: until), nil)
        case .failed(let failure):
            let event = failed(failure)
            guard try isFinal(event, of: .pages, document), !pages.tally.isEmpty,
                let gap = PageTally.gap(after: failure.code)
            else { return (event, nil) }
            return (.finished, pages.tally.output(missing: gap))
        }
    }
}

/// All pictures of a document together are more than is allowed.
private struct TooManyPictures: DocumentError {
    let limit: ByteCount

    var failure: Failure {
        Failure(
            .outputTooLarge,
            message: "The pictures of all pages are larger than is allowed (\(limit))."
                + " Split the PDF into smaller ones.",
            detail: "take the pictures of pages: more than \(limit.bytes) bytes")
    }
}
