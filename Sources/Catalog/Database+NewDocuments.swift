import GRDB
import Rules

// Writing new documents inside a transaction. Each row is written once, as it is to stand: a claim
// is charged for every statement, and nobody else's document waits for less.
extension Database {
    /// Adds a document with its stages; the claim itself has done `store`, and what the account has
    /// made of the same blob already is taken over.
    func insert(_ claim: NewClaim, at now: Timestamp) throws -> DocumentRecord {
        var document = DocumentRecord(claim, at: now)
        let resultIDs = try adoptResults(into: &document, at: now)
        let state = document.fold(at: now)
        try insertBlob(document.digest, size: document.size)
        try run(
            """
            INSERT INTO document (id, uid, inbox, path, kind, size, digest, proof, receivedAt,
                warnings, state, dueAt, startedAt, completedAt, place, modified)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                document.id.asBytes, Int(document.uid), Bytes(document.inbox),
                document.path.asBytes, document.kind.rawValue, document.size.bytes,
                document.digest.asBytes, document.proof.rawValue,
                document.receivedAt.milliseconds, claim.document.warnings.asLines, state.rawValue,
                document.job.nextDue?.milliseconds, document.startedAt?.milliseconds,
                document.completedAt?.milliseconds, document.place.milliseconds,
                document.modifiedNanoseconds,
            ])
        try insertStages(of: document, resultIDs: resultIDs)
        return document
    }

    /// Completes stages whose result the account has of the same blob already.
    ///
    /// - Returns: the rows of those results.
    private func adoptResults(
        into document: inout DocumentRecord, at now: Timestamp
    ) throws -> [StageName: Int64] {
        guard try hasResults(of: document.digest, uid: document.uid) else { return [:] }
        var resultIDs: [StageName: Int64] = [:]
        for index in document.stages.indices where document.stages[index].state == .pending {
            let plan = document.stages[index].plan
            guard plan.name.dependsOnContentAlone,
                let resultID = try resultID(of: plan, for: document),
                let row = try row(
                    "SELECT result, warnings FROM stageResult WHERE id = ?", [resultID])
            else { continue }
            let warnings = try row.lines("warnings")
            document.stages[index].state = .completed
            document.stages[index].completedAt = now
            document.stages[index].result = row["result"]
            document.stages[index].warnings = warnings
            document.warnings += warnings
            resultIDs[plan.name] = resultID
        }
        return resultIDs
    }

    private func hasResults(of digest: ContentDigest, uid: UInt32) throws -> Bool {
        try number(
            "SELECT EXISTS (SELECT 1 FROM stageResult WHERE uid = ? AND digest = ?)",
            [Int(uid), digest.asBytes]) != 0
    }

    private func insertStages(
        of document: DocumentRecord, resultIDs: [StageName: Int64]
    ) throws {
        var values: [(any StatementArgument)?] = []
        for (position, stage) in document.stages.enumerated() {
            values += [
                document.id.asBytes, stage.plan.name.rawValue, position,
                stage.plan.isRequired ? 1 : 0, stage.plan.version, stage.plan.parameters,
                stage.state.kind.rawValue, stage.attempt, stage.startedAt?.milliseconds,
                stage.completedAt?.milliseconds, resultIDs[stage.plan.name],
            ]
        }
        guard !document.stages.isEmpty else { return }
        try run(Self.insertionsOfStages[document.stages.count - 1], values)
    }

    /// The statements that add one stage, two, and so on: a document's in one go.
    private static let insertionsOfStages = (1...StageName.allCases.count).map { count in
        let row = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        return """
            INSERT INTO stage (documentId, name, position, isRequired, stageVersion, parameters,
                state, attempt, startedAt, completedAt, resultId)
            VALUES \(Array(repeating: row, count: count).joined(separator: ", "))
            """
    }
}

extension DocumentRecord {
    /// A document as its claim leaves it, before anything is known of its content.
    fileprivate init(_ claim: NewClaim, at now: Timestamp) {
        let document = claim.document
        let stages = claim.stages.map { plan in
            let isDone = plan.name == .store
            return StageRecord(
                plan: plan, state: isDone ? .completed : .pending, attempt: isDone ? 1 : 0,
                interruptions: 0, startedAt: isDone ? now : nil, completedAt: isDone ? now : nil,
                seconds: nil, result: nil, warnings: [])
        }
        self.init(
            id: document.id, uid: document.account.uid, inbox: document.inbox,
            path: document.path, kind: document.kind, size: document.size,
            digest: document.digest, proof: document.proof, receivedAt: now, startedAt: nil,
            completedAt: nil, version: nil, isToMoveAside: false,
            warnings: document.warnings.asSentences, result: nil,
            place: WorkEstimate.place(document.kind, size: document.size, at: now),
            modifiedNanoseconds: document.identity.modified, stages: stages)
    }
}
