import Catalog
import Rules
import Store
import Synchronization
import SystemPackage
import WorkerProtocol
import Workers

/// A document whose content is being read, shared by the worker slots that read it side by side.
///
/// Each step is recorded before the next begins, whoever takes it: so those who work on it wait for each
/// other's commits here, on the threads of their slots. The dispatcher asks ``outlook`` alone.
/// Rule: docs/design.md, "Side by side".
final class ContentWork: Sendable {
    /// How often progress is shown at most.
    private static let progressInterval = Duration.milliseconds(500)
    /// From so many pages on a stage takes so long that another is worth a second worker.
    private static let leastPagesForStages = 200
    /// The same for the pictures of pages, which take longer.
    private static let leastPagesForPictures = 32

    /// What somebody does next.
    enum Step {
        case stage(StageRecord)
        /// `isAlone`: in a process that sees no other document.
        case pages(PageRange, PageSettings, isAlone: Bool)
        /// There may be more to do, and somebody else to do something for.
        case leave
        case nothing
    }

    struct State {
        var document: DocumentRecord
        var live: [StageName: LiveProgress] = [:]
        var shownAt: ContinuousClock.Instant?
        /// How stages ended, to be recorded together with what follows; ``document`` has them already.
        var ended: [EndedStage] = []
        var pages: PageDrawing?
        /// What was admitted of what each stage has made, until it is on record.
        var admitted: [StageName: ByteCount] = [:]
    }

    let id: DocumentID
    let place: Timestamp
    let account: Account
    let settings: InboxSettings
    /// Closed by whoever made this, after the last has left.
    let blob: FileDescriptor
    let house: House
    let outlook: WorkOutlook
    private let desks: Desks
    let state: Mutex<State>
    private let start = ContinuousClock.now

    /// The lead is there already.
    ///
    /// - Parameter onNews: as of ``WorkOutlook``.
    init(
        house: House, desks: Desks, account: Account, settings: InboxSettings,
        document: DocumentRecord, blob: FileDescriptor, onNews: @escaping @Sendable () -> Void
    ) {
        id = document.id
        place = document.place
        self.house = house
        self.desks = desks
        self.account = account
        self.settings = settings
        self.blob = blob
        outlook = WorkOutlook(
            mustBeAlone: Self.mustBeAlone(document), onNews: onNews)
        state = Mutex(State(document: document))
    }

    /// The stages over the content that may begin, in order.
    static func dueStages(of document: DocumentRecord, now: Timestamp) -> [StageRecord] {
        let job = document.job
        let needless = job.needlessStages
        return job.dueStages(at: now).filter { $0.takesSlot && !needless.contains($0) }
            .compactMap(document.stage)
    }

    /// What could not be recorded is lost, and the room for it is free again.
    deinit {
        let admitted = state.withLock(\.admitted).values.reduce(.zero, +)
        house.derivedRoom.giveBack(admitted, of: account.uid)
    }

    /// The document as it stands.
    var document: DocumentRecord { state.withLock(\.document) }

    /// Whether a stage took its worker down before: then the next one sees no other document.
    static func mustBeAlone(_ document: DocumentRecord) -> Bool {
        document.stages.contains { $0.plan.name.runsInWorker && $0.state.mustBeAlone }
    }

    /// Whether a stage is on record as running that nobody runs any more.
    var isCutOff: Bool { state.withLock { $0.pages != nil } }

    /// Since any beginning; the clock of the pages' ranges.
    var elapsed: Duration { .now - start }

    // MARK: Steps

    /// Takes the next step for somebody: an attempt is on record before its worker starts.
    func next(for role: WorkOutlook.Role, mayLeadLeave: Bool) throws -> Step {
        try state.withLock { state in
            defer { lookAhead(state) }
            guard !outlook.isClosed else { return .nothing }
            // What could not be kept after all is no ground to build on.
            if state.ended.contains(where: \.isLost) { try flush(&state) }
            while let stage = dueStage(of: state.document, for: role) {
                if role == .help, outlook.shallLeave(role, mayLeadLeave: false) { return .leave }
                try begin(stage, &state)
                guard stage.plan.name == .pages else { return .stage(stage) }
                try beginPages(stage, &state)
            }
            guard state.pages?.isOpen(to: role) == true, state.pages?.ranges.hasLeft == true else {
                return .nothing
            }
            if outlook.shallLeave(role, mayLeadLeave: mayLeadLeave) { return .leave }
            try flush(&state)
            guard let range = state.pages?.ranges.take(at: elapsed), let pages = state.pages
            else {
                // Time was over: where nobody draws any more the stage has ended.
                try endPagesIfOver(&state)
                return .nothing
            }
            return .pages(range, pages.settings, isAlone: pages.isAlone)
        }
    }

    /// Takes a stage's end into the document.
    ///
    /// What content alone decides is noted together with the next step, and may be forgotten by a
    /// power cut: it is made again. All else is recorded now.
    ///
    /// - Parameter keeping: the files of `output`; they are durable before it is recorded.
    func end(
        _ name: StageName, _ event: StageEvent, _ output: StageOutput?, keeping: [LaneWork<Blob>],
        seconds: Double
    ) throws {
        try state.withLock { state in
            defer { lookAhead(state) }
            try end(name, event, output, keeping: keeping, seconds: seconds, &state)
        }
    }

    /// Records what has not been recorded yet, for somebody who leaves while others go on.
    func flush() throws { try state.withLock { try flush(&$0) } }

    /// The same once all have left, on nobody's thread.
    ///
    /// - Parameter desk: of the document's inbox, where it may be published now.
    /// - Returns: its publication, which begins with the same commit where it is due.
    func settle(for desk: InboxDesk?) async throws -> Publication? {
        let ended = state.withLock(\.ended)
        for file in ended.flatMap(\.files) { await file.whenDone() }
        let document = self.document
        let changes = try ended.map { try settled($0, document) }
        let giveBack = state.withLock { givingBack(what: changes, $0) }
        let isWhole = changes.allSatisfy { $0.state == .completed }
        if isWhole, !isCutOff, let desk, let begin = try Publication.start(of: document, house) {
            let (record, artifacts) = try await house.catalog.beginPublication(
                noting: changes + [begin], onCommit: giveBack)
            state.withLock { take([record], of: changes, &$0) }
            return Publication(house: house, desk: desk, document: record, artifacts: artifacts)
        }
        guard !changes.isEmpty else { return nil }
        let records =
            try await isWhole
            ? house.catalog.note(changes, onCommit: giveBack)
            : house.catalog.record(changes, onCommit: giveBack)
        state.withLock { take(records, of: changes, &$0) }
        return nil
    }

    /// Whether this would be the end of a stage that runs, and no other attempt would follow.
    func isFinal(_ event: StageEvent, of name: StageName) throws -> Bool {
        try state.withLock { try isFinal(event, of: name, $0.document) }
    }

    func isFinal(
        _ event: StageEvent, of name: StageName, _ document: DocumentRecord
    ) throws -> Bool {
        guard
            case .failed? = try document.stage(name)?.state.following(event, retries: house.retries)
        else { return false }
        return true
    }

    /// Shows how far a stage is, once in a while.
    func tell(_ name: StageName, _ progress: LiveProgress) {
        state.withLock { state in
            state.live[name] = progress
            showInTime(&state)
        }
    }

    /// Shows that nobody works on it for a while, since others have their turn.
    func tellOfStall() {
        state.withLock { state in
            guard let pages = state.pages else { return }
            var live = pages.progress(at: elapsed)
            live.heardAt = nil
            live.isPaused = true
            state.live[.pages] = live
            show(&state)
        }
    }

    func failed(_ failure: Failure) -> StageEvent {
        .failed(failure, at: house.surroundings.now(), jitter: house.surroundings.jitter())
    }

    func say(
        _ event: JournalEvent, _ stage: StageName, _ fields: [JournalField: String]
    ) {
        let subject: [JournalField: String] = [
            .document: "\(id)", .account: "\(account)", .stage: stage.rawValue,
        ]
        house.say(event, subject.merging(fields) { _, own in own })
    }

    // MARK: Under the lock

    /// A stage that was its worker's end before is the lead's alone.
    private func dueStage(
        of document: DocumentRecord, for role: WorkOutlook.Role
    ) -> StageRecord? {
        Self.dueStages(of: document, now: house.surroundings.now()).first { stage in
            role == .lead || !stage.state.mustBeAlone
        }
    }

    private func begin(_ stage: StageRecord, _ state: inout State) throws {
        let name = stage.plan.name
        let change = StageChange(
            document: id, stage: name,
            state: try stage.state.following(.started, retries: house.retries),
            at: house.surroundings.now())
        // What is not durable yet is recorded later; nobody waits for it here.
        let kept = try state.ended.filter { $0.isKept && !$0.isLost }
            .map { try settled($0, state.document) }
        let changes = kept + [change]
        let records = try house.catalog.noteBlocking(
            changes, onCommit: givingBack(what: changes, state))
        take(records, of: changes, &state)
        state.live[name] = .begun
        say(.stageStarted, name, [.attempt: "\(state.document.stage(name)?.attempt ?? 0)"])
        house.surroundings.checkpoint(.stageStarted, state.document.path)
        show(&state)
    }

    func end(
        _ name: StageName, _ event: StageEvent, _ output: StageOutput?,
        keeping: [LaneWork<Blob>] = [], seconds: Double, _ state: inout State
    ) throws {
        let (event, output) = try admitted(name, event, output, &state)
        // What there is no room for need not be durable.
        let keeping = output == nil ? [] : keeping
        guard let stage = state.document.stage(name) else {
            preconditionFailure("a stage that ran is one of the document's")
        }
        let after = try stage.state.following(event, retries: house.retries)
        state.live[name] = nil
        let change = StageChange(
            document: id, stage: name, state: after, at: house.surroundings.now(),
            seconds: seconds, output: output)
        state.document.take(change)
        tellEnd(of: change, state.document)
        house.learn(from: name, of: state.document, output, took: seconds)
        if name.dependsOnContentAlone, after == .completed {
            state.ended.append(EndedStage(before: stage.state, change: change, files: keeping))
        } else {
            for file in keeping { _ = try file.value() }
            let changes = try state.ended.map { try settled($0, state.document) } + [change]
            let records = try house.catalog.recordBlocking(
                changes, onCommit: givingBack(what: changes, state))
            take(records, of: changes, &state)
        }
    }

    private func tellEnd(of change: StageChange, _ document: DocumentRecord) {
        StageJournal(document: document, account: account)
            .ended(change.stage, change.state, seconds: change.seconds ?? 0)
            .map(house.surroundings.journal)
    }

    private func flush(_ state: inout State) throws {
        guard !state.ended.isEmpty else { return }
        let changes = try state.ended.map { try settled($0, state.document) }
        let giveBack = givingBack(what: changes, state)
        let records =
            try changes.allSatisfy { $0.state == .completed }
            ? house.catalog.noteBlocking(changes, onCommit: giveBack)
            : house.catalog.recordBlocking(changes, onCommit: giveBack)
        take(records, of: changes, &state)
    }

    /// What is to be recorded of a stage's end, once its files are durable; waits for that.
    ///
    /// A stage whose files could not be made durable has failed after all.
    private func settled(
        _ ended: EndedStage, _ document: DocumentRecord
    ) throws -> StageChange {
        do {
            for file in ended.files { _ = try file.value() }
            return ended.change
        } catch {
            var change = ended.change
            change.output = nil
            change.state = try ended.before.following(
                failed(House.failure(of: error)), retries: house.retries)
            tellEnd(of: change, document)
            return change
        }
    }

    private func take(
        _ records: [DocumentRecord], of changes: [StageChange], _ state: inout State
    ) {
        guard let latest = records.last else {
            preconditionFailure("a change touches its document")
        }
        state.document = latest
        let recorded = Set(changes.map(\.stage))
        state.ended.removeAll { recorded.contains($0.change.stage) }
        for ended in state.ended { state.document.take(ended.change) }
        // Their room was given back in the commit.
        for change in changes { state.admitted[change.stage] = nil }
        if changes.contains(where: \.state.isOver) {
            house.surroundings.checkpoint(.stageFinished, latest.path)
        }
    }

    /// Tells the dispatcher whether others could help, or are needed.
    func lookAhead(_ state: State) {
        let pageCount = Self.pageCount(of: state.document)
        let due = Self.dueStages(of: state.document, now: house.surroundings.now())
            .filter { !$0.state.mustBeAlone }
        let isStageWorth =
            pageCount >= Self.leastPagesForStages && !due.isEmpty
            || pageCount >= Self.leastPagesForPictures && due.contains { $0.plan.name == .pages }
        let hasLeft = state.pages?.ranges.hasLeft == true
        let isPageWorth =
            hasLeft && state.pages?.isOpen(to: .help) == true
            && pageCount >= Self.leastPagesForPictures
        outlook.tell(
            isHelpWanted: isStageWorth || isPageWorth, hasLeft: hasLeft,
            mustBeAlone: Self.mustBeAlone(state.document))
    }

    /// Zero while nobody has counted them.
    static func pageCount(of document: DocumentRecord) -> Int {
        StageResults.pageCount(in: document.stage(.info)?.result) ?? 0
    }

    func showInTime(_ state: inout State) {
        let now = ContinuousClock.now
        if let last = state.shownAt, now - last < Self.progressInterval { return }
        show(&state)
    }

    private func show(_ state: inout State) {
        state.shownAt = .now
        guard let desk = desks.desk(of: state.document) else { return }
        desk.tell(desk.view(of: state.document, live: state.live))
    }
}
