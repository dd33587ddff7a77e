import Inbox
import Rules
import SystemPackage

/// What became of the name of a claimed drop.
public enum RemovalOutcome: Sendable, Hashable {
    case removed
    /// Nothing, or already another file, stands under the name.
    case alreadyGone
    /// A newer file had taken the name, or a writer had opened the drop by it; what was set aside
    /// stands under this one now, and is a drop of its own.
    case newerReturned(BeneathPath)
    /// The drop, or what was set aside, is still there.
    case failed(InboxError)
}

/// Removes the name of a drop that is safely in the store, and never anything newer.
///
/// The name is set aside under a hidden one, compared, and only then removed, all in the one folder
/// that its path led to. A crash at any point is mended by a removal that ``Removal/mayHaveBegun``.
/// What is done is synced: else a power cut could bring the name back.
/// Rule: docs/design.md, "Removing a drop".
public struct DropRemover: Sendable {
    /// The moments between the steps of a removal, at which a test may interfere.
    public enum Step: Sendable, Hashable {
        case compared, setAside, comparedAside
    }

    /// How many names are tried for a file that cannot have its own back.
    private static let returnAttempts = 100

    /// A name to be removed.
    public struct Removal: Sendable {
        let path: BeneathPath
        let hiddenName: FileName
        let identity: DropIdentity
        let mayHaveBegun: Bool
        let isWriterWaiting: @Sendable () -> Bool

        /// - Parameters:
        ///   - hiddenName: the document's own, under which the drop is set aside.
        ///   - identity: what was read.
        ///   - mayHaveBegun: whether a crash may have interrupted the removal anywhere.
        ///   - isWriterWaiting: whether somebody has opened the drop to write it. Asked once nobody
        ///     can open it by its name any more: what they are about to write must not go with it.
        public init(
            path: BeneathPath, hiddenName: FileName, identity: DropIdentity, mayHaveBegun: Bool,
            isWriterWaiting: @escaping @Sendable () -> Bool = { false }
        ) {
            self.path = path
            self.hiddenName = hiddenName
            self.identity = identity
            self.mayHaveBegun = mayHaveBegun
            self.isWriterWaiting = isWriterWaiting
        }
    }

    private let checkpoint: @Sendable (Step) -> Void

    public init(checkpoint: @escaping @Sendable (Step) -> Void = { _ in }) {
        self.checkpoint = checkpoint
    }

    /// Removes names if they still are what was read; each folder among them is synced once.
    ///
    /// - Returns: what became of each, in the same order.
    public func remove(_ removals: [Removal], in files: InboxFiles) -> [RemovalOutcome] {
        var outcomes = [RemovalOutcome](repeating: .alreadyGone, count: removals.count)
        for group in Dictionary(grouping: removals.indices, by: { removals[$0].path.parent }) {
            let members = group.value.map { removals[$0] }
            for (index, outcome) in zip(group.value, remove(members, of: group.key, files)) {
                outcomes[index] = outcome
            }
        }
        return outcomes
    }

    /// Does all of it in the folder that the path leads to now: its owner may move that while
    /// something is set aside in it.
    private func remove(
        _ removals: [Removal], of parent: BeneathPath, _ files: InboxFiles
    ) -> [RemovalOutcome] {
        do throws(InboxError) {
            return try files.inFolder(parent) { folder throws(InboxError) in
                let outcomes = removals.map { outcome(of: $0, in: folder, parent) }
                try folder.syncFolder(BeneathPath())
                return outcomes
            }
        } catch {
            let outcome = error.isAbsence ? RemovalOutcome.alreadyGone : .failed(error)
            return removals.map { _ in outcome }
        }
    }

    private func outcome(
        of removal: Removal, in folder: InboxFiles, _ parent: BeneathPath
    ) -> RemovalOutcome {
        guard let name = removal.path.name else { return .alreadyGone }
        do throws(InboxError) {
            let path = BeneathPath([name])
            let hidden = path.sibling(removal.hiddenName)
            let outcome: RemovalOutcome
            if removal.mayHaveBegun, try folder.entry(hidden) != nil {
                outcome = try settle(hidden, path, removal, folder)
            } else {
                outcome = try remove(path, aside: hidden, removal, folder)
            }
            guard case .newerReturned(let returned) = outcome else { return outcome }
            return .newerReturned(parent.appending(returned))
        } catch {
            return error.isAbsence ? .alreadyGone : .failed(error)
        }
    }

    private func remove(
        _ path: BeneathPath, aside hidden: BeneathPath, _ removal: Removal, _ files: InboxFiles
    ) throws(InboxError) -> RemovalOutcome {
        guard let entry = try files.entry(path), entry.identity.isSameContent(as: removal.identity)
        else { return .alreadyGone }
        checkpoint(.compared)
        do throws(InboxError) {
            try setAside(path, hidden, files)
        } catch  where error.isAbsence {
            return .alreadyGone
        } catch  where error.errno == .fileExists {
            // An earlier removal of the same document stopped half-way.
            guard case .removed = try settle(hidden, path, removal, files) else {
                return .failed(error)
            }
            try setAside(path, hidden, files)
        }
        checkpoint(.setAside)
        return try settle(hidden, path, removal, files)
    }

    private func setAside(
        _ path: BeneathPath, _ hidden: BeneathPath, _ files: InboxFiles
    ) throws(InboxError) {
        do throws(InboxError) {
            try files.rename(path, to: hidden, replacing: false)
        } catch  where error.errno == .invalidArgument {
            // The file system cannot promise it; the hidden name is this document's alone.
            guard try files.entry(hidden) == nil else {
                throw .callFailed(call: "rename", path: path, .fileExists)
            }
            try files.rename(path, to: hidden, replacing: true)
        }
    }

    /// Removes what was set aside, or gives it back where it is something newer.
    private func settle(
        _ hidden: BeneathPath, _ path: BeneathPath, _ removal: Removal, _ files: InboxFiles
    ) throws(InboxError) -> RemovalOutcome {
        guard let entry = try files.entry(hidden) else { return .alreadyGone }
        checkpoint(.comparedAside)
        if entry.identity.isSameContent(as: removal.identity), !removal.isWriterWaiting() {
            try files.unlink(hidden)
            return .removed
        }
        for attempt in 1...Self.returnAttempts {
            let target = path.numbered(attempt)
            do throws(InboxError) {
                try giveBack(hidden, target, files)
                return .newerReturned(target)
            } catch  where error.errno == .fileExists {
                continue
            }
        }
        throw .callFailed(call: "rename back", path: path, .fileExists)
    }

    private func giveBack(
        _ hidden: BeneathPath, _ target: BeneathPath, _ files: InboxFiles
    ) throws(InboxError) {
        do throws(InboxError) {
            try files.rename(hidden, to: target, replacing: false)
        } catch  where error.errno == .invalidArgument {
            // A second link never replaces anything, on any file system.
            try files.link(hidden, to: target)
            try files.unlink(hidden)
        }
    }
}

extension BeneathPath {
    /// The path itself at first, then `report (2).pdf`, `report (3).pdf` …, cut to fit.
    fileprivate func numbered(_ attempt: Int) -> BeneathPath {
        guard attempt > 1, let name else { return self }
        return sibling(name.numbered(attempt))
    }
}
