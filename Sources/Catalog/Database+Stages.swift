import GRDB
import Rules

// Writing stages inside a transaction; who calls these calls `refold` afterwards.
extension Database {
    /// Of how many documents of the same content it is asked how they failed: the first of them were
    /// read first.
    private static let sameContentLimit = 16

    /// What the account knows already of the stages that have not come to their end: each result of
    /// the same blob, or that it cannot be had.
    ///
    /// What other accounts know of it is not asked.
    func knownOutcomes(for document: DocumentRecord) throws -> [(StageName, KnownOutcome)] {
        let isOnlyOne =
            try row(
                "SELECT 1 FROM document WHERE digest = ? AND uid = ? AND id <> ? LIMIT 1",
                [document.digest.asBytes, Int(document.uid), document.id.asBytes]) == nil
        if isOnlyOne { return [] }
        return try document.stages.compactMap { stage in
            guard stage.mayAdopt else { return nil }
            if let resultID = try resultID(of: stage.plan, for: document) {
                return (stage.plan.name, .result(resultID))
            }
            return try failure(of: stage.plan, for: document).map {
                (stage.plan.name, .failure($0))
            }
        }
    }

    /// Ends the stages whose outcome the account knows already.
    func adoptOutcomes(for document: DocumentRecord, at now: Timestamp) throws {
        for (name, outcome) in try knownOutcomes(for: document) {
            switch outcome {
            case .result(let id):
                try setState(
                    StageChange(document: document.id, stage: name, state: .completed, at: now),
                    resultID: id)
            case .failure(let failure):
                try setState(
                    StageChange(
                        document: document.id, stage: name, state: .failed(failure), at: now),
                    resultID: nil)
            }
        }
    }

    /// How the same stage failed for good over the same content of the same account; nil where it
    /// did not, or where another attempt may change that.
    private func failure(
        of plan: PlannedStage, for document: DocumentRecord
    ) throws -> Failure? {
        let states = try rows(
            """
            SELECT stage.* FROM (
                SELECT id FROM document INDEXED BY documentContent
                WHERE digest = ? AND uid = ? AND id <> ? ORDER BY id LIMIT ?
            ) AS other JOIN stage ON stage.documentId = other.id AND stage.name = ?
            WHERE stage.stageVersion = ? AND stage.parameters = ? AND stage.state = 'failed'
            LIMIT 1
            """,
            [
                document.digest.asBytes, Int(document.uid), document.id.asBytes,
                Self.sameContentLimit, plan.name.rawValue, plan.version, plan.parameters,
            ]
        ).map { try $0.stageState() }
        guard case .failed(let failure) = states.first, failure.isOfContent else { return nil }
        return failure
    }

    /// Sets a stage back as if it had never run, under a new plan where one is given.
    ///
    /// What it made under another plan goes, unless another document has it too.
    ///
    /// - Parameter isAnew: whether it runs though its outcome may be known.
    func resetStage(
        _ plan: PlannedStage, of document: DocumentRecord, isAnew: Bool = false
    ) throws {
        try run(
            """
            UPDATE stage SET state = 'pending', attempt = 0, interruptions = 0, startedAt = NULL,
                completedAt = NULL, nextAttemptAt = NULL, errorCode = NULL, errorMessage = NULL,
                errorDetail = NULL, seconds = NULL, resultId = NULL, stageVersion = ?,
                parameters = ?, isAnew = ?
            WHERE documentId = ? AND name = ?
            """,
            [
                plan.version, plan.parameters, isAnew ? 1 : 0, document.id.asBytes,
                plan.name.rawValue,
            ])
        guard let former = document.stage(plan.name)?.plan,
            (former.version, former.parameters) != (plan.version, plan.parameters),
            let result = try resultID(of: former, for: document)
        else { return }
        try forgetResult(result)
    }

    /// Takes a stage out of a document's plan, and forgets what it made there.
    func dropStage(_ name: StageName, of document: DocumentRecord) throws {
        guard let stage = document.stage(name) else { return }
        let result = try resultID(of: stage.plan, for: document)
        try run(
            "DELETE FROM stage WHERE documentId = ? AND name = ?",
            [document.id.asBytes, name.rawValue])
        if let result { try forgetResult(result) }
    }

    /// Removes what a stage made, with its artifacts' rows, unless some document still has it, or one
    /// in the trash.
    func forgetResult(_ id: Int64) throws {
        let artifacts = try rows("SELECT digest FROM artifact WHERE resultId = ?", [id])
            .map { try $0.digest() }
        try run(
            """
            DELETE FROM stageResult
            WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM stage WHERE resultId = ?1)
                AND NOT EXISTS (SELECT 1 FROM trashStage WHERE resultId = ?1)
            """, [id])
        if changesCount > 0 { try forgetBlobs(artifacts) }
    }

    /// Puts a document in line as if it had just been dropped.
    func queueAnew(_ document: DocumentRecord, now: Timestamp) throws {
        let place = WorkEstimate.place(document.kind, size: document.size, at: now)
        // How long it takes is counted from now on.
        try run(
            "UPDATE document SET place = ?, startedAt = NULL WHERE id = ?",
            [place.milliseconds, document.id.asBytes])
    }

    /// Adds a stage that the document's plan did not have, before the publication.
    func addStage(_ plan: PlannedStage, to document: DocumentRecord, isAnew: Bool) throws {
        guard
            let position = try row(
                "SELECT position FROM stage WHERE documentId = ? AND name = ?",
                [document.id.asBytes, StageName.publish.rawValue])?.int("position")
        else { throw CatalogError.noSuchStage(document.id, .publish) }
        // It is the last one.
        try run(
            "UPDATE stage SET position = ? WHERE documentId = ? AND name = ?",
            [position + 1, document.id.asBytes, StageName.publish.rawValue])
        try run(
            """
            INSERT INTO stage (documentId, name, position, isRequired, stageVersion, parameters,
                state, isAnew)
            VALUES (?, ?, ?, ?, ?, ?, 'pending', ?)
            """,
            [
                document.id.asBytes, plan.name.rawValue, position, plan.isRequired ? 1 : 0,
                plan.version, plan.parameters, isAnew ? 1 : 0,
            ])
    }

    /// Gives a stage its next state, with the times and the attempt that follow from it.
    func setState(_ change: StageChange, resultID: Int64?) throws {
        let state = change.state
        var began: Int64?
        var attempt: Int?
        switch state {
        case .processing(let current):
            began = change.at.milliseconds
            attempt = current
        case .retrying(let spent, _, _): attempt = spent
        case .pending: attempt = 0
        case .completed, .failed, .skipped: break
        }
        try run(
            """
            UPDATE stage SET state = ?, attempt = coalesce(?, attempt),
                startedAt = coalesce(?, startedAt), completedAt = ?, nextAttemptAt = ?,
                errorCode = ?, errorMessage = ?, errorDetail = ?, seconds = ?, resultId = ?,
                isAnew = iif(?, 0, isAnew)
            WHERE documentId = ? AND name = ?
            """,
            [
                state.kind.rawValue, attempt, began,
                state.isOver ? change.at.milliseconds : nil, state.nextAttemptAt?.milliseconds,
                state.failure?.code.rawValue, state.failure?.message, state.failure?.detail,
                change.seconds, resultID, state.isOver ? 1 : 0, change.document.asBytes,
                change.stage.rawValue,
            ])
        guard changesCount == 1 else {
            throw CatalogError.noSuchStage(change.document, change.stage)
        }
    }

    /// Keeps what a stage made, in the place of what the same stage made of the same before.
    ///
    /// - Returns: the row's number.
    func keep(
        _ output: StageOutput, of plan: PlannedStage, for document: DocumentRecord
    ) throws -> Int64 {
        try run(
            """
            INSERT INTO stageResult (uid, digest, stage, stageVersion, parameters, scope, result,
                warnings)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (uid, digest, stage, stageVersion, parameters, scope)
            DO UPDATE SET result = excluded.result, warnings = excluded.warnings
            """, resultKey(of: plan, for: document) + [output.result, output.warnings.asLines])
        guard let resultID = try resultID(of: plan, for: document) else {
            preconditionFailure("a row that was just written is there")
        }
        let replaced = try rows("SELECT digest FROM artifact WHERE resultId = ?", [resultID])
            .map { try $0.digest() }
        try run("DELETE FROM artifact WHERE resultId = ?", [resultID])
        try insertArtifacts(output.artifacts, of: resultID)
        try forgetBlobs(replaced)
        return resultID
    }

    /// Adds files many at a time: a document of 20,000 pages must not keep all others from the catalogue
    /// for long.
    private func insertArtifacts(_ artifacts: [ArtifactRecord], of resultID: Int64) throws {
        for start in stride(from: 0, to: artifacts.count, by: Self.rowsAtOnce) {
            let batch = artifacts[start..<min(start + Self.rowsAtOnce, artifacts.count)]
            func places(_ row: String) -> String {
                Array(repeating: row, count: batch.count).joined(separator: ", ")
            }
            try run(
                "INSERT INTO blob (digest, size) VALUES \(places("(?, ?)")) "
                    + "ON CONFLICT (digest) DO NOTHING",
                batch.flatMap { artifact -> [(any StatementArgument)?] in
                    [artifact.digest.asBytes, artifact.size.bytes]
                })
            try run(
                "INSERT INTO artifact (resultId, position, name, digest, size, mediaType) "
                    + "VALUES \(places("(?, ?, ?, ?, ?, ?)"))",
                batch.indices.flatMap { index -> [(any StatementArgument)?] in
                    let artifact = artifacts[index]
                    return [
                        resultID, index, artifact.name, artifact.digest.asBytes,
                        artifact.size.bytes, artifact.mediaType,
                    ]
                })
        }
    }

    /// How many rows a statement adds: few enough for one statement of each size to be kept ready.
    private static var rowsAtOnce: Int { 64 }

    func insertBlob(_ digest: ContentDigest, size: ByteCount) throws {
        try run(
            "INSERT INTO blob (digest, size) VALUES (?, ?) ON CONFLICT (digest) DO NOTHING",
            [digest.asBytes, size.bytes])
    }

    func resultID(
        of plan: PlannedStage, for document: DocumentRecord
    ) throws -> Int64? {
        try row(
            """
            SELECT id FROM stageResult WHERE uid = ? AND digest = ? AND stage = ?
                AND stageVersion = ? AND parameters = ? AND scope = ?
            """, resultKey(of: plan, for: document)
        ).map { try $0.int("id") }.map(Int64.init)
    }

    private func resultKey(
        of plan: PlannedStage, for document: DocumentRecord
    ) -> [(any StatementArgument)?] {
        [
            Int(document.uid), document.digest.asBytes, plan.name.rawValue, plan.version,
            plan.parameters, Bytes(plan.name.dependsOnContentAlone ? [] : document.id.bytes),
        ]
    }
}

/// What a stage comes to, known from another document of the same content.
enum KnownOutcome {
    /// The row of the result.
    case result(Int64)
    case failure(Failure)
}

extension StageRecord {
    /// Whether it need not run where its outcome is known.
    fileprivate var mayAdopt: Bool {
        guard plan.name.dependsOnContentAlone, !isAnew else { return false }
        switch state {
        case .pending, .retrying: return true
        case .processing, .completed, .failed, .skipped: return false
        }
    }
}

extension Failure {
    /// Whether the content brought it about, and would again.
    fileprivate var isOfContent: Bool {
        // There may have been no room among what was made of the account's other files.
        if code == .outputTooLarge { return false }
        switch code.remedy {
        case .none, .onceMoreAlone: return true
        case .waiting, .whenStoreRecovers: return false
        }
    }
}
