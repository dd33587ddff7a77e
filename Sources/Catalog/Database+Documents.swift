import GRDB
import Rules

// Reading and folding documents inside a transaction.
extension Database {
    /// A document with its stages.
    func document(_ id: DocumentID) throws -> DocumentRecord? {
        try rows("SELECT * FROM document WHERE id = ?", [id.asBytes], reading: document).first
    }

    /// The newest document of a name.
    func currentDocument(
        uid: UInt32, inbox: [UInt8], path: BeneathPath
    ) throws -> DocumentRecord? {
        try rows(
            """
            SELECT * FROM document
            WHERE uid = ? AND inbox = ? AND path = ? AND version IS NULL
            """, [Int(uid), Bytes(inbox), path.asBytes], reading: document
        ).first
    }

    /// The document that bears a version's number; the newest of the name for nil.
    func document(
        uid: UInt32, inbox: [UInt8], path: BeneathPath, version: Int?
    ) throws -> DocumentRecord? {
        guard let version else {
            return try currentDocument(uid: uid, inbox: inbox, path: path)
        }
        return try rows(
            """
            SELECT * FROM document INDEXED BY documentVersion
            WHERE uid = ? AND inbox = ? AND path = ? AND version IS NOT NULL AND version = ?
            """, [Int(uid), Bytes(inbox), path.asBytes, version], reading: document
        ).first
    }

    func document(_ row: Row) throws -> DocumentRecord {
        let id = try row.documentID("id")
        let stages = try stages(of: id)
        return DocumentRecord(
            id: id, uid: try row.uid(), inbox: try row.bytes("inbox"), path: try row.path(),
            kind: try row.named("kind"), size: try row.size(), digest: try row.digest(),
            proof: try row.named("proof"), receivedAt: try row.moment("receivedAt"),
            startedAt: row.momentIfAny("startedAt"), completedAt: row.momentIfAny("completedAt"),
            version: row["version"], isToMoveAside: try row.flag("isToMoveAside"),
            warnings: try row.lines("warnings") + stages.flatMap(\.warnings),
            requestWarning: row["requestWarning"], result: row["result"],
            place: try row.moment("place"), modifiedNanoseconds: row["modified"], stages: stages)
    }

    private func stages(of id: DocumentID) throws -> [StageRecord] {
        try rows(
            """
            SELECT stage.*, stageResult.result AS result,
                coalesce(stageResult.warnings, '') AS warnings
            FROM stage LEFT JOIN stageResult ON stageResult.id = stage.resultId
            WHERE documentId = ? ORDER BY position
            """, [id.asBytes]
        ) { row in
            let plan = PlannedStage(
                name: try row.named("name"), isRequired: try row.flag("isRequired"),
                version: try row.int("stageVersion"), parameters: try row.text("parameters"))
            return StageRecord(
                plan: plan, state: try row.stageState(), attempt: try row.int("attempt"),
                interruptions: try row.int("interruptions"),
                startedAt: row.momentIfAny("startedAt"),
                completedAt: row.momentIfAny("completedAt"), seconds: row["seconds"],
                result: row["result"], warnings: try row.lines("warnings"),
                isAnew: try row.flag("isAnew"))
        }
    }

    /// Brings a document's own row in line with its stages; called whenever those have changed.
    ///
    /// - Returns: the document as it now stands.
    @discardableResult
    func refold(_ id: DocumentID, at now: Timestamp) throws -> DocumentRecord {
        guard var document = try document(id) else { throw CatalogError.noSuchDocument(id) }
        try refold(&document, at: now)
        return document
    }

    /// The same for one that is as its rows are.
    func refold(_ document: inout DocumentRecord, at now: Timestamp) throws {
        for name in document.job.needlessStages {
            try run(
                """
                UPDATE stage SET state = 'skipped', completedAt = ?, nextAttemptAt = NULL,
                    errorCode = NULL, errorMessage = NULL, errorDetail = NULL
                WHERE documentId = ? AND name = ?
                """, [now.milliseconds, document.id.asBytes, name.rawValue])
            document.skip(name, at: now)
        }
        let state = document.fold(at: now)
        try run(
            "UPDATE document SET state = ?, dueAt = ?, startedAt = ?, completedAt = ? WHERE id = ?",
            [
                state.rawValue, document.job.nextDue?.milliseconds,
                document.startedAt?.milliseconds, document.completedAt?.milliseconds,
                document.id.asBytes,
            ])
    }
}

extension DocumentRecord {
    /// Brings the document's own times in line with its stages; returns where it stands.
    mutating func fold(at now: Timestamp) -> DocumentState {
        let state = standing.state
        completedAt = state.isOver ? completedAt ?? now : nil
        if state == .running || state == .retrying { startedAt = startedAt ?? now }
        return state
    }

    fileprivate mutating func skip(_ name: StageName, at now: Timestamp) {
        guard let index = stages.firstIndex(where: { $0.plan.name == name }) else { return }
        stages[index].state = .skipped
        stages[index].completedAt = now
    }
}

extension Row {
    /// The state that a row of `stage` stands for.
    func stageState() throws -> StageState {
        let kind: StageState.Kind = try named("state")
        switch kind {
        case .pending: return .pending
        case .processing: return .processing(attempt: try int("attempt"))
        case .retrying:
            return .retrying(
                attempt: try int("attempt"), until: try moment("nextAttemptAt"),
                after: try failure())
        case .completed: return .completed
        case .failed:
            guard let failure = try failure() else {
                throw CatalogError.unreadable(column: "errorCode", among: "stage")
            }
            return .failed(failure)
        case .skipped: return .skipped
        }
    }

    private func failure() throws -> Failure? {
        guard (self["errorCode"] as String?) != nil else { return nil }
        return Failure(
            try named("errorCode"), message: try text("errorMessage"),
            detail: try text("errorDetail"))
    }
}

extension StageState {
    /// A state without what it carries, as the database names it.
    enum Kind: String {
        case pending, processing, retrying, completed, failed, skipped
    }

    var kind: Kind {
        switch self {
        case .pending: .pending
        case .processing: .processing
        case .retrying: .retrying
        case .completed: .completed
        case .failed: .failed
        case .skipped: .skipped
        }
    }

    /// The failure that the state bears.
    var failure: Failure? {
        switch self {
        case .failed(let failure): failure
        case .retrying(_, _, let failure): failure
        case .pending, .processing, .completed, .skipped: nil
        }
    }

    /// When the next attempt falls due, for one that waits.
    var nextAttemptAt: Timestamp? {
        guard case .retrying(_, let until, _) = self else { return nil }
        return until
    }
}
