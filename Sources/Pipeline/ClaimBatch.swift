import Catalog
import Glibc
import Inbox
import Intake
import Publish
import Rules
import Store

/// A drop in the middle of its claim.
struct ClaimInHand: Sendable {
    let settled: SettledDrop
    /// Open, with its lease, until the claim has ended.
    let opened: OpenedDrop
    /// What the document will be called.
    let id: DocumentID

    var path: BeneathPath { opened.path }
}

/// Takes drops of one mount together: open, reserve, store, commit, remove; each step for all of them
/// before the next, so that they share its syncs and its commit.
///
/// Each claim is all or nothing by itself: what stands in the way of one stops none of the others.
/// Rule: docs/design.md, "Claims in batches".
struct ClaimBatch: Sendable {
    /// How many drops are taken together at most.
    static let countLimit = 128
    /// Past so many bytes nothing more joins a batch: nobody is to wait for another's large file.
    static let byteLimit = ByteCount.mebibytes(4)
    /// How much is copied between two looks at the lease.
    static let chunkLength = 1 << 20
    /// For the owner of a drop that was taken while somebody had it open for writing.
    private static let openWarning = """
        A program still had this file open for writing when it was taken, though it had not \
        changed for long. If something is missing, drop it again.
        """

    typealias Ending = (path: BeneathPath, ending: ClaimEnding)

    let house: House
    let desk: InboxDesk
    let dispatcher: Dispatcher
    let opener: DropOpener
    let settings: InboxSettings

    var root: InboxRoot { desk.root }
    var inbox: [UInt8] { Array(root.path.utf8) }

    /// Takes drops, and says how that ended for each.
    func take(_ drops: [SettledDrop]) async -> [Ending] {
        var endings: [Ending] = []
        let opened = await open(drops, &endings)
        defer { opened.forEach { $0.opened.close() } }
        let fresh = await endLeftovers(opened, &endings)
        let granted = await reserve(fresh, &endings)
        await dispatcher.hold(granted.map(\.id))
        let stored = await store(granted, &endings)
        let committed = await commit(stored, &endings)
        await tell(committed)
        // Their names may go while the documents are worked on: neither waits for the other.
        await dispatcher.release(granted.map(\.id))
        await remove(committed.map { ($0.claim, $0.outcome.document.id) }, &endings)
        // Only now is nothing of the claims left to be done that a request would have to wait for.
        for claim in committed { desk.requests.documentMoved(claim.claim.path) }
        return endings
    }

    private func open(_ drops: [SettledDrop], _ endings: inout [Ending]) async -> [ClaimInHand] {
        guard let first = drops.first else { return [] }
        let opened: [Result<OpenedDrop, any Error>]
        do {
            opened = try await root.run(at: first.path) { [opener] files in
                drops.map { drop in Result { try opener.open(drop, in: files) } }
            }
        } catch {
            endings += drops.map { ending(of: $0, error) }
            return []
        }
        let now = house.surroundings.now()
        var claims: [ClaimInHand] = []
        for (drop, opened) in zip(drops, opened) {
            switch opened {
            case .success(let opened):
                let id = DocumentID(at: now, random: house.surroundings.randomBytes(10))
                claims.append(ClaimInHand(settled: drop, opened: opened, id: id))
            case .failure(let error): endings.append(ending(of: drop, error))
            }
        }
        return claims
    }

    /// Tries again to remove drops that were claimed before; returns those that never were.
    private func endLeftovers(
        _ claims: [ClaimInHand], _ endings: inout [Ending]
    ) async -> [ClaimInHand] {
        guard !claims.isEmpty else { return [] }
        let known: [DocumentID?]
        do {
            known = try await house.catalog.documentsOfLeftovers(
                uid: root.account.uid, inbox: inbox,
                drops: claims.map { ($0.path, $0.opened.identity) })
        } catch {
            endings += claims.map { ending(of: $0.settled, error) }
            return []
        }
        var leftovers: [(ClaimInHand, DocumentID)] = []
        var fresh: [ClaimInHand] = []
        for (claim, document) in zip(claims, known) {
            guard let document else {
                fresh.append(claim)
                continue
            }
            // Its document speaks for the name, not the drop.
            desk.tellVanished(claim.path)
            leftovers.append((claim, document))
        }
        await remove(leftovers, &endings)
        return fresh
    }

    // The store.

    /// Copies and hashes drops into the store, and makes them durable there.
    private func store(
        _ claims: [ClaimInHand], _ endings: inout [Ending]
    ) async -> [(claim: ClaimInHand, blob: Blob)] {
        guard let first = claims.first else { return [] }
        var failed: [(ClaimInHand, any Error)] = []
        var stored: [(claim: ClaimInHand, blob: Blob)] = []
        do {
            let writers = try await house.lanes.run { [store = house.store] in
                claims.map { claim in
                    Result { try store.begin(sizeHint: claim.opened.identity.size) }
                }
            }
            // Side by side with nobody: a thread of the mount has one owner at a time.
            let copied = try await root.run(at: first.path) { _ in
                zip(claims, writers).map { claim, writer in
                    writer.flatMap { writer in Result { try copy(claim.opened, into: writer) } }
                }
            }
            let placed = try await place(copied, discarding: writers)
            for (claim, blob) in zip(claims, placed) {
                switch blob {
                case .success(let blob):
                    house.surroundings.checkpoint(.stored, claim.path)
                    stored.append((claim, blob))
                case .failure(let error): failed.append((claim, error))
                }
            }
        } catch {
            failed = claims.map { ($0, error) }
        }
        await giveBack(failed.map(\.0))
        endings += failed.map { ending(of: $0.0.settled, $0.1) }
        return stored
    }

    /// Seals what was copied side by side, and then gives it its place; what was not is discarded.
    private func place(
        _ copied: [Result<BlobWriter, any Error>],
        discarding writers: [Result<BlobWriter, any Error>]
    ) async throws -> [Result<Blob, any Error>] {
        let sealed = try await house.lanes.runEach(Array(zip(copied, writers))) { pieces in
            for case (.success(let writer), _) in pieces { writer.beginWriteback() }
            let written = pieces.map { copied, _ in
                copied.flatMap { writer in Result { try writer.awaitWriteback() }.map { writer } }
            }
            return zip(pieces, written).map { piece, written in
                if case .failure = written, case .success(let writer) = piece.1 { writer.discard() }
                return written.flatMap { writer in Result { try writer.seal() } }
            }
        }
        var placed: [ContentDigest: StoreError] = [:]
        let pieces = house.store.pieces(of: sealed.compactMap(\.value))
        let obstacles = try await house.lanes.runEach(pieces) { [store = house.store] pieces in
            pieces.map { store.adopt($0) }
        }
        for (piece, obstacles) in zip(pieces, obstacles) {
            for (file, obstacle) in zip(piece, obstacles) { placed[file.blob.digest] = obstacle }
        }
        return sealed.map { sealed in
            sealed.flatMap { sealed in
                placed[sealed.blob.digest].map { .failure($0) } ?? .success(sealed.blob)
            }
        }
    }

    private func copy(_ drop: OpenedDrop, into writer: BlobWriter) throws -> BlobWriter {
        if try writer.cloneWhole(from: drop.descriptor) {
            house.surroundings.checkpoint(.copying, drop.path)
        } else {
            let length = max(1, min(Self.chunkLength, Int(clamping: drop.identity.size.bytes) + 1))
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: length, alignment: 16)
            defer { buffer.deallocate() }
            while true {
                let count = try drop.read(into: buffer)
                guard count > 0 else { break }
                try writer.append(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                house.surroundings.checkpoint(.copying, drop.path)
                // A file that grows while it is read must not grow past what was reserved.
                guard writer.size <= drop.identity.size else { throw IntakeError.changed }
            }
        }
        try drop.confirmUnchanged()
        guard writer.size == drop.identity.size else { throw IntakeError.changed }
        return writer
    }

    // The catalogue.

    private func commit(
        _ stored: [(claim: ClaimInHand, blob: Blob)], _ endings: inout [Ending]
    ) async -> [(claim: ClaimInHand, outcome: CommittedDocument)] {
        guard !stored.isEmpty else { return [] }
        let plans = stored.map { claim, blob in
            NewClaim(
                document: document(claim, blob),
                stages: StagePlan.stages(for: claim.opened.kind, settings: settings))
        }
        let outcomes = await house.catalog.commitClaims(plans, now: house.surroundings.now())
        var committed: [(claim: ClaimInHand, outcome: CommittedDocument)] = []
        for ((claim, _), outcome) in zip(stored, outcomes) {
            switch outcome {
            case .success(let outcome):
                house.surroundings.checkpoint(.committed, claim.path)
                committed.append((claim, outcome))
            case .failure(let error):
                await giveBack([claim])
                endings.append(ending(of: claim.settled, error))
            }
        }
        return committed
    }

    private func document(_ claim: ClaimInHand, _ blob: Blob) -> NewDocument {
        let drop = claim.opened
        return NewDocument(
            id: claim.id, account: root.account, inbox: inbox, path: drop.path, kind: drop.kind,
            size: blob.size, digest: blob.digest, proof: drop.proof.told, identity: drop.identity,
            warnings: drop.proof == .openWriterTimeout ? [Self.openWarning] : [])
    }

    private func tell(
        _ committed: [(claim: ClaimInHand, outcome: CommittedDocument)]
    ) async {
        guard !committed.isEmpty else { return }
        await desk.tellClaimed(committed.map(\.outcome))
        for (claim, outcome) in committed {
            let drop = claim.opened
            if drop.proof == .openWriterTimeout {
                say(.openDropTaken, drop.path, [.document: "\(outcome.document.id)"])
            }
            // What was reserved for bytes that are charged already was given back.
            if case .sameAgain = outcome { house.vacancies.tell(root.account.uid) }
            say(
                .dropClaimed, drop.path,
                [
                    .document: "\(outcome.document.id)", .proof: drop.proof.rawValue,
                    .size: "\(drop.identity.size.bytes)",
                    .digest: "\(outcome.document.digest)",
                ])
        }
    }

    // The names.

    /// Removes the drops' names; whatever happens to that, the documents speak for them from now on.
    private func remove(
        _ claims: [(claim: ClaimInHand, document: DocumentID)], _ endings: inout [Ending]
    ) async {
        guard let first = claims.first else { return }
        let doubts: [IntakeError?]
        do {
            // A writer that came back waits for our lease: what it is about to write is a newer file.
            doubts = try await root.run(at: first.claim.path) { _ in
                claims.map { claim, _ in
                    Result { () throws(IntakeError) in try claim.opened.confirmUnchanged() }.error
                }
            }
        } catch {
            endings += claims.map { notRemoved($0.claim, $0.document, House.failure(of: error)) }
            return
        }
        var removable: [(claim: ClaimInHand, document: DocumentID, hasChanged: Bool)] = []
        for ((claim, document), doubt) in zip(claims, doubts) {
            if let doubt {
                say(
                    .removalFailed, claim.path,
                    [.document: "\(document)", .detail: doubt.failure.detail])
                guard doubt == .changed else {
                    endings.append((claim.path, .notYet(after: .zero)))
                    continue
                }
            }
            removable.append((claim, document, doubt != nil))
        }
        let outcomes = await DropRemoval(house: house, desk: desk).perform(
            removable.map { claim, document, _ in
                DropRemoval.Order(
                    document: document, path: claim.path, identity: claim.opened.identity,
                    isWriterWaiting: { [opened = claim.opened] in opened.isWriterWaiting })
            }, isRecovery: false)
        for ((claim, document, hasChanged), outcome) in zip(removable, outcomes) {
            switch outcome {
            case .failure(let error):
                endings.append(notRemoved(claim, document, House.failure(of: error)))
            // Only its permissions may have changed, or its name may be gone: then the removal is over
            // all the same. What is newer was left alone, and is looked at anew.
            case .success where hasChanged:
                endings.append((claim.path, .notYet(after: .zero)))
            // A name that stays is known as taken; there is nothing to do about it until it changes.
            case .success(let obstacle?): endings.append((claim.path, .refused(obstacle)))
            case .success(nil):
                house.surroundings.checkpoint(.removed, claim.path)
                endings.append((claim.path, .claimed))
            }
        }
    }

    private func notRemoved(
        _ claim: ClaimInHand, _ document: DocumentID, _ failure: Failure
    ) -> Ending {
        say(.removalFailed, claim.path, [.document: "\(document)", .detail: failure.detail])
        return (claim.path, .notYet(after: house.retries.storeWait))
    }
}
