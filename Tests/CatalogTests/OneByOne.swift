import Rules

@testable import Catalog

// What the daemon does for many at once, for one.
extension Catalog {
    func reserve(
        _ id: DocumentID, account: Account, size: ByteCount, limit: QuotaLimit, now: Timestamp
    ) async throws -> QuotaDecision {
        try await reserve([(id, size)], account: account, limit: limit, now: now)[0]
    }

    func commitClaim(
        _ document: NewDocument, stages: [PlannedStage], now: Timestamp
    ) async throws -> CommittedDocument {
        try await commitClaims([NewClaim(document: document, stages: stages)], now: now)[0].get()
    }

    func removalDone(_ document: DocumentID) async throws { try await removalsDone([document]) }
}
