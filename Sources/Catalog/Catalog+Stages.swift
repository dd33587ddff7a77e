import GRDB
import Rules

extension Catalog {
    /// How often ingestd may die while a stage runs before the stage is blamed for it.
    public static let interruptionLimit = 10

    /// Records what stages came to, all in one transaction.
    ///
    /// Stages that a failure has made needless are skipped by themselves, and each document's
    /// times follow.
    ///
    /// - Parameter onCommit: called when it is done, before anybody else reads or writes; nil mostly.
    /// - Returns: the documents that were touched, as they now stand, each once.
    @discardableResult
    public func record(
        _ changes: [StageChange], onCommit: (@Sendable () -> Void)? = nil
    ) async throws(CatalogError) -> [DocumentRecord] {
        try await write("record \(changes.count) stage changes") {
            try $0.record(changes, onCommit)
        }
    }

    /// The same for a thread that may block: a worker's slot records each step before the next.
    public func recordBlocking(
        _ changes: [StageChange], onCommit: (@Sendable () -> Void)? = nil
    ) throws(CatalogError) -> [DocumentRecord] {
        try writeBlocking("record \(changes.count) stage changes") {
            try $0.record(changes, onCommit)
        }
    }

    /// Ends the stages of a document whose outcome is known from another one of the same content and
    /// account, so that nothing is read twice and what was deadly is not tried again.
    ///
    /// Not synced: what a power cut takes is found out again.
    ///
    /// - Returns: the document as it then stands.
    public func adoptOutcomes(
        for id: DocumentID, now: Timestamp
    ) async throws(CatalogError) -> DocumentRecord {
        try await writeRelaxed("adopt what is known of \(id)") { db in
            guard let document = try db.document(id) else {
                throw CatalogError.noSuchDocument(id)
            }
            try db.adoptOutcomes(for: document, at: now)
            return try db.refold(id, at: now)
        }
    }

    /// Records what a power cut may forget: that stages begin, and that such are done as content
    /// alone decides.
    ///
    /// Not synced, but our own death finds it on record. The artifacts must be in the store.
    ///
    /// - Parameter onCommit: as of ``record(_:onCommit:)``.
    /// - Returns: the documents that were touched, as they now stand, each once.
    public func note(
        _ changes: [StageChange], onCommit: (@Sendable () -> Void)? = nil
    ) async throws(CatalogError) -> [DocumentRecord] {
        Self.checkForgettable(changes)
        return try await writeRelaxed("note \(changes.count) stage changes") {
            try $0.record(changes, onCommit)
        }
    }

    /// The same for a thread that may block.
    public func noteBlocking(
        _ changes: [StageChange], onCommit: (@Sendable () -> Void)? = nil
    ) throws(CatalogError) -> [DocumentRecord] {
        Self.checkForgettable(changes)
        return try writeRelaxedBlocking("note \(changes.count) stage changes") {
            try $0.record(changes, onCommit)
        }
    }

    /// Notes changes to one document, the last of which is that its publication begins, as
    /// ``note(_:onCommit:)`` does.
    ///
    /// - Returns: the document as it then stands, and the files that its stages have made.
    public func beginPublication(
        noting changes: [StageChange], onCommit: (@Sendable () -> Void)? = nil
    ) async throws(CatalogError) -> (DocumentRecord, [StageName: [ArtifactRecord]]) {
        Self.checkForgettable(changes)
        return try await writeRelaxed("note \(changes.count) stage changes") { db in
            guard let document = try db.record(changes, nil).last else {
                preconditionFailure("a publication that begins is a change")
            }
            let artifacts = try db.artifacts(of: document.id)
            // Behind all that may fail: it is told of this write alone.
            db.tell(onCommit)
            return (document, artifacts)
        }
    }

    private static func checkForgettable(_ changes: [StageChange]) {
        for change in changes {
            switch change.state {
            case .processing: continue
            case .completed where change.stage.dependsOnContentAlone: continue
            case .pending, .retrying, .completed, .failed, .skipped:
                preconditionFailure("a power cut must not forget \(change.stage.rawValue)")
            }
        }
    }

    /// Puts back the stages that were running when ingestd died; called once, at the start.
    ///
    /// No attempt is spent, but a stage that was interrupted ``interruptionLimit`` times fails: it
    /// may well be what ends us.
    public func interruptRunning(
        now: Timestamp, retries: RetrySchedule
    ) async throws(CatalogError) -> [InterruptedStage] {
        try await write("put back interrupted stages") { db in
            let interrupted = try db.rows(
                """
                SELECT stage.*, document.uid FROM stage INDEXED BY stageRunning
                JOIN document ON document.id = stage.documentId
                WHERE stage.state = 'processing'
                """
            ).map { try $0.interrupted(now: now, retries: retries) }
            for stage in interrupted {
                let change = StageChange(
                    document: stage.document, stage: stage.stage, state: stage.state, at: now)
                try db.setState(change, resultID: nil)
                try db.run(
                    "UPDATE stage SET interruptions = ? WHERE documentId = ? AND name = ?",
                    [stage.interruptions, stage.document.asBytes, stage.stage.rawValue])
            }
            for id in Set(interrupted.map(\.document)) { try db.refold(id, at: now) }
            return interrupted
        }
    }
}

extension Database {
    /// Applies all changes, then brings each document they touch up to date; returns those.
    ///
    /// Each is read once, and then follows its rows: to read it again after each change took more time
    /// than the change.
    fileprivate func record(
        _ changes: [StageChange], _ onCommit: (@Sendable () -> Void)?
    ) throws -> [DocumentRecord] {
        var touched: [(document: DocumentRecord, at: Timestamp)] = []
        for change in changes {
            let place: Int
            if let known = touched.firstIndex(where: { $0.document.id == change.document }) {
                place = known
            } else {
                guard let document = try document(change.document) else {
                    throw CatalogError.noSuchDocument(change.document)
                }
                place = touched.count
                touched.append((document, change.at))
            }
            try apply(change, to: touched[place].document)
            touched[place].document.take(change)
            touched[place].at = change.at
        }
        let documents = try touched.map { document, now in
            var document = document
            try refold(&document, at: now)
            return document
        }
        tell(onCommit)
        return documents
    }

    fileprivate func tell(_ onCommit: (@Sendable () -> Void)?) {
        if let onCommit { afterNextTransaction(onCommit: { _ in onCommit() }) }
    }

    private func apply(_ change: StageChange, to document: DocumentRecord) throws {
        guard let stage = document.stage(change.stage) else {
            throw CatalogError.noSuchStage(change.document, change.stage)
        }
        var resultID: Int64?
        if let output = change.output {
            precondition(change.state == .completed, "only a completed stage has an output")
            resultID = try keep(output, of: stage.plan, for: document)
        }
        try setState(change, resultID: resultID)
        if let result = change.documentResult {
            try run(
                "UPDATE document SET result = ? WHERE id = ?", [result, change.document.asBytes])
        }
    }
}

extension DocumentRecord {
    /// Takes a change in as the rows do that record it.
    public mutating func take(_ change: StageChange) {
        guard let index = stages.firstIndex(where: { $0.plan.name == change.stage }) else { return }
        let ownWarnings = warnings.dropLast(stages.map(\.warnings.count).reduce(0, +))
        stages[index].take(change)
        warnings = ownWarnings + stages.flatMap(\.warnings)
        result = change.documentResult ?? result
    }
}

extension StageRecord {
    fileprivate mutating func take(_ change: StageChange) {
        state = change.state
        switch change.state {
        case .processing(let current):
            startedAt = change.at
            attempt = current
        case .retrying(let spent, _, _): attempt = spent
        case .pending: attempt = 0
        case .completed, .failed, .skipped: break
        }
        completedAt = change.state.isOver ? change.at : nil
        isAnew = isAnew && !change.state.isOver
        seconds = change.seconds
        result = change.output?.result
        warnings = change.output?.warnings.asSentences ?? []
    }
}

extension Row {
    fileprivate func interrupted(
        now: Timestamp, retries: RetrySchedule
    ) throws -> InterruptedStage {
        let name: StageName = try named("name")
        let interruptions = try int("interruptions") + 1
        var state = try stageState().following(.interrupted(at: now), retries: retries)
        if interruptions >= Catalog.interruptionLimit {
            state = .failed(
                Failure(
                    .internalError,
                    message: "The server stopped \(interruptions) times while working on this "
                        + "file. Drop it again, or ask for a retry, to have it tried once more.",
                    detail: "run stage \(name.rawValue): ingestd died \(interruptions) times "
                        + "meanwhile"))
        }
        return InterruptedStage(
            document: try documentID("documentId"), uid: try uid(), stage: name, state: state,
            interruptions: interruptions)
    }
}
