import Catalog
import Glibc
import Inbox
import Intake
import Publish
import Rules
import Store

/// Takes drops of one inbox: open, reserve, store, commit, remove. One at a time.
struct Claim: Sendable {
    /// How much is copied between two looks at the lease.
    private static let chunkLength = 1 << 20
    /// For the owner of a drop that was taken while somebody had it open for writing.
    private static let openWarning = """
        A program still had this file open for writing when it was taken, though it had not \
        changed for long. If something is missing, drop it again.
        """

    let house: House
    let desk: InboxDesk
    let dispatcher: Dispatcher
    let opener: DropOpener
    let settings: InboxSettings

    private var root: InboxRoot { desk.root }
    private var inbox: [UInt8] { Array(root.path.utf8) }

    /// Takes one drop, and says how that ended.
    func take(_ drop: SettledDrop) async -> ClaimEnding {
        do {
            let opened = try await root.run(at: drop.path) { try opener.open(drop, in: $0) }
            defer { opened.close() }
            if let ending = try await endLeftover(opened) { return ending }
            return try await claim(opened, firstSeen: drop.sighted.firstSeen)
        } catch {
            return ending(of: drop, error)
        }
    }

    private func claim(_ drop: OpenedDrop, firstSeen: Timestamp) async throws -> ClaimEnding {
        let id = DocumentID(
            at: house.surroundings.now(), random: house.surroundings.randomBytes(10))
        say(.claimBegun, drop, [.document: "\(id)"])
        if let obstacle = try await reserve(id, for: drop, firstSeen: firstSeen) { return obstacle }
        house.surroundings.checkpoint(.reserved, drop.path)
        await dispatcher.hold(id)
        let committed: CommittedDocument
        do {
            let blob = try await store(drop)
            house.surroundings.checkpoint(.stored, drop.path)
            committed = try await commit(id, drop, blob)
        } catch {
            await dispatcher.release(id)
            await giveBack(id)
            throw error
        }
        house.surroundings.checkpoint(.committed, drop.path)
        tell(committed, drop)
        // Its name may go while the document is worked on: neither waits for the other.
        await dispatcher.release(id)
        return await removeCommitted(drop, of: committed.document.id)
    }

    /// Gives back what was reserved for a claim that came to nothing.
    private func giveBack(_ id: DocumentID) async {
        do {
            try await house.catalog.cancelReservation(id)
            house.vacancies.tell(root.account.uid)
        } catch {
            // Why the claim ended is what its owner is to read; the room comes back a little later.
            house.owedRoom.add(id, uid: root.account.uid)
            house.say(
                .catalogueFailed,
                [.document: "\(id)", .detail: House.failure(of: error).detail])
        }
    }

    /// Removes the drop's name; whatever happens to that, the document speaks for it from now on.
    private func removeCommitted(_ drop: OpenedDrop, of id: DocumentID) async -> ClaimEnding {
        do {
            return try await remove(drop, of: id)
        } catch {
            let detail = House.failure(of: error).detail
            say(.removalFailed, drop, [.document: "\(id)", .detail: detail])
            return .notYet(after: house.retries.storeWait)
        }
    }

    /// Holds room for the drop; returns how the claim ends where there is none.
    private func reserve(
        _ id: DocumentID, for drop: OpenedDrop, firstSeen: Timestamp
    ) async throws -> ClaimEnding? {
        let limit = house.settings.limits.limit(for: root.account)
        let decision = try await house.catalog.reserve(
            id, account: root.account, size: drop.identity.size, limit: limit,
            now: house.surroundings.now())
        let failure: Failure
        let state: DocumentState
        switch decision {
        case .granted:
            return nil
        case .held(let bytes, let files):
            failure = QuotaFailure.short(bytes: bytes, files: files, limit: limit)
            state = .held
        case .tooLarge(let most):
            failure = QuotaFailure.larger(drop.identity.size, than: most)
            state = .refused
        }
        let quota = try await AccountQuota(house: house, account: root.account).current()
        desk.tell(
            WaitingDrop(
                path: drop.path, size: drop.identity.size, firstSeen: firstSeen, state: state,
                message: failure.message, failure: failure, nextLook: nil, quota: quota))
        say(
            state == .held ? .dropHeld : .dropRefused, drop,
            [.code: failure.code.rawValue, .detail: failure.detail])
        // A higher limit brings both back.
        return .held
    }

    /// Copies and hashes the drop into the store, and makes it durable there.
    private func store(_ drop: OpenedDrop) async throws -> Blob {
        let size = drop.identity.size
        let writer = try await house.lanes.run { [store = house.store] in
            try store.begin(sizeHint: size)
        }
        do {
            try await root.run(at: drop.path) { _ in try copy(drop, into: writer) }
            return try await house.lanes.run { try writer.finish() }
        } catch {
            try await house.lanes.run { writer.discard() }
            throw error
        }
    }

    private func copy(_ drop: OpenedDrop, into writer: BlobWriter) throws {
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
    }

    private func commit(
        _ id: DocumentID, _ drop: OpenedDrop, _ blob: Blob
    ) async throws -> CommittedDocument {
        let document = NewDocument(
            id: id, account: root.account, inbox: inbox, path: drop.path, kind: drop.kind,
            size: blob.size, digest: blob.digest, proof: drop.proof.told, identity: drop.identity,
            warnings: drop.proof == .openWriterTimeout ? [Self.openWarning] : [])
        return try await house.catalog.commitClaim(
            document, stages: StagePlan.stages(for: drop.kind, settings: settings),
            now: house.surroundings.now())
    }

    private func tell(_ committed: CommittedDocument, _ drop: OpenedDrop) {
        if drop.proof == .openWriterTimeout {
            say(.openDropTaken, drop, [.document: "\(committed.document.id)"])
        }
        desk.tellClaimed(committed)
        // What was reserved for bytes that are charged already was given back.
        if case .sameAgain = committed { house.vacancies.tell(root.account.uid) }
        say(
            .dropClaimed, drop,
            [
                .document: "\(committed.document.id)", .proof: drop.proof.rawValue,
                .size: "\(drop.identity.size.bytes)", .digest: "\(committed.document.digest)",
            ])
    }

    /// Removes the drop's name; what stands in the way is remembered, and the claim holds all the same.
    private func remove(_ drop: OpenedDrop, of document: DocumentID) async throws -> ClaimEnding {
        var hasChanged = false
        do {
            // A writer that came back waits for our lease: what it is about to write is a newer file.
            try await root.run(at: drop.path) { _ in try drop.confirmUnchanged() }
        } catch let error as IntakeError {
            say(.removalFailed, drop, [.document: "\(document)", .detail: error.failure.detail])
            guard error == .changed else { return .notYet(after: .zero) }
            hasChanged = true
        }
        let obstacle = try await DropRemoval(house: house, desk: desk)
            .perform(
                drop.path, of: document, identity: drop.identity, isRecovery: false,
                isWriterWaiting: { drop.isWriterWaiting })
        // Only its permissions may have changed, or its name may be gone: then the removal is over all
        // the same. What is newer was left alone, and is looked at anew.
        if hasChanged { return .notYet(after: .zero) }
        // A name that stays is known as taken; there is nothing to do about it until it changes.
        if let obstacle { return .refused(obstacle) }
        house.surroundings.checkpoint(.removed, drop.path)
        return .claimed
    }

    /// Tries again to remove a drop that was claimed before; nil for one that never was.
    private func endLeftover(_ drop: OpenedDrop) async throws -> ClaimEnding? {
        let isKnown = try await house.catalog.isLeftover(
            inbox: inbox, path: drop.path, identity: drop.identity)
        guard isKnown else { return nil }
        // Its document speaks for the name, not the drop.
        desk.tellVanished(drop.path)
        let current = try await house.catalog.currentDocument(
            uid: root.account.uid, inbox: inbox, path: drop.path)
        guard let current else { return nil }
        return try await remove(drop, of: current.id)
    }

    /// What an error means for the drop: it stays where it is, and comes back by itself or by its owner.
    private func ending(of drop: SettledDrop, _ error: any Error) -> ClaimEnding {
        if let known = error as? IntakeError {
            switch known {
            case .vanished, .changed, .stillWritten, .writerReturned:
                say(.claimAbandoned, drop.path, [.reason: known.failure.detail])
                return .notYet(after: .zero)
            case .refused(let failure):
                tell(drop, .refused, failure)
                say(.dropRefused, drop.path, [.code: failure.code.rawValue])
                return .refused(failure)
            case .inaccessible:
                break
            }
        }
        let failure = House.failure(of: error)
        say(.claimAbandoned, drop.path, [.code: failure.code.rawValue, .detail: failure.detail])
        if failure.code == .storeFull || failure.code == .storeIO {
            house.say(.storePaused, [.detail: failure.detail])
        }
        tell(drop, .waiting, failure)
        return .notYet(after: house.retries.storeWait)
    }

    private func tell(_ drop: SettledDrop, _ state: DocumentState, _ failure: Failure) {
        desk.tell(
            WaitingDrop(
                path: drop.path, size: drop.identity.size, firstSeen: drop.sighted.firstSeen,
                state: state, message: failure.message,
                failure: state == .refused ? failure : nil, nextLook: nil, quota: nil))
    }

    private func say(
        _ event: JournalEvent, _ drop: OpenedDrop, _ fields: [JournalField: String]
    ) {
        say(event, drop.path, fields)
    }

    private func say(
        _ event: JournalEvent, _ path: BeneathPath, _ fields: [JournalField: String]
    ) {
        house.say(event, in: root, at: path, fields)
    }
}
