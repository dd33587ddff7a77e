import GRDB
import Rules

// Writing stages inside a transaction; who calls these calls `refold` afterwards.
extension Database {
    /// Completes the pending stages whose result the account has of the same blob already.
    func adoptResults(for document: DocumentRecord, at now: Timestamp) throws {
        for stage in document.stages where stage.state == .pending {
            guard stage.plan.name.dependsOnContentAlone,
                let resultID = try resultID(of: stage.plan, for: document)
            else { continue }
            try run(
                """
                UPDATE stage SET state = 'completed', completedAt = ?, resultId = ?
                WHERE documentId = ? AND name = ?
                """, [now.milliseconds, resultID, document.id.asBytes, stage.plan.name.rawValue])
        }
    }

    /// Sets a stage back as if it had never run, under a new plan where one is given.
    func resetStage(_ plan: PlannedStage, of id: DocumentID) throws {
        try run(
            """
            UPDATE stage SET state = 'pending', attempt = 0, interruptions = 0, startedAt = NULL,
                completedAt = NULL, nextAttemptAt = NULL, errorCode = NULL, errorMessage = NULL,
                errorDetail = NULL, seconds = NULL, resultId = NULL, stageVersion = ?,
                parameters = ?
            WHERE documentId = ? AND name = ?
            """, [plan.version, plan.parameters, id.asBytes, plan.name.rawValue])
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
                errorCode = ?, errorMessage = ?, errorDetail = ?, seconds = ?, resultId = ?
            WHERE documentId = ? AND name = ?
            """,
            [
                state.kind.rawValue, attempt, began,
                state.isOver ? change.at.milliseconds : nil, state.nextAttemptAt?.milliseconds,
                state.failure?.code.rawValue, state.failure?.message, state.failure?.detail,
                change.seconds, resultID, change.document.asBytes, change.stage.rawValue,
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
        for (position, artifact) in output.artifacts.enumerated() {
            try insertBlob(artifact.digest, size: artifact.size)
            try run(
                """
                INSERT INTO artifact (resultId, position, name, digest, size, mediaType)
                VALUES (?, ?, ?, ?, ?, ?)
                """,
                [
                    resultID, position, artifact.name, artifact.digest.asBytes,
                    artifact.size.bytes, artifact.mediaType,
                ])
        }
        try forgetBlobs(replaced)
        return resultID
    }

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

    func resultKey(
        of plan: PlannedStage, for document: DocumentRecord
    ) -> [(any DatabaseValueConvertible)?] {
        [
            Int(document.uid), document.digest.asBytes, plan.name.rawValue, plan.version,
            plan.parameters, Bytes(plan.name.dependsOnContentAlone ? [] : document.id.bytes),
        ]
    }
}
