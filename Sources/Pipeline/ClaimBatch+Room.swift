import Catalog
import Inbox
import Intake
import Rules
import Store

// Room for drops: held before they are copied, given back where a claim comes to nothing.
extension ClaimBatch {
    /// Holds room for drops; returns those for which there is some, or that need none.
    func reserve(
        _ claims: [ClaimInHand], _ endings: inout [Ending]
    ) async -> [ClaimInHand] {
        guard !claims.isEmpty else { return [] }
        for claim in claims { say(.claimBegun, claim.path, [.document: "\(claim.id)"]) }
        let limit = house.limit(of: root.account)
        var refused: [(claim: ClaimInHand, decision: QuotaDecision)] = []
        var granted: Set<DocumentID> = []
        do {
            let decisions = try await house.catalog.reserve(
                claims.map { ($0.id, $0.opened.identity.size) }, account: root.account,
                inbox: (inbox, settings.limit), limit: limit, now: house.surroundings.now())
            for (claim, decision) in zip(claims, decisions) {
                if decision == .granted {
                    granted.insert(claim.id)
                } else {
                    refused.append((claim, decision))
                }
            }
            granted.formUnion(try await admitKnown(refused.map(\.claim), &endings))
        } catch {
            // None was granted, or none of those that were has begun.
            await giveBack(claims.filter { granted.contains($0.id) })
            endings += claims.map { ending(of: $0.settled, error) }
            return []
        }
        let ended = Set(endings.map(\.path))
        refused = refused.filter {
            !granted.contains($0.claim.id) && !ended.contains($0.claim.path)
        }
        // Whoever has one open for writing waits for our lease.
        for (claim, _) in refused { claim.opened.close() }
        await tellRefusals(refused, &endings)
        let begun = claims.filter { granted.contains($0.id) }
        for claim in begun { house.surroundings.checkpoint(.reserved, claim.path) }
        return begun
    }

    /// Finds the drops that bring nothing but what their names have already: those are charged nothing,
    /// so no want of room stands in their way.
    ///
    /// Their bytes are read for it, and only where their length alone does not tell already.
    private func admitKnown(
        _ claims: [ClaimInHand], _ endings: inout [Ending]
    ) async throws -> Set<DocumentID> {
        guard !claims.isEmpty else { return [] }
        let contents = try await house.catalog.contents(
            uid: root.account.uid, inbox: inbox,
            asLongAs: claims.map { ($0.path, $0.opened.identity.size) })
        let candidates = zip(claims, contents).compactMap { claim, content in
            content.map { (claim: claim, content: $0) }
        }
        guard let first = candidates.first else { return [] }
        let digests = try await root.run(at: first.claim.path) { _ in
            candidates.map { candidate in Result { try Self.digest(of: candidate.claim.opened) } }
        }
        var known: [DocumentID] = []
        for (candidate, digest) in zip(candidates, digests) {
            switch digest {
            case .success(candidate.content): known.append(candidate.claim.id)
            case .success: continue
            case .failure(let error):
                candidate.claim.opened.close()
                endings.append(ending(of: candidate.claim.settled, error))
            }
        }
        guard !known.isEmpty else { return [] }
        try await house.catalog.reserveNothing(
            for: known, account: root.account, inbox: inbox, now: house.surroundings.now())
        return Set(known)
    }

    /// Reads a drop to its end, and leaves it to be read again.
    private static func digest(of drop: OpenedDrop) throws -> ContentDigest {
        var digest = DigestOfBytes()
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: chunkLength, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = try drop.read(into: buffer)
            guard count > 0 else { break }
            digest.take(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
        try drop.confirmUnchanged()
        try drop.rewind()
        return digest.value
    }

    /// Gives back what was reserved for claims that came to nothing.
    func giveBack(_ claims: [ClaimInHand]) async {
        for claim in claims {
            // Whoever has it open for writing waits for our lease.
            claim.opened.close()
            do {
                try await house.catalog.cancelReservation(claim.id)
                house.vacancies.tell(root.account.uid)
            } catch {
                // Why the claim ended is what its owner is to read; the room comes back a little later.
                house.owedRoom.add(claim.id, uid: root.account.uid)
                house.say(
                    .catalogueFailed,
                    [.document: "\(claim.id)", .detail: House.failure(of: error).detail])
            }
        }
    }
}
