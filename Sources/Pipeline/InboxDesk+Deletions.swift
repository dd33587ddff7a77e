import Catalog
import Inbox
import Publish
import Rules
import SystemPackage

// What was deleted has no sidecars. These go before anything newer is written at the same path: while
// they stand, the catalogue has them on record, and what bears their names belongs to nobody else.
extension InboxDesk {
    /// Decides whether a document is deleted while nothing is written here, and removes its sidecars if
    /// it is.
    ///
    /// - Returns: what was decided, and why the sidecars of what was deleted still stand, if they do.
    /// - Throws: what stands in the way of a decision.
    nonisolated func delete(
        at path: BeneathPath, _ decide: @escaping @Sendable () async throws -> RequestOutcome
    ) async throws -> (outcome: RequestOutcome, untidied: Failure?) {
        try await withCheckedContinuation { waiter in
            let isHeard = tell { desk in
                waiter.resume(returning: await desk.deleteNow(at: path, decide))
            }
            if !isHeard { waiter.resume(returning: .failure(Self.closed)) }
        }.get()
    }

    private func deleteNow(
        at path: BeneathPath, _ decide: () async throws -> RequestOutcome
    ) async -> Result<(outcome: RequestOutcome, untidied: Failure?), any Error> {
        // A document on its way aside has the sidecars of the newer one's name still.
        if let obstacle = await settleAsides(at: path) { return .failure(obstacle) }
        do {
            let outcome = try await decide()
            guard case .deleted(let record) = outcome else { return .success((outcome, nil)) }
            house.surroundings.checkpoint(.deleted, record.path)
            house.vacancies.tell(record.uid)
            await tidyAway(record)
            house.trash.raise()
            let isOwed = deletions[record.path] != nil
            return .success((outcome, isOwed ? Self.untidied : nil))
        } catch {
            return .failure(error)
        }
    }

    /// Tries again to remove the sidecars of a deleted document; returns what stands in the way.
    nonisolated func goOn(tidying record: TrashRecord) async -> Failure? {
        await withCheckedContinuation { waiter in
            let isHeard = tell { desk in
                waiter.resume(returning: await desk.settleDeletions(at: record.path))
            }
            if !isHeard { waiter.resume(returning: Self.closed) }
        }
    }

    /// Removes the sidecars of a deleted document; what stands in the way is reported, and tried again
    /// before anything is written at the path.
    func tidyAway(_ record: TrashRecord) async {
        progress.forget(record.id)
        house.forgetProgress(of: record.id)
        published[record.id] = nil
        versions[record.id] = nil
        deletions[record.path, default: []].append(record)
        _ = await settleDeletions(at: record.path)
    }

    /// Removes all that is still to be removed of a path's sidecars; returns what stands in the way.
    func settleDeletions(at path: BeneathPath) async -> Failure? {
        while let next = deletions[path]?.first {
            do {
                try await tidy(next)
                deletions[path]?.removeFirst()
            } catch {
                report(error, at: path)
                owedDeletions.raise()
                return House.failure(of: error)
            }
        }
        deletions[path] = nil
        return nil
    }

    /// Tells the owner why a deleted document was not restored, unless something else has the name.
    func writeNotRestored(_ trashed: TrashRecord, _ failure: Failure) async {
        guard voices[trashed.path] == nil, await settleAsides(at: trashed.path) == nil else {
            return
        }
        let word = WaitingDrop(
            path: trashed.path, size: trashed.size, firstSeen: house.surroundings.now(),
            state: .refused, message: failure.message, failure: failure)
        await write(word.status(of: account, retries: house.retries), at: trashed.path)
    }

    /// Removes the status file of a document that is over, and nothing else of it.
    ///
    /// - Returns: what stands in the way.
    nonisolated func removeStatus(of id: DocumentID) async -> (any Error)? {
        await withCheckedContinuation { waiter in
            let isHeard = tell { desk in
                waiter.resume(returning: await desk.removeStatusNow(of: id))
            }
            if !isHeard { waiter.resume(returning: Self.closed) }
        }
    }

    private func removeStatusNow(of id: DocumentID) async -> (any Error)? {
        do {
            // It may have been asked to run again, or have lost its name, since.
            guard let record = try await house.catalog.document(id),
                record.standing.state.isOver, !record.isToMoveAside,
                record.version != nil || !heard.contains(record.path)
            else { return nil }
            try await sidecars.run(at: record.path) { files in
                try SidecarWriter(files, drop: record.path, version: record.version).removeStatus()
            }
            return nil
        } catch let error as InboxError where error.isAbsence || error.errno == .permissionDenied {
            return nil
        } catch {
            return error
        }
    }

    private func tidy(_ record: TrashRecord) async throws {
        // It may have been restored since something stood in the way.
        guard try await house.catalog.trashed(record.id)?.isToTidy == true else { return }
        let files = try await house.catalog.publishedFiles(ofTrashed: record.id)
        let made = Publication.results(of: record, files: files)
        // A drop that is not taken yet may speak for the name.
        let isSpokenFor = record.version == nil && heard.contains(record.path)
        let refusal = try await sidecars.run(at: record.path) { files in
            try SidecarWriter(files, drop: record.path, version: record.version)
                .removeAll(of: record.id, made, keepsStatus: isSpokenFor)
        }
        if let refusal { report(refusal, at: record.path) }
        house.surroundings.checkpoint(.tidied, record.path)
        try await house.catalog.tidied(record.id)
    }

    private static let untidied = Failure(
        .storeIO,
        message:
            "The file is deleted, and its results could not be removed yet. That is tried again.",
        detail: "delete: its sidecars are still there")
}
