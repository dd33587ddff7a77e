import Catalog
import Inbox
import Intake
import Rules

/// Removes the names of committed drops, and remembers what could not be removed.
struct DropRemoval {
    /// A name to be removed.
    struct Order: Sendable {
        let document: DocumentID
        let path: BeneathPath
        let identity: DropIdentity
        /// Whether somebody has opened the drop to write it.
        var isWriterWaiting: @Sendable () -> Bool = { false }
    }

    let house: House
    let desk: InboxDesk

    private var root: InboxRoot { desk.root }

    /// Removes names of one mount, those of a folder with one sync.
    ///
    /// - Parameter isRecovery: whether earlier removals may have stopped half-way.
    /// - Returns: for each in the same order, what stands in the way, nil where the name is gone or
    ///   belongs to something newer; or what the system or the catalogue fails in, which is tried
    ///   again by itself.
    func perform(
        _ orders: [Order], isRecovery: Bool
    ) async -> [Result<Failure?, any Error>] {
        let outcomes = await attempt(orders, isRecovery: isRecovery)
        for (order, outcome) in zip(orders, outcomes) where outcome.error != nil {
            // No event will tell of a name that is gone or set aside already.
            desk.owedRemovals.add(
                OwedRemoval(
                    document: order.document, path: order.path, identity: order.identity))
        }
        return outcomes
    }

    private func attempt(
        _ orders: [Order], isRecovery: Bool
    ) async -> [Result<Failure?, any Error>] {
        guard let first = orders.first else { return [] }
        var results: [Result<Failure?, any Error>] = []
        do {
            let outcomes = try await root.run(at: first.path) { files in
                Self.remove(orders, isRecovery: isRecovery, in: files)
            }
            var gone: [DocumentID] = []
            for (order, (outcome, left)) in zip(orders, outcomes) {
                let isGone = isOver(order, outcome, isRecovery: isRecovery)
                if isGone { gone.append(order.document) }
                results.append(await end(order, outcome, isGone: isGone, left: left))
            }
            try await house.catalog.removalsDone(gone)
        } catch {
            return orders.map { _ in .failure(error) }
        }
        return results
    }

    private static func remove(
        _ orders: [Order], isRecovery: Bool, in files: InboxFiles
    ) -> [(RemovalOutcome, left: Result<DropIdentity?, any Error>)] {
        let removals = orders.map { order in
            DropRemover.Removal(
                path: order.path, hiddenName: HiddenName.taken(order.document),
                identity: order.identity, mayHaveBegun: isRecovery,
                isWriterWaiting: order.isWriterWaiting)
        }
        return zip(orders, DropRemover().remove(removals, in: files)).map { order, outcome in
            guard case .failed = outcome else { return (outcome, .success(nil)) }
            return (outcome, Result { try files.entry(order.path)?.identity })
        }
    }

    /// Whether nothing is to be removed any more.
    private func isOver(
        _ order: Order, _ outcome: RemovalOutcome, isRecovery: Bool
    ) -> Bool {
        switch outcome {
        // On another file system than the drop was on: it may be mounted here again.
        case .alreadyGone where isRecovery && order.identity.device != root.mount(of: order.path):
            false
        case .removed, .alreadyGone, .newerReturned: true
        case .failed: false
        }
    }

    private func end(
        _ order: Order, _ outcome: RemovalOutcome, isGone: Bool,
        left: Result<DropIdentity?, any Error>
    ) async -> Result<Failure?, any Error> {
        var fields: [JournalField: String] = [.document: "\(order.document)"]
        switch outcome {
        case .removed, .alreadyGone:
            if isGone { house.say(.dropRemoved, in: root, at: order.path, fields) }
            return .success(nil)
        case .newerReturned(let returned):
            house.say(.newerDropReturned, in: root, at: returned, fields)
            return .success(nil)
        case .failed(let error) where error.failure.code.remedy == .whenStoreRecovers:
            return .failure(error)
        case .failed(let error):
            fields[.detail] = error.failure.detail
            house.say(.removalFailed, in: root, at: order.path, fields)
            do {
                if let left = try left.get() {
                    try await house.catalog.removalFailed(
                        order.document, identity: left, now: house.surroundings.now())
                }
            } catch {
                return .failure(error)
            }
            return .success(error.failure)
        }
    }
}
