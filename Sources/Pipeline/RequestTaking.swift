import Catalog
import Glibc
import Inbox
import Rules
import SystemPackage

/// Carries out what is asked for in one inbox, one request after the other.
///
/// A request is first recorded in the catalogue, for good, and then its file is removed: after a crash
/// in between the catalogue knows the file.
/// Rule: docs/design.md, "Requests".
struct RequestTaking: Sendable {
    /// How long a mount may think before the next request has its turn.
    static let patience = Duration.seconds(10)

    let house: House
    let desk: InboxDesk
    let dispatcher: Dispatcher

    var root: InboxRoot { desk.root }
    private var box: RequestBox { desk.requests }

    /// Decides what is noticed, until the task is cancelled.
    func run() async {
        var unfit = UnfitRequests()
        await OwedDeletions(house: house, desk: desk, dispatcher: dispatcher).goOn()
        while await box.wait(house.retries.storeWait) {
            while !Task.isCancelled, let asked = box.take() {
                box.ended(await fate(of: asked, &unfit))
            }
        }
        box.end()
    }

    private func fate(of asked: AskedFor, _ unfit: inout UnfitRequests) async -> RequestBox.Fate {
        do {
            let fate =
                switch asked.source {
                case .operators(let file): try await fate(of: asked, in: file)
                case .inbox(let path): try await fate(of: asked, at: path, in: root, &unfit)
                case .results(let path):
                    try await fate(of: asked, at: path, in: desk.sidecars, &unfit)
                }
            unfit.isOutOfTrouble(asked)
            return fate
        } catch {
            let detail = House.failure(of: error).detail
            if unfit.isNewTrouble(asked, detail) {
                house.say(
                    .requestIgnored, in: root, at: asked.path,
                    [.reason: "it is tried again soon", .detail: detail])
            }
            return .trouble
        }
    }

    private func fate(
        of asked: AskedFor, in file: OperatorRequests.File
    ) async throws -> RequestBox.Fate {
        guard try house.operatorRequests.isToDo(file) else { return .done }
        guard try await settle(asked, by: file.identity) else {
            return .later
        }
        house.surroundings.checkpoint(.requestRecorded, asked.path)
        do throws(Errno) {
            try house.operatorRequests.finish(file)
        } catch {
            house.say(
                .requestIgnored, in: root, at: asked.path,
                [
                    .reason: "it is carried out, and its file cannot be removed",
                    .detail: "remove \(house.operatorRequests.folder)/\(file.name): \(error)",
                ])
        }
        return .done
    }

    private func fate(
        of asked: AskedFor, at path: BeneathPath, in root: InboxRoot, _ unfit: inout UnfitRequests
    ) async throws -> RequestBox.Fate {
        let sight = try await root.run(at: path, answeringWithin: Self.patience) {
            try RequestFile(files: $0, path: path).look()
        }
        switch sight {
        case .gone:
            unfit.forget(asked.source)
            return .done
        case .inTheMaking: return .unfit
        case .unfit(let identity, let reason):
            if unfit.isNew(asked.source, identity) { ignore(asked, reason) }
            return .unfit
        case .asking(let identity):
            if !unfit.isCarriedOut(asked.source, identity) {
                guard try await settle(asked, by: identity) else {
                    return .later
                }
                house.surroundings.checkpoint(.requestRecorded, path)
                unfit.carriedOut(asked.source, identity)
            }
            try await root.run(at: path, answeringWithin: Self.patience) {
                try RequestFile(files: $0, path: path).remove(identity)
            }
            unfit.forget(asked.source)
            return .done
        }
    }

    /// How far the clock of an inbox's file system may be behind ours.
    private static let clockTolerance = Duration.seconds(1)

    /// - Parameter id: the one document that it may be about; any, where nil.
    func carryOut(
        _ asked: AskedFor, by file: DropIdentity, on id: DocumentID? = nil,
        deleting terms: DeletionTerms? = nil
    ) async throws -> RequestOutcome {
        let settings = desk.settings
        let verb = asked.request.verb
        return try await house.catalog.carryOut(
            asked.request.name.description, by: file, about: asked.target,
            version: asked.request.version, uid: desk.account.uid, inbox: Array(root.path.utf8),
            deleting: terms, now: house.surroundings.now()
        ) { document in
            // Another one has the name by now, and is looked at next.
            if let id, document.id != id { return .later }
            // What waited for the one before must not strike one that has the name since.
            let asked = Timestamp(milliseconds: file.changed / 1_000_000)
            if verb == .delete, document.receivedAt > asked + Self.clockTolerance {
                return .refused("the file came after it was asked to be deleted")
            }
            return RequestCase(
                kind: document.kind,
                stages: document.stages.map { .init(plan: $0.plan, state: $0.state) },
                settings: settings,
                pageCount: StageResults.pageCount(in: document.stage(.info)?.result)
            ).ruling(on: verb)
        }
    }

    /// What is decided about a request; nil where that is still open.
    private func decision(
        on asked: AskedFor, by file: DropIdentity
    ) async throws -> RequestOutcome? {
        if asked.request.verb == .delete { return try await delete(asked, by: file) }
        let outcome = try await carryOut(asked, by: file)
        guard case .noDocument = outcome else { return outcome }
        if asked.request.verb == .restore, let restored = try await restore(asked, by: file) {
            return restored
        }
        // A drop that is not taken yet may become one.
        if try await hasDrop(at: asked.target) { return nil }
        // It may just have: the catalogue knows a document before its drop's name goes.
        return try await carryOut(asked, by: file)
    }

    /// Carries out a request and tells what became of it; returns false where that is still open.
    private func settle(_ asked: AskedFor, by file: DropIdentity) async throws -> Bool {
        guard let outcome = try await decision(on: asked, by: file) else { return false }
        switch outcome {
        case .granted(let document):
            house.say(.requestAccepted, in: root, at: asked.path, [.document: "\(document.id)"])
            dispatcher.wake()
            // Workers may have begun, and told of it, since the catalogue answered.
            await desk.retell(document.id)
        case .repeated(let document):
            house.say(.requestAccepted, in: root, at: asked.path, [.document: "\(document)"])
        case .refused(let document, let reason):
            ignore(asked, reason, document.id)
            // One that is being worked on says it itself, with its progress.
            if document.standing.state.isOver {
                desk.tell(desk.view(of: document))
            } else {
                await desk.retell(document.id)
            }
        case .deleted(let trashed):
            house.say(.requestAccepted, in: root, at: asked.path, [.document: "\(trashed.id)"])
        case .later:
            house.say(.requestWaiting, in: root, at: asked.path)
            return false
        case .noRoom: break
        case .noDocument:
            ignore(asked, "there is no document of that name")
        }
        return true
    }

    private func hasDrop(at path: BeneathPath) async throws -> Bool {
        try await root.run(at: path, answeringWithin: Self.patience) {
            try $0.entry(path)?.kind == .file
        }
    }

    func ignore(_ asked: AskedFor, _ reason: String, _ document: DocumentID? = nil) {
        house.say(
            .requestIgnored, in: root, at: asked.path,
            [.reason: reason, .document: document.map { "\($0)" }].compactMapValues { $0 })
    }
}

/// The request files that stay where they are, and what is in the way of others.
///
/// As many as there is room for in the box; past that all are forgotten, and looked at as if new.
private struct UnfitRequests {
    private var unfit: [AskedFor.Source: DropIdentity] = [:]
    /// Carried out, and not removed yet.
    private var done: [AskedFor.Source: DropIdentity] = [:]
    /// What was in the way of each that is tried again.
    private var trouble: [AskedFor: String] = [:]

    /// Whether this was not said when it was tried before; from now on it was.
    mutating func isNewTrouble(_ asked: AskedFor, _ detail: String) -> Bool {
        if trouble.count >= 2 * RequestBox.limit { trouble = [:] }
        return trouble.updateValue(detail, forKey: asked) != detail
    }

    mutating func isOutOfTrouble(_ asked: AskedFor) { trouble[asked] = nil }

    /// Whether nothing was said of the file as it is; from now on something was.
    mutating func isNew(_ file: AskedFor.Source, _ identity: DropIdentity) -> Bool {
        if unfit.count >= RequestBox.limit { unfit = [:] }
        return unfit.updateValue(identity, forKey: file) != identity
    }

    mutating func carriedOut(_ file: AskedFor.Source, _ identity: DropIdentity) {
        if done.count >= RequestBox.limit { done = [:] }
        done[file] = identity
    }

    func isCarriedOut(_ file: AskedFor.Source, _ identity: DropIdentity) -> Bool {
        done[file] == identity
    }

    mutating func forget(_ file: AskedFor.Source) {
        unfit[file] = nil
        done[file] = nil
    }
}
