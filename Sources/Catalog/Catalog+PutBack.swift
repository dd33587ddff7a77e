import Rules

extension Catalog {
    /// Puts back the stages of one document that are on record as running though nobody runs them.
    ///
    /// No attempt is spent.
    ///
    /// - Returns: the document as it then stands.
    @discardableResult
    public func putBack(
        _ id: DocumentID, now: Timestamp, retries: RetrySchedule
    ) async throws -> DocumentRecord {
        guard let document = try await document(id) else { throw CatalogError.noSuchDocument(id) }
        var changes: [StageChange] = []
        for stage in document.stages {
            guard case .processing = stage.state else { continue }
            let state = try stage.state.following(.interrupted(at: now), retries: retries)
            changes.append(StageChange(document: id, stage: stage.plan.name, state: state, at: now))
        }
        guard !changes.isEmpty else { return document }
        return try await record(changes).last ?? document
    }
}
